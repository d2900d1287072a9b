# SPDX-License-Identifier: Apache-2.0
"""A Linux guest: the board's own Debian kernel, with a tiny initramfs."""

import re

from vm import host_interrupts

LINUX = """
memory  = "256M"
vcpus   = 2
kernel  = "/boot/Image"
initrd  = "/usr/share/aliasvm/guests/linux.cpio"
cmdline = "console=ttyPS0 quiet panic=-1"

[alias]
uart0 = "uart1"
"""


def test_linux_reaches_its_shell_on_an_aliased_uart(board, vm):
    right = vm("right").configure(LINUX).start(timeout=60)
    port = board.serial(1)
    port.read_until(rb"linux: up", timeout=240)
    port.read_until(rb"linux: cpus 2", timeout=30)
    port.send(b"cat /proc/interrupts; echo end-of-$((40+2))\n")
    text = port.read_until(rb"end-of-42", timeout=60).decode(errors="replace")
    row = next(line for line in text.splitlines() if re.search(r"GIC\S*\s+53 ", line))
    assert "ff000000.serial" in row or "xuartps" in row or "serial" in row, row
    assert not re.search(r"GIC\S*\s+54 ", text)
    assert host_interrupts(board, 54) > 0
    assert right.kvm_statistic("mmio_exit_user") < 2000
    port.send(b"poweroff -f\n")
    right.wait_for("ActiveState", "inactive", timeout=60)
    assert right.value("Result") == "success"
