# SPDX-License-Identifier: Apache-2.0
"""A Linux guest: the board's own Debian kernel, with a tiny initramfs."""

import hashlib
import re
import struct
import subprocess

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


def misses_no_time_in_a_pause(board, port, seconds):
    """The guest's clock stands still meanwhile, and nothing in its log complains."""
    def uptimes(count):
        text = port.read_until(rb"(?:up=[\d.]+\D+){%d}" % count, timeout=60)
        return [float(found) for found in re.findall(rb"up=([\d.]+)", text)]

    port.send(b"while sleep 0.1; do read up idle </proc/uptime; echo up=$up; done\n")
    before = uptimes(3)[-1]
    board.run(f"aliasvm pause right && sleep {seconds} && aliasvm resume right", timeout=seconds + 60)
    after = [before, *uptimes(20)]
    gap = max(later - earlier for earlier, later in zip(after, after[1:]))
    print(f"the guest's longest step around a pause of {seconds} s: {gap * 1000:.0f} ms")
    # A busy machine makes its steps longer, but not by a pause that it does not see.
    assert gap < seconds / 2
    port.send(b"\x03\n")
    port.send(b"dmesg | grep -ciE 'stall|lockup|watchdog: BUG|hung'; echo looked-$((40+3))\n")
    text = port.read_until(rb"looked-43", timeout=60).decode(errors="replace")
    assert re.search(r"^0\s*$", text.replace("\r", ""), re.MULTILINE), text


def test_linux_reaches_its_shell_on_an_aliased_uart(board, vm, soak):
    right = vm("right").configure(LINUX).start(timeout=60)
    port = board.serial(1)
    port.read_until(rb"linux: up", timeout=240)
    port.read_until(rb"linux: cpus 2", timeout=30)
    port.send(b"cat /proc/interrupts; echo end-of-$((40+2))\n")
    text = port.read_until(rb"end-of-42", timeout=60).decode(errors="replace")
    row = next(line for line in text.splitlines() if re.search(r"GIC\S*\s+53 ", line))
    assert "ff000000.serial" in row or "xuartps" in row or "serial" in row, row
    assert not re.search(r"GIC\S*\s+54 ", text)
    assert re.search(r"GIC\S*\s+23 Level\s+arm-pmu", text), "the PMU's node, driver and PPI"
    assert host_interrupts(board, 54) > 0
    assert right.kvm_statistic("mmio_exit_user") < 2000
    misses_no_time_in_a_pause(board, port, 60 if soak else 10)
    port.send(b"poweroff -f\n")
    right.wait_for("ActiveState", "inactive", timeout=60)
    assert right.value("Result") == "success"


OWN_TREE = """
memory  = "256M"
vcpus   = 2
kernel  = "/boot/Image"
initrd  = "/usr/share/aliasvm/guests/linux.cpio"
dtb     = "/var/lib/own.dtb"
cmdline = "console=ttyPS0 quiet panic=-1 of-the-configuration"

[alias]
uart0 = "uart1"
"""


def without_seed(tree):
    """A tree as Linux leaves it: it takes the seed and puts NOPs in its place."""
    prop, nop, seed = 3, 4, 32
    structure, strings = struct.unpack_from(">2I", tree, 8)
    name = tree.index(b"rng-seed\0", strings) - strings
    start = tree.index(struct.pack(">3I", prop, seed, name), structure)
    end = start + 12 + seed
    return tree[:start] + struct.pack(">I", nop) * ((end - start) // 4) + tree[end:]


def test_linux_takes_the_tree_of_the_real_board(board, vm, tmp_path):
    file = tmp_path / "own.dtb"
    file.write_bytes(board.get("/boot/zynqmp-zcu102-rev1.0.dtb"))
    board.put(str(file), "/var/lib/own.dtb")
    own = vm("own").configure(OWN_TREE)
    refused = board.run("aliasvm check own", check=False)
    assert refused.returncode == 78
    assert "own.toml:6:11: dtb /var/lib/own.dtb has /firmware/zynqmp-firmware enabled" in refused.stdout

    subprocess.run(["fdtput", "-r", file, "/firmware/zynqmp-firmware"], check=True)
    board.put(str(file), "/var/lib/own.dtb")
    told = board.run("aliasvm check own").stdout
    absent = re.search(r"has nodes of what this VM has not, .*", told).group()
    assert "ethernet@ff0e0000" in absent and "usb@ff9d0000" in absent and "serial@ff010000" in absent
    assert "serial@ff000000" not in absent and "gpio@ff0a0000" not in absent

    own.start(timeout=60)
    port = board.serial(1)
    port.read_until(rb"linux: up", timeout=240)
    port.read_until(rb"linux: cpus 2", timeout=30)
    tree = board.run("aliasvm dump-dtb own", text=False).stdout
    port.send(b"md5sum /sys/firmware/fdt; cat /proc/cmdline; grep MemTotal /proc/meminfo; echo end-of-$((40+2))\n")
    text = port.read_until(rb"end-of-42", timeout=60).decode(errors="replace")
    assert hashlib.md5(without_seed(tree)).hexdigest() in text
    assert "of-the-configuration" in text
    assert int(re.search(r"MemTotal: +(\d+) kB", text).group(1)) < 256 << 10
    port.send(b"poweroff -f\n")
    own.wait_for("ActiveState", "inactive", timeout=60)
    assert own.value("Result") == "success"
    board.run("rm /var/lib/own.dtb")
