# SPDX-License-Identifier: Apache-2.0
"""bsp.elf on the bare emulated machine: what a VM is compared with."""

from bsp import CHARACTERS, END, PROGRAM, check
from machine import Folder, Machine, guest, stream


def test_a_standalone_program_loses_no_tick_and_no_character():
    with Folder() as folder, Machine(folder, 1, stream(folder, 1), guest(PROGRAM)) as machine:
        port = machine.run().port
        port.read_until(rb"bsp: ready", timeout=60)
        port.send(CHARACTERS)
        check(port.read_until(END, timeout=120).decode(), share=0)
