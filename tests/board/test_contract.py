# SPDX-License-Identifier: Apache-2.0
"""The contract of the KVM port, on the real /dev/kvm."""

CONTRACT = "/usr/libexec/aliasvm-tests/contract-kvm"


def test_contract_suite_passes_on_real_kvm(board):
    done = board.run(f"{CONTRACT} --gtest_color=no 2>&1", check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert "[  PASSED  ]" in done.stdout
