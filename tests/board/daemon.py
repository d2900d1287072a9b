# SPDX-License-Identifier: Apache-2.0
"""aliasvmd on the board as a test sees it: busctl calls, properties, and what must always be true."""

import json
import re
import shlex

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

    def get(self, path, interface, *names):
        """The value of each property named; a lone one is not in a list."""
        text = self.board.run(
            f"busctl --json=short get-property org.aliasvm1 {path} org.aliasvm1.{interface} "
            + " ".join(names)
        ).stdout
        values = [json.loads(line)["data"] for line in text.splitlines()]
        return values if len(names) > 1 else values[0]

    def device(self, device, *names):
        return self.get(DEVICE + device, "Device", *names)

    def of_machine(self, name, what):
        return self.get(MACHINE + name, "Machine", what)

    def bindings(self, name):
        """Alias to instance, of those that have one."""
        return {a[0]: a[1] for a in self.of_machine(name, "Aliases") if a[1]}

    def wait_for(self, condition, what, timeout=30):
        self.board.wait_for(condition, lambda: f"{what}\n{self.journal()}", timeout)

    def pid(self):
        return int(self.board.run("systemctl show -P MainPID aliasvmd").stdout)

    def journal(self):
        return self.board.run("journalctl --no-pager -o cat -u aliasvmd -n 40").stdout


def leaks(board, machines):
    """What must not grow: descriptors and device mappings of daemon and VMMs, overrides."""
    units = " ".join(["aliasvmd", *(f"vm@{name}" for name in machines)])
    text = board.run(
        f"for unit in {units}; do pid=$(systemctl show -P MainPID $unit); [ $pid = 0 ] ||"
        " echo $unit $(ls /proc/$pid/fd | wc -l) $(grep -c vfio-device /proc/$pid/maps); done;"
        " echo overrides $(cat /sys/bus/platform/devices/*/driver_override | grep -c vfio-platform)"
    ).stdout
    return dict(line.split(" ", 1) for line in text.splitlines())


def uptime_of_guest(text):
    return int(re.search(rb"up (\d+)", text).group(1))
