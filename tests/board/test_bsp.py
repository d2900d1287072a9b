# SPDX-License-Identifier: Apache-2.0
"""A program in the manner of a vendor's BSP, the same file in two VMs at once and on the bare machine."""

from bsp import CHARACTERS, END, check
from harness.patience import Stopwatch  # conftest has put the board on the path

CONSOLE = "/run/aliasvm/left/uart0.sock"


def test_a_standalone_program_loses_no_tick_and_no_character(board, vm, uart):
    watch = Stopwatch(board.clock)
    left = vm("left").configure(uart("console", "bsp.elf") + 'ttc0 = "ttc1"\n').start()
    right = vm("right").configure(uart("uart1", "bsp.elf") + 'ttc0 = "ttc2"\n').start()
    board.serial(1).read_until(rb"bsp: ready", timeout=60)
    board.serial(1).send(CHARACTERS)
    on_console = board.run(f"printf %s {CHARACTERS.decode()} | socat -t 240 - UNIX-CONNECT:{CONSOLE}", timeout=300).stdout
    on_uart = board.serial(1).read_until(END, timeout=240).decode()
    share = watch.share()
    for text in (on_console, on_uart):
        check(text, share)
    for machine in (left, right):
        machine.wait_for("ActiveState", "inactive")
        assert "cannot be performed" not in machine.journal()
