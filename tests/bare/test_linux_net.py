# SPDX-License-Identifier: Apache-2.0
"""Debian's own kernel and macb on the device tree that a VM with a GEM is given: two of them on one wire."""

import contextlib
import os

import pytest

from linux_shell import LinuxShell, send_file
from machine import PRODUCT, ROOT, Folder, Machine, compile_tree, stream

from harness.machine import cache_folder  # noqa: E402  (machine has put the board on the path)

IMAGE = os.path.realpath(os.path.join(cache_folder(), "board", "Image"))
INITRD = PRODUCT / "usr/share/aliasvm/guests/linux-net.cpio"
# What make_plan and the tree writer give, compared there with this very file. QEMU only puts its
# own RAM and its way to call PSCI in.
TREE = (ROOT / "tests/golden/gem.dts").read_text()


@pytest.fixture(scope="module")
def guests():
    with Folder() as folder, contextlib.ExitStack() as running:
        tree = folder / "tree.dtb"
        compile_tree(TREE, tree)
        arguments = ["-kernel", IMAGE, "-initrd", str(INITRD), "-dtb", str(tree),
                     "-append", "console=ttyPS0 quiet panic=-1"]
        machines = [running.enter_context(
            Machine(folder, number, stream(folder, number), arguments)) for number in (1, 2)]
        found = [LinuxShell(machine.run().port) for machine in machines]
        for number, linux in enumerate(found, 1):
            linux.wait_up()
            linux.configure_network(f"10.0.0.{number}")
        yield found


def test_macb_drives_the_gem_by_interrupt_89(guests):
    assert ", 0% packet loss" in guests[0].run("ping -c 5 10.0.0.2")
    for linux in guests:
        count, name = linux.interrupts(89)
        assert count >= 5 and name == "eth0, eth0"
        assert "configuring for fixed/rgmii-id link mode" in linux.run("dmesg")


@pytest.mark.parametrize("source", [0, 1])
def test_a_file_arrives_whole_over_tcp(guests, source):
    sender, receiver = guests[source], guests[1 - source]
    sender.run("dd if=/dev/urandom of=/file bs=1M count=8 2>/dev/null")
    there, here = send_file(sender, receiver, f"10.0.0.{source + 1}", "/file")
    assert here == there
