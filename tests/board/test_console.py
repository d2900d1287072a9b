# SPDX-License-Identifier: Apache-2.0
"""The same binary with no instance behind its alias: the emulated UART and its socket."""

import re

from vm import host_interrupts

CONSOLE = "/run/aliasvm/right/uart0.sock"


def talk(board, text, until):
    """Connects, says something, and returns what came when the last that it waits for has come."""
    return board.run(
        ": >/run/talk;"
        f" (cat; for n in $(seq 600); do grep -qE '{until}' /run/talk && break; sleep 0.1; done) |"
        f" socat - UNIX-CONNECT:{CONSOLE} >/run/talk; cat /run/talk",
        input=text,
        timeout=90,
    ).stdout


def test_same_transcript_as_on_a_physical_port(board, vm, uart):
    words = "one\ntwo\nthree\n?\n"
    vm("right").configure(uart("uart1")).start()
    port = board.serial(1)
    physical = port.read_until(rb"echo: ready\r\n", timeout=30)
    for line in words.splitlines():
        port.send(line.encode() + b"\n")
        physical += port.read_until(rb"spurious \d+\r\n" if line == "?" else line.encode() + b"\r\n")
    board.run("systemctl stop vm@right")

    before = host_interrupts(board, 53), host_interrupts(board, 54)
    right = vm("right").configure(uart("console")).start()
    emulated = talk(board, words, until="spurious [0-9]+").encode()

    def without_counts(text):
        text = text.replace(b"\r", b"")
        return re.sub(rb"irqs \d+", b"irqs N", text[text.index(b"echo: ready") :])

    assert without_counts(emulated) == without_counts(physical)
    # No physical interrupt was involved; the guest got its own by KVM_IRQ_LINE.
    assert (host_interrupts(board, 53), host_interrupts(board, 54)) == before
    assert int(re.search(rb"irqs (\d+)", emulated).group(1)) > 0
    assert right.kvm_statistic("mmio_exit_user") > 0


def test_who_connects_late_gets_the_backlog(board, vm, uart):
    vm("right").configure(uart("console")).start()
    assert "heard" in talk(board, "heard\n", until="heard")
    assert "heard" in talk(board, "", until="heard")


def test_a_slow_reader_does_not_stall_the_guest(board, vm, uart, soak):
    vm("right").configure(uart("console")).start()
    # One reader that never reads, one that writes all to a file, and a talker.
    board.run(
        f"systemd-run -q -u slow-reader socat -u UNIX-CONNECT:{CONSOLE} EXEC:'sleep 600';"
        f" systemd-run -q -u reader socat -u UNIX-CONNECT:{CONSOLE} CREATE:/run/heard"
    )
    try:
        # Sockets and pipes hold some 300 kB for who does not read; only the soak goes beyond.
        line = "x" * 190
        text = "".join(f"{n:05d}{line}\n" for n in range(2000 if soak else 60))
        board.run(f"socat -u - UNIX-CONNECT:{CONSOLE}", input=text + "last\n", timeout=1200)
        board.run("until grep -q last /run/heard; do sleep 0.5; done", timeout=1200)
        heard = board.run("cat /run/heard").stdout
        assert heard.count(line) == text.count(line)
    finally:
        board.run("systemctl stop slow-reader reader", check=False)


def test_console_works_for_facts_too(board, vm, uart):
    right = vm("right").configure(uart("console", "smp.elf", "vcpus = 2")).start()
    assert "smp: again 1" in talk(board, "", until="smp: again 1")
    board.run(f"socat -u - UNIX-CONNECT:{CONSOLE}", input="off\n")
    right.wait_for("ActiveState", "inactive")
    assert right.value("Result") == "success"
