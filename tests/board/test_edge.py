# SPDX-License-Identifier: Apache-2.0
"""Guests that have an interrupt as edge whose wire is a level: an interrupt for each edge."""

import random
import re

import pytest

from harness.patience import Stopwatch  # conftest has put the board on the path


def tick(guest):
    return (f'memory = "32M"\nkernel = "/usr/share/aliasvm/guests/{guest}"\n'
            '[alias]\nuart0 = "uart1"\nttc0 = "ttc1"\n')


@pytest.mark.parametrize("hertz", [100, 1000])
def test_the_tick_of_a_timer_goes_on(board, vm, soak, hertz):
    guest = "edge.elf" if hertz == 1000 else "edge-soak.elf" if soak else "edge-slow.elf"
    told = "has SPI 36 (INTID 68) as edge"
    watch = Stopwatch(board.clock)
    right = vm("right").configure(tick(guest))
    before = right.journal().count(told)
    right.start()
    text = board.serial(1).read_until(rb"edge: taken .*\n", timeout=300).decode()
    share = watch.share()
    journal = right.journal()
    right.wait_for("ActiveState", "inactive")
    assert "LOST" not in text
    taken, empty, edges = map(int, re.search(r"taken (\d+) empty (\d+) of (\d+)", text).groups())
    print(f"{hertz} Hz: {taken} taken of {edges}, {empty} empty, the board had {share:.0%} of its CPUs' time; "
          f"{right.journal().rpartition('Consumed')[2].strip()}")
    assert taken == (10_000 if guest == "edge-soak.elf" else 1000)
    # One may come while the guest's handler runs and the VMM is late.
    assert empty <= taken // (100 if share > 0.8 else 10)
    # Where the emulated machine stood still for others, two intervals were over before the guest could know.
    if hertz == 100 and share > 0.8:
        assert edges - taken <= taken // 100
    assert journal.count(told) == before + 1, journal


def test_every_character_of_a_burst_comes_back(board, vm, uart):
    vm("right").configure(uart("uart1", "echo-edge.elf")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    chance = random.Random(12)
    for _ in range(20):
        lines = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz", k=chance.randint(1, 190)))
                 for _ in range(chance.randint(1, 8))]
        port.send(b"".join(line + b"\n" for line in lines))
        for line in lines:
            port.read_until(re.escape(line) + rb"\r\n", timeout=30)
    port.send(b"?\n")
    port.read_until(rb"echo: irqs \d+ lines \d+ chars \d+", timeout=30)


def test_a_line_that_is_level_again_after_a_restart_is_the_kernels(board, vm, uart):
    right = vm("right").configure(uart("uart1", "echo-edge.elf")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    port.send(b"one\n")
    port.read_until(rb"one\r\n", timeout=30)
    port.send(b"!off\n")
    right.wait_for("ActiveState", "inactive")
    right.configure(uart("uart1")).start()
    port.read_until(rb"echo: ready", timeout=30)
    for n in range(10):
        port.send(b"line %d\n" % n)
        port.read_until(rb"line %d\r\n" % n, timeout=30)
