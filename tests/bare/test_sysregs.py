# SPDX-License-Identifier: Apache-2.0
"""The system registers of the bare emulated machine: what a VM is measured by."""

from sysregs import bare, counters, found, kinds, overflow, rate

# At EL1 below another level, and without a GICv3.
OF_NO_CORTEX_A53 = {
    "CNTFRQ_EL0": "read ok, write undefined",
    "RMR_EL1": "undefined",
    "RVBAR_EL1": "undefined",
    "ICC_SRE_EL1": "undefined",
}
# The debugger's side of the CPU, which silicon has.
NOT_OF_THIS_EMULATOR = {
    name: "undefined"
    for name in ("DBGDTR_EL0", "DBGDTRTX_EL0", "DBGDTRRX_EL0", "OSDTRTX_EL1", "OSDTRRX_EL1", "OSECCR_EL1",
                 "DBGPRCR_EL1", "DBGAUTHSTATUS_EL1", "DBGCLAIMSET_EL1", "DBGCLAIMCLR_EL1")
}


def test_registers_are_there_but_for_those_that_are_known_not_to_be():
    there = kinds(bare())
    assert len(there) > 100
    undefined = {name: kind for name, kind in there.items() if kind != "ok"}
    assert undefined == OF_NO_CORTEX_A53 | NOT_OF_THIS_EMULATOR


def test_the_pmu_counts_and_the_emulator_wires_no_interrupt_of_it():
    text = bare()
    assert counters(text) == 6
    assert min(rate(text)) > 0
    assert overflow(text, "software").endswith("no interrupt")
    assert overflow(text, "cycle").endswith("no interrupt")


def test_the_pmu_is_found_at_rest():
    assert len(found(bare())) > 20
    assert set(found(bare()).values()) == {0}
