# SPDX-License-Identifier: Apache-2.0
"""The main job: one binary, two VMs, two physical UARTs."""

import re

from vm import device_facts, host_interrupts, physical_register


def ask_counts(port):
    """What the echo guest itself counted. The question's own interrupts are in it."""
    port.send(b"?\n")
    text = port.read_until(rb"echo: irqs \d+ lines \d+ chars \d+ spurious \d+", timeout=30)
    found = re.search(rb"irqs (\d+) lines (\d+) chars (\d+) spurious (\d+)", text)
    return dict(zip(("irqs", "lines", "chars", "spurious"), map(int, found.groups())))


def test_both_vms_run_the_same_file_on_their_own_port(board, vm, uart):
    left = vm("left").configure(uart("uart0"))
    right = vm("right").configure(uart("uart1"))
    board.run(f"systemctl start {left.unit} {right.unit}")
    words = {0: b"to the left", 1: b"to the right"}
    heard = {}
    for n, word in words.items():
        port = board.serial(n)
        heard[n] = port.read_until(rb"echo: ready", timeout=30)
        port.send(word + b"\n")
        heard[n] += port.read_until(re.escape(word), timeout=30)
    for n, text in heard.items():
        assert words[1 - n] not in text + board.serial(n).drain()


def test_ten_thousand_characters_cause_no_exit_to_user_space(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    before = right.kvm_statistic("mmio_exit_user")
    irqs_before = host_interrupts(board, 54)

    total = 0
    line = bytes(range(ord("a"), ord("z") + 1)) * 3
    while total < 10_000:
        port.send(line + b"\n")
        port.read_until(line, timeout=30)
        total += len(line) + 1

    assert right.kvm_statistic("mmio_exit_user") == before
    # The path was really used: what came back was brought by interrupts.
    assert host_interrupts(board, 54) - irqs_before >= total / 64


def test_host_and_guest_count_the_same_interrupts(board, vm, uart):
    before = host_interrupts(board, 54)
    vm("right").configure(uart("uart1")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    for n in range(150):
        port.send(b"line %d\n" % n)
        port.read_until(b"line %d\r" % n, timeout=30)
    counts = ask_counts(port)
    assert counts["irqs"] > 100
    assert counts["spurious"] == 0
    assert counts["irqs"] == host_interrupts(board, 54) - before


def test_a_character_from_before_the_start_is_delivered(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    right.stop()
    port.drain()
    port.send(b"early bird\n")
    right.start()
    port.read_until(rb"early bird", timeout=30)


def test_a_character_from_before_the_guest_enables_its_interrupt_is_delivered(board, vm, uart):
    vm("right").configure(uart("uart1", "early.elf")).start()
    port = board.serial(1)
    port.read_until(rb"early: deaf", timeout=30)
    port.send(b"x")
    port.read_until(rb"early: got \"x\"", timeout=30)


def test_a_reset_with_the_line_pending_does_not_wedge_it(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    port = board.serial(1)
    for _ in range(3):
        port.read_until(rb"echo: ready", timeout=60)
        restarts = int(right.value("NRestarts"))
        # What arrives while there is no guest waits for the next one: end that line first.
        port.send(b"\n!reset\n")
        port.read_until(rb"echo: !reset", timeout=30)
        # A character that the guest finds before it has left its handler is no new interrupt.
        def restarted():
            port.send(b"z")
            return right.value("NRestarts") != str(restarts)

        board.wait_for(restarted, right.journal, pause=0.5)
    port.read_until(rb"echo: ready", timeout=60)
    port.send(b"\nstill here\n")
    port.read_until(rb"still here", timeout=30)


def test_killed_under_traffic_ten_times_it_comes_back_the_same(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    port = board.serial(1)
    for n in range(10):
        port.read_until(rb"echo: ready", timeout=60)
        port.send(b"\n" + b"before kill %d\n" % n * 5)
        port.read_until(b"before kill %d" % n, timeout=30)
        pid = right.pid()
        port.send(b"traffic %d\n" % n)
        board.run(f"kill -9 {pid}")
        right.wait_for("MainPID", rf"(?!{pid}$)[1-9]\d*")
        if n == 4:
            right.reset_failed()
    port.read_until(rb"echo: ready", timeout=60)
    port.send(b"\nafter all\n")
    port.read_until(rb"after all", timeout=30)

    right.stop()
    # The daemon gives the device back once systemd has told it that the unit is down.
    board.wait_for(lambda: device_facts(board, "ff010000.serial")["driver"] == "none", "uart1 is given back")
    facts = device_facts(board, "ff010000.serial")
    assert facts == {"driver": "none", "override": "(null)", "open": 0}
    assert physical_register(board, 0xFF010010) == 0, "IMR: interrupts are left enabled"
    assert physical_register(board, 0xFF01002C) & 0x808 == 0x008, "SR: transmitting"


def test_one_vm_does_not_get_what_another_has(board, vm, uart):
    left = vm("left").configure(uart("uart1")).start()
    board.serial(1).read_until(rb"echo: ready", timeout=30)
    board.run("systemctl start vm@third", check=False)
    third = vm("third").configure(uart("uart1"))
    board.run("systemctl start vm@third", check=False)
    assert third.value("ActiveState") != "active"
    assert "uart1 is left's" in third.journal()
    board.run("systemctl stop vm@third")
    # The loser's way out has not touched the winner's device.
    board.serial(1).send(b"mine\n")
    board.serial(1).read_until(rb"mine", timeout=30)
    assert left.value("ActiveState") == "active"
