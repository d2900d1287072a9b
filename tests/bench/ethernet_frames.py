# SPDX-License-Identifier: Apache-2.0
"""Instructions that net.elf takes for a frame to itself in its GEM's local loopback: bare machine and VM."""

import statistics

import ethernet_ends  # noqa: F401  (first: it puts the others on the path)

from board import Board  # noqa: E402
from ethernet import identity_dma, net_config  # noqa: E402
from machine import Folder, Machine, guest  # noqa: E402
from net_guest import NetGuest  # noqa: E402
from vm import Vm, host_interrupts  # noqa: E402

FRAMES, LOOPS = 1000, 11
COUNTED = ["-icount", "shift=0,sleep=off,align=off", "-seed", "1",
           "-global", "cortex-a53-arm-cpu.cntfrq=1000000000"]


def a_frame(net):
    """Sent and received: the median of many loops, as a host has other things to do at times."""
    return statistics.median(net.loop(FRAMES, timeout=300) * 1000 / FRAMES for _ in range(LOOPS))


def on_bare_machine(product):
    with Folder() as folder, Machine(folder, 1, "user,id=wire,restrict=on",
                                     [*COUNTED, *guest(f"{product}/usr/share/aliasvm/guests/net.elf")]) as machine:
        net = NetGuest(machine.run().port)
        net.wait_ready()
        return a_frame(net)


def in_vm(product):
    """And how often the host took the GEM's interrupt for a frame."""
    with Board(product=product, icount=True, smp=1) as board, identity_dma(board, 2):
        Vm(board, "left").configure(net_config("uart0", "gem0")).start(timeout=300)
        net = NetGuest(board.serial(0))
        net.wait_ready(timeout=300)
        before = host_interrupts(board, 89)
        found = a_frame(net)
        return found, (host_interrupts(board, 89) - before) / FRAMES / LOOPS
