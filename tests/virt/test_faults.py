# SPDX-License-Identifier: Apache-2.0
"""The daemon's reader of the kernel's log, on the real one."""

import contextlib

from harness.virt import EDU
from iommu_probe import PROBE

A = EDU[0]
STREAM = "0x18"  # 00:03.0
NOWHERE = 0x20000000


def fault(probe, address):
    probe("ram a 0 0x100000", f"open a {A}", "map a", f"store a {address:#x}")
    assert probe.fault_seen(A, address)


@contextlib.contextmanager
def watching(board):
    """The reader in a process of its own; what it prints is in /tmp/faults."""
    board.run(f"{PROBE} watch >/tmp/faults 2>&1 & echo $! >/tmp/watch;"
              " until grep -q watching /tmp/faults; do sleep 0.1; done")
    yield
    board.run("kill -9 $(cat /tmp/watch)")


def faults(board, count):
    """Its lines, as (SMMU, stream, address), once there are as many."""
    def lines():
        return board.run("cat /tmp/faults").stdout.splitlines()[1:]

    board.wait_for(lambda: len(lines()) >= count, lines)
    return [tuple(line.split()[:3]) for line in lines()]


def test_a_fault_is_told_by_stream_and_address_and_only_new_ones(board, probe):
    fault(probe, NOWHERE)
    with watching(board):
        fault(probe, NOWHERE + 0x1000)
        assert faults(board, 1) == [("9050000.smmuv3", STREAM, f"{NOWHERE + 0x1000:#x}")]


def test_what_a_user_writes_to_the_log_is_no_fault(board, probe):
    said = "arm-smmu fd800000.smmu: Unhandled context fault: fsr=0x402, iova=0x1, fsynr=0x1, cbfrsynra=0x877, cb=1"
    with watching(board):
        for level in ("", "<0>", "<3>"):
            board.run(f"echo '{level}{said}' >/dev/kmsg")
        fault(probe, NOWHERE + 0x2000)
        assert faults(board, 1) == [("9050000.smmuv3", STREAM, f"{NOWHERE + 0x2000:#x}")]


def test_a_reader_that_was_overrun_goes_on(board, probe):
    with watching(board):
        board.run("kill -STOP $(cat /tmp/watch); echo on >/proc/sys/kernel/printk_devkmsg;"
                  " line=$(printf %0900d 0); for i in $(seq 300); do echo $line >/dev/kmsg; done;"
                  " kill -CONT $(cat /tmp/watch)")
        fault(probe, NOWHERE + 0x3000)
        assert faults(board, 1) == [("9050000.smmuv3", STREAM, f"{NOWHERE + 0x3000:#x}")]
