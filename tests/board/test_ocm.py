# SPDX-License-Identifier: Apache-2.0
"""A program that is linked to the on-chip memory, as linker scripts of AMD's tools offer it."""


def test_a_guest_lives_in_on_chip_memory(board, vm, uart):
    right = vm("right").configure(uart("uart1", "echo-ocm.elf"))
    refused = board.run("aliasvm check right", check=False)
    assert refused.returncode == 78 and "ocm = true" in refused.stdout, refused
    right.configure(uart("uart1", "echo-ocm.elf", "ocm = true")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    port.send(b"from its interrupt handler\n")
    port.read_until(rb"from its interrupt handler\r\n", timeout=30)
    port.send(b"!reset\n")
    port.read_until(rb"echo: !reset", timeout=30)
    port.send(b"x")
    port.read_until(rb"echo: ready", timeout=60)
    right.wait_for("NRestarts", "1")
