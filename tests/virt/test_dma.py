# SPDX-License-Identifier: Apache-2.0
"""Where the DMA of a machine's device gets to: all of its memory, and nothing else."""

from harness.virt import EDU
from iommu_probe import PROBE

A, B = EDU
HOLE = range(0x8000000, 0x8100000)  # for MSIs, by the SMMU's driver
# 256 MiB on both sides of it.
MACHINE_A = ("ram a 0 0x10000000", f"open a {A}", "map a")
MACHINE_B = ("ram b 0 0x4000000", f"open b {B}", "map b")


def number(answer):
    return int(answer.split()[-1], 16)


def test_dma_reaches_all_memory_of_the_machine(probe):
    ends = (0x1000, HOLE.start - 4, HOLE.stop, 0xFFFFFFC)
    answers = probe(*MACHINE_A, "poke a 0x2000 0x11223344", "load a 0x2000",
                    *(f"store a {at:#x}" for at in ends), *(f"peek a {at:#x}" for at in ends))
    assert answers[:5] == ["memory", "open", "mapped", "written", "loaded 0x2000"]
    assert answers[-4:] == ["0x11223344"] * 4


def test_dma_to_where_the_machine_has_no_memory_is_blocked_and_seen(probe):
    """Both ways, at an address where the host has some, which an identity mapping would reach."""
    answers = probe(*MACHINE_A, "poke a 0x2000 0x11", "load a 0x2000", "poke a 0x3000 0x22",
                    "store a a@0x3000", "peek a 0x3000",
                    "load a a@0x3000", "store a 0x4000", "peek a 0x4000")
    stored, kept, loaded, last = answers[6], answers[7], answers[8], answers[10]
    assert kept == "0x22" and last != "0x22"
    assert number(stored) == number(loaded) >= 0x40000000
    assert probe.fault_seen(A, number(stored))


def test_a_machine_cannot_reach_the_memory_of_another(probe):
    answers = probe(*MACHINE_A, *MACHINE_B, "poke b 0x1000 0xb0b", "poke a 0x2000 0xa11ce", "load a 0x2000",
                    "store a 0x1000", "peek a 0x1000", "peek b 0x1000",
                    "store a b@0x1000", "peek b 0x1000",
                    "load b 0x1000", "store b 0x1008", "peek b 0x1008", "peek a 0x1008")
    assert answers[10:12] == ["0xa11ce", "0xb0b"], "the same address is another place in each"
    assert answers[13] == "0xb0b", "nor is there a way by the host's address"
    assert probe.fault_seen(A, number(answers[12]))
    assert answers[16:] == ["0xb0b", "0x0"], "the other machine's device is none the worse"


def test_what_is_unmapped_is_blocked(probe):
    answers = probe(*MACHINE_A, "poke a 0x2000 0x11", "load a 0x2000", "store a 0x6000", "peek a 0x6000",
                    "poke a 0x6000 0x22", "unmap a", "store a 0x6000", "peek a 0x6000",
                    "map a", "store a 0x6000", "peek a 0x6000")
    assert (answers[6], answers[10]) == ("0x11", "0x22")
    assert probe.fault_seen(A, 0x6000)
    assert answers[13] == "0x11", "and reached again once it is mapped"


def test_what_the_iommu_reserves_is_left_out(probe):
    inside = HOLE.start + 0x1000
    answers = probe(*MACHINE_A, "usable a", "holes", "poke a 0x2000 0x11", "load a 0x2000",
                    f"poke a {inside:#x} 0x22", f"store a {inside:#x}", f"peek a {inside:#x}")
    below, above = answers[3].split()
    assert below == f"0x0..{HOLE.start - 1:#x}" and above.startswith(f"{HOLE.stop:#x}..")
    assert answers[4].strip() == f"{HOLE.start:#x}..{HOLE.stop - 1:#x}", "what sysfs says to plans"
    assert answers[-1] == "0x22"


def test_500_cycles_of_mapping_leak_nothing(probe):
    """2 MiB in two pieces around what is reserved."""
    answers = probe("ram a 0x7f00000 0x300000", f"open a {A}", "held", "map a", "held", "unmap a",
                    "cycle a 500", "held", "close a", f"open a {A}", "held")
    before, mapped, after, reopened = (answers[i] for i in (2, 4, 7, 10))
    assert mapped.startswith("2048 kB"), "else there would be nothing to leak"
    assert before.startswith("0 kB") and before == after == reopened


def test_a_machine_that_is_killed_leaves_its_device_to_the_next(board, probe):
    told = "\\n".join(MACHINE_A)
    board.run(f"( printf '{told}\\n'; exec sleep infinity ) 2>/dev/null | {PROBE} >/tmp/answers 2>&1 &"
              " echo $! >/tmp/pid; until grep -q mapped /tmp/answers; do sleep 0.1; done")
    assert "refused: open /dev/vfio/" in probe(f"open a {A}")[0], "as long as it runs it has the device"
    board.run("kill -9 $(cat /tmp/pid)")
    assert probe(*MACHINE_A) == ["memory", "open", "mapped"]
