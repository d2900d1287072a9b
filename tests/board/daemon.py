# SPDX-License-Identifier: Apache-2.0
"""aliasvmd on the board as a test sees it: busctl calls, properties, and what must always be true."""

import json
import re
import shlex
import time

MACHINE = "/org/aliasvm1/machine/"
DEVICE = "/org/aliasvm1/device/"


class Refused(Exception):
    """A call was answered with an error; its text has the error's name only where busctl prints it."""


class Daemon:
    def __init__(self, board):
        self.board = board

    def call(self, path, interface, member, signature="", *arguments, timeout=60):
        words = [path, f"org.aliasvm1.{interface}", member]
        if signature:
            words += [signature, *map(str, arguments)]
        done = self.board.run(
            f"busctl --timeout=50 --verbose call org.aliasvm1 {shlex.join(words)}",
            check=False,
            timeout=timeout,
        )
        if done.returncode != 0:
            raise Refused(done.stderr.strip())
        return done.stdout

    def assign(self, device, machine, alias, **options):
        flags = [word for name in options for word in (name, "b", "true")]
        self.call(
            DEVICE + device, "Device", "Assign", "ssa{sv}", machine, alias, len(options), *flags
        )

    def release(self, device):
        self.call(DEVICE + device, "Device", "Release", "a{sv}", 0)

    def machine(self, name, member):
        self.call(MACHINE + name, "Machine", member)

    def get(self, path, interface, name):
        text = self.board.run(
            f"busctl --json=short get-property org.aliasvm1 {path} org.aliasvm1.{interface} {name}"
        ).stdout
        return json.loads(text)["data"]

    def device(self, device, name):
        return self.get(DEVICE + device, "Device", name)

    def of_machine(self, name, what):
        return self.get(MACHINE + name, "Machine", what)

    def bindings(self, name):
        """Alias to instance, of those that have one."""
        return {a[0]: a[1] for a in self.of_machine(name, "Aliases") if a[1]}

    def wait_for(self, condition, what, timeout=30):
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {timeout} s\n" + self.journal()
            time.sleep(0.2)

    def pid(self):
        return int(self.board.run("systemctl show -P MainPID aliasvmd").stdout)

    def journal(self):
        return self.board.run("journalctl --no-pager -o cat -u aliasvmd -n 40").stdout


def leaks(board, machines):
    """What must not grow: descriptors of daemon and VMMs, memory slots, overrides."""
    pids = [int(board.run("systemctl show -P MainPID aliasvmd").stdout)]
    pids += [int(board.run(f"systemctl show -P MainPID vm@{name}").stdout) for name in machines]
    counts = board.run("; ".join(f"ls /proc/{pid}/fd | wc -l" for pid in pids if pid)).stdout.split()
    maps = board.run(
        "; ".join(f"grep -c vfio-device /proc/{pid}/maps || true" for pid in pids if pid)
    ).stdout.split()
    overrides = board.run(
        "cat /sys/bus/platform/devices/*/driver_override | grep -c vfio-platform || true"
    ).stdout.strip()
    return {"descriptors": counts, "device mappings": maps, "overrides": overrides}


def uptime_of_guest(text):
    return int(re.search(rb"up (\d+)", text).group(1))
