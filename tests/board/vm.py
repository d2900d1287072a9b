# SPDX-License-Identifier: Apache-2.0
"""A VM on the board as a test sees it: its unit, its process and its counters."""

import re


class Vm:
    """vm@NAME.service of the board."""

    def __init__(self, board, name):
        self.board = board
        self.name = name
        self.unit = f"vm@{name}.service"

    def configure(self, text):
        """Writes the VM's configuration file."""
        self.board.run(f"mkdir -p /etc/aliasvm && cat > /etc/aliasvm/{self.name}.toml", input=text)
        return self

    def start(self, timeout=60):
        self.board.run(f"systemctl start {self.unit}", timeout=timeout)
        return self

    def stop(self, timeout=60):
        self.board.run(f"systemctl stop {self.unit}", timeout=timeout)
        return self

    def drop_in(self, section, text):
        """Changes the unit for this test; conftest takes the change away again."""
        folder = f"/run/systemd/system/{self.unit}.d"
        self.board.run(
            f"mkdir -p {folder} && cat > {folder}/test.conf && systemctl daemon-reload",
            input=f"[{section}]\n{text}\n",
        )
        return self

    def reset_failed(self):
        self.board.run(f"systemctl reset-failed {self.unit}", check=False)

    def show(self, *names):
        """Properties of the unit, as a dictionary."""
        wanted = " ".join(f"-p {name}" for name in names)
        lines = self.board.run(f"systemctl show {wanted} {self.unit}").stdout.splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def value(self, name):
        return self.show(name)[name]

    def pid(self):
        return int(self.value("MainPID"))

    def wait_for(self, name, pattern, timeout=60):
        """Waits until a property matches, and returns its value."""
        seen = []

        def matches():
            seen.append(self.value(name))
            return re.fullmatch(pattern, seen[-1])

        self.board.wait_for(matches, lambda: f"{self.unit}: {name}={seen[-1]!r}, not {pattern!r}\n{self.journal()}",
                            timeout)
        return seen[-1]

    def journal(self):
        return self.board.run(f"journalctl --no-pager -o cat -u {self.unit}").stdout

    def kvm_statistic(self, name):
        """One of KVM's own counters for this VM, from debugfs."""
        text = self.board.run(f"cat /sys/kernel/debug/kvm/{self.pid()}-*/{name}").stdout
        return int(text.strip())


def steady(board, read, what):
    """What it reads as soon as it has read it twice in a row."""
    seen = [read()]

    def same():
        seen.append(read())
        return seen[-1] == seen[-2]

    board.wait_for(same, what, pause=0.5)
    return seen[-1]


def host_interrupts(board, intid):
    """How often the host's kernel took an interrupt of the physical GIC, over all CPUs.

    From sysfs, whose counts stay when a line has no handler; /proc/interrupts hides such a line.
    """
    # By the shell alone: this is asked often, and each process takes longer than all of it.
    counts = board.run(
        "cd /sys/kernel/irq; for irq in *; do"
        f' read -r hwirq <$irq/hwirq && [ "$hwirq" = {intid} ] && read -r chip <$irq/chip_name &&'
        ' [ "$chip" = GICv2 ] && read -r counts <$irq/per_cpu_count && echo "$counts"; done 2>/dev/null; true'
    ).stdout
    return sum(int(count) for count in counts.replace(",", " ").split())


def device_facts(board, sysname):
    """What sysfs and the process table say of a device: who has it bound or open."""
    device = f"/sys/bus/platform/devices/{sysname}"
    text = board.run(
        f"readlink {device}/driver || echo none; cat {device}/driver_override;"
        " ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c vfio-device || true"
    ).stdout.splitlines()
    return {"driver": text[0].rsplit("/", 1)[-1], "override": text[1], "open": int(text[2])}


def physical_register(board, address):
    """A device register, as the emulator itself reads it: no software of the board is involved."""
    answer = board.monitor(f"xp /1xw {address:#x}")
    return int(answer.split(":")[1].strip(), 16)
