# SPDX-License-Identifier: Apache-2.0
"""What the kernel refuses is told with the mend."""

import contextlib

from harness.virt import EDU, SHARED_EDU, SHARED_OTHER

A = EDU[0]
UNSAFE = "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"


@contextlib.contextmanager
def said(board, file, text):
    """A file of sysfs that says something else for a while."""
    before = board.run(f"cat {file}; printf %s {text} >{file}").stdout.strip()
    yield
    board.run(f"printf %s {before} >{file}")


def test_a_group_of_which_the_host_has_a_part_names_it(probe):
    told = probe(f"open a {SHARED_EDU}")[0]
    assert told.startswith("refused: use VFIO group " + probe.group(SHARED_EDU))
    assert f"{SHARED_OTHER} (virtio-pci)" in told


def test_interrupts_that_are_not_isolated_have_to_be_allowed(board, probe):
    with said(board, UNSAFE, "N"):
        told = probe(f"open a {A}")[0]
    assert told.startswith("refused: choose VFIO's IOMMU driver")
    assert "allow_unsafe_interrupts=1 of vfio_iommu_type1" in told
    assert probe(f"open a {A}") == ["open"]


def test_a_limit_of_locked_memory_is_told_with_what_is_needed(probe):
    """In a unit like a VM's, whose own limit is none; root's capability would pass every limit."""
    unit = "systemd-run --quiet --pipe -p LimitMEMLOCK=1M -p CapabilityBoundingSet=~CAP_IPC_LOCK"
    answers = probe("ram a 0 0x1000000", f"open a {A}", "map a", "held", prefix=unit)
    assert answers[2].startswith("refused: give guest 0x0..0xffffff to DMA")
    assert "needs 16384 KiB" in answers[2] and "is 1024 KiB; raise LimitMEMLOCK=" in answers[2]
    assert answers[3].startswith("0 kB")
