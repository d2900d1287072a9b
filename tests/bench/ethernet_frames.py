# SPDX-License-Identifier: Apache-2.0
"""Instructions that net.elf takes for a frame to itself in its GEM's local loopback: bare machine and VM."""

import statistics

import ethernet_ends  # noqa: F401  (first: it puts the others on the path)

from board import Board  # noqa: E402
from ethernet import identity_dma, net_config  # noqa: E402
from machine import Folder, Machine, guest  # noqa: E402
from net_guest import NetGuest  # noqa: E402
from vm import Vm, host_interrupts  # noqa: E402

FRAMES = 1000
COUNTED = ["-icount", "shift=0,sleep=off,align=off", "-seed", "1",
           "-global", "cortex-a53-arm-cpu.cntfrq=1000000000"]


def a_frame(net, loops):
    """Sent and received: the median of many loops, as a host has other things to do at times."""
    return statistics.median(net.loop(FRAMES, timeout=300) * 1000 / FRAMES for _ in range(loops))


def on_bare_machine(product, loops):
    with Folder() as folder, Machine(folder, 1, "user,id=wire,restrict=on",
                                     [*COUNTED, *guest(f"{product}/usr/share/aliasvm/guests/net.elf")]) as machine:
        net = NetGuest(machine.run().port)
        net.wait_ready()
        return a_frame(net, loops)


def in_vm(board, loops):
    """And how often the host took the GEM's interrupt for a frame. The host allows identity DMA."""
    left = Vm(board, "left").configure(net_config("uart0", "gem0")).start(timeout=300)
    net = NetGuest(board.serial(0))
    net.wait_ready(timeout=300)
    before = host_interrupts(board, 89)
    found = a_frame(net, loops)
    interrupts = host_interrupts(board, 89) - before
    left.stop()
    return found, interrupts / FRAMES / loops


def in_counted_vm(product, loops):
    with Board(product=product, icount=True, smp=1) as board, identity_dma(board, 2):
        return in_vm(board, loops)
