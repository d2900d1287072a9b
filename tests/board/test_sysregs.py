# SPDX-License-Identifier: Apache-2.0
"""Each system register that start code touches is in a VM what it is on the bare machine."""

import pytest

from sysregs import bare, counters, found, kinds, overflow, rate


@pytest.fixture
def in_a_vm(board, vm, uart):
    right = vm("right").configure(uart("uart1", "sysregs.elf")).start()
    text = board.serial(1).read_until(rb"sysregs: end", timeout=120).decode()
    right.wait_for("ActiveState", "inactive")
    assert right.value("Result") == "success"
    assert "PMCR_EL0" not in right.journal(), "it warns of a missing PMU"
    return text


def test_a_vm_has_the_registers_that_the_bare_machine_has(in_a_vm):
    """What differs on silicon, where KVM traps more than this emulator has, docs/limits.md lists."""
    alone, here = kinds(bare()), kinds(in_a_vm)
    assert len(here) > 100 and alone.keys() == here.keys()
    assert {name: (alone[name], here[name]) for name in here if alone[name] != here[name]} == {}
    # A guest that sets PMCR_EL0.E and nothing else, as AMD's start code does, has no overflow pending.
    assert found(in_a_vm) == found(bare())


def test_the_pmu_counts_and_its_overflow_arrives(in_a_vm):
    assert counters(in_a_vm) == counters(bare()) == 6
    assert min(rate(in_a_vm)) > 0
    assert overflow(in_a_vm, "software") == "interrupts 1 intid 23"
    # The host would hear of this one by SPI 143 to 146, which the emulator does not wire: docs/limits.md.
    assert overflow(in_a_vm, "cycle").endswith("no interrupt")
