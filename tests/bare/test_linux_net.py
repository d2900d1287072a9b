# SPDX-License-Identifier: Apache-2.0
"""Debian's own kernel and macb on the device tree that a VM with a GEM is given: two of them on one wire."""

import contextlib
import os
import re

import pytest

from machine import PRODUCT, ROOT, Folder, Machine, compile_tree, stream

from harness.machine import cache_folder  # noqa: E402  (machine has put the board on the path)

IMAGE = os.path.realpath(os.path.join(cache_folder(), "board", "Image"))
INITRD = PRODUCT / "usr/share/aliasvm/guests/linux-net.cpio"
# What make_plan and the tree writer give, compared there with this very file. QEMU only puts its
# own RAM and its way to call PSCI in.
TREE = (ROOT / "tests/golden/gem.dts").read_text()


class Linux:
    """A shell on the console of a guest."""

    def __init__(self, machine):
        self._port = machine.run().port
        self._commands = 0

    def wait_up(self):
        self._port.read_until(r"linux: cpus \d+", timeout=180)

    def run(self, command, timeout=60):
        """What a command that succeeds prints, and the console's echo of it."""
        self._commands += 1
        # The console echoes the sum, the shell says what it comes to.
        self._port.send(f"{command} && echo end-$((1000+{self._commands})) || echo failed-$?\n")
        end = rf"end-{1000 + self._commands}|failed-\d"
        text = self._port.read_until(end, timeout).decode(errors="replace").replace("\r", "")
        assert "failed-" not in text.replace("failed-$?", ""), text
        return text


@pytest.fixture(scope="module")
def guests():
    with Folder() as folder, contextlib.ExitStack() as running:
        tree = folder / "tree.dtb"
        compile_tree(TREE, tree)
        arguments = ["-kernel", IMAGE, "-initrd", str(INITRD), "-dtb", str(tree),
                     "-append", "console=ttyPS0 quiet panic=-1"]
        found = [Linux(running.enter_context(
            Machine(folder, number, stream(folder, number), arguments))) for number in (1, 2)]
        for number, linux in enumerate(found, 1):
            linux.wait_up()
            linux.run(f"ip addr add 10.0.0.{number}/24 dev eth0 && ip link set eth0 up")
        yield found


def test_macb_drives_the_gem_by_interrupt_89(guests):
    assert ", 0% packet loss" in guests[0].run("ping -c 5 10.0.0.2")
    for linux in guests:
        row = re.search(r"^ *\d+: +(\d+) +GIC\S* +89 Level +eth0, eth0",
                        linux.run("cat /proc/interrupts"), re.MULTILINE)
        assert row and int(row[1]) >= 5
        assert "configuring for fixed/rgmii-id link mode" in linux.run("dmesg")


@pytest.mark.parametrize("source", [0, 1])
def test_a_file_arrives_whole_over_tcp(guests, source):
    sender, receiver = guests[source], guests[1 - source]
    sender.run("dd if=/dev/urandom of=/file bs=1M count=8 2>/dev/null")
    there = re.search(r"([0-9a-f]{64})  /file", sender.run("sha256sum /file"))[1]
    sender.run("httpd -p 80 -h /")
    receiver.run(f"wget -q -O /got http://10.0.0.{source + 1}/file", timeout=120)
    here = re.search(r"([0-9a-f]{64})  /got", receiver.run("sha256sum /got"))[1]
    assert here == there
