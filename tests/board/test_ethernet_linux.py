# SPDX-License-Identifier: Apache-2.0
"""Debian's own kernel and macb in two VMs, each on a GEM of its own behind the same gem0."""

import re

import pytest

from conftest import clean, explain
from ethernet import (INTIDS, RECEIVE, TRANSMIT, TRANSMIT_1, Holder, banks, buffers, drain, hit, identity_dma)
from linux_shell import LinuxShell, send_file
from vm import Vm, host_interrupts

# Where it fits, Debian's kernel would set 64 MiB aside for CMA, which is half of a small guest.
CONFIG = """
memory  = "{memory}"
dma     = "identity"
kernel  = "/boot/Image"
initrd  = "/usr/share/aliasvm/guests/linux-net.cpio"
cmdline = "console=ttyPS0 quiet panic=-1 cma=8M"
alias   = {{ uart0 = "{uart}", gem0 = "{gem}" }}
"""
# Pages of 2 MiB: 64 for right, 128 for left and those that stand between its pieces. The first piece has
# room for the kernel.
RIGHT, FIRST, GROUP, GROUPS = 64, 32, 8, 12
HUGEPAGES = RIGHT + FIRST + (GROUP + 1) * GROUPS


class Guest:
    def __init__(self, board, name, port, gem, address, memory):
        self.vm = Vm(board, name).configure(CONFIG.format(memory=memory, uart=f"uart{port}", gem=gem))
        self.gem, self.address, self.shell = gem, address, LinuxShell(board.serial(port))


@pytest.fixture(scope="module")
def guests(the_board):
    """left with 256 MiB in pieces, whose gem0 is gem0, and right, whose gem0 is gem1: booted once for all tests."""
    board = the_board
    with identity_dma(board, HUGEPAGES):
        drain(board)
        left = Guest(board, "left", 0, "gem0", "10.0.0.1", "256M")
        right = Guest(board, "right", 1, "gem1", "10.0.0.2", "128M")
        right.vm.start()
        left.fence = Holder(board, f"fence {FIRST} {GROUP}")
        left.vm.start()
        for guest in (left, right):
            guest.shell.wait_up()
            guest.shell.configure_network(guest.address)
            guest.shell.run("mkdir /ram && mount -t tmpfs -o size=100% none /ram")
        yield left, right
        for guest in (left, right):
            guest.shell.power_off()
    clean(board)


@pytest.fixture(autouse=True)
def explained(the_board, request):
    yield
    explain(the_board, request)


def test_ping_by_interrupt_89_of_each_guest_and_89_and_91_of_the_host(the_board, guests):
    def on_the_host():
        return [host_interrupts(the_board, INTIDS[guest.gem]) for guest in guests]

    def in_the_guests():
        return [guest.shell.interrupts(89)[0] for guest in guests]

    of_host, of_guests = on_the_host(), in_the_guests()
    assert ", 0% packet loss" in guests[0].shell.run(f"ping -c 20 -i 0.1 {guests[1].address}")
    more_of_guests = [now - was for now, was in zip(in_the_guests(), of_guests)]
    more_of_host = [now - was for now, was in zip(on_the_host(), of_host)]
    print(f"guests {more_of_guests}, host {more_of_host}")
    for guest in guests:
        assert guest.shell.interrupts(89)[1] == "eth0, eth0"
        assert guest.shell.interrupts(91) is None
    # Each in the guest is one of the host; a request and its reply are two.
    assert all(host >= of_guest >= 20 for of_guest, host in zip(more_of_guests, more_of_host))


@pytest.mark.parametrize("source", [0, 1], ids=["left-to-right", "right-to-left"])
def test_a_file_arrives_whole_over_tcp(guests, source, soak):
    sender, receiver = guests[source], guests[1 - source]
    sender.shell.run(f"dd if=/dev/urandom of=/ram/file bs=1M count={20 if soak else 2} 2>/dev/null", timeout=120)
    there, here = send_file(sender.shell, receiver.shell, sender.address, "/ram/file", timeout=300)
    assert here == there
    for guest in guests:
        guest.shell.run("rm -f /ram/*")


def test_linux_uses_and_the_gem_reaches_all_pieces_of_its_ram(the_board, guests):
    left = guests[0]
    pieces = banks(left.vm)
    assert sum(end - begin for begin, end in pieces) == 256 << 20 and len(pieces) > GROUPS / 2
    # What the largest piece has no room for is written and read again.
    size = 72
    assert max(end - begin for begin, end in pieces) < size << 20
    ram = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM", left.shell.run("cat /proc/iomem"), re.MULTILINE)
    assert {(int(begin, 16), int(end, 16) + 1) for begin, end in ram} == set(pieces)
    left.shell.run(f"dd if=/dev/urandom of=/ram/full bs=1M count={size} 2>/dev/null", timeout=120)
    before = left.shell.checksum("/ram/full", timeout=120)
    left.shell.run("dd if=/dev/urandom of=/ram/more bs=1M count=2 2>/dev/null")
    there, here = send_file(left.shell, guests[1].shell, left.address, "/ram/more", timeout=120)
    assert here == there
    reached = set().union(*(hit(pieces, buffers(the_board, "gem0", ring))
                            for ring in (RECEIVE, TRANSMIT, TRANSMIT_1)))
    print(f"the GEM's rings point into {len(reached)} of {len(pieces)} pieces")
    assert len(reached) > 1
    assert left.shell.checksum("/ram/full", timeout=120) == before


def test_what_lies_between_the_pieces_of_a_guests_ram_stays_as_it_is(guests):
    """The last: what came before is the traffic."""
    held, spoilt = guests[0].fence.stop()
    assert held == GROUPS and not spoilt
