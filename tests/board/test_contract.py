# SPDX-License-Identifier: Apache-2.0
"""The contract of the KVM port, on the real /dev/kvm; and what of its unit tests builds for arm64 alone."""

import pytest

PROGRAMS = "/usr/libexec/aliasvm-tests"


@pytest.mark.parametrize("program", ["contract-kvm", "unit-kvm"])
def test_suite_passes_on_the_board(board, program):
    done = board.run(f"{PROGRAMS}/{program} --gtest_color=no 2>&1", check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert "[  PASSED  ]" in done.stdout
