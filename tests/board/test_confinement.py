# SPDX-License-Identifier: Apache-2.0
"""A guest runs only in a VMM that is confined."""

import pytest

FOLDER = "/run/aliasvm/letter"
GREETING = rb"!"  # what letter.elf writes with its first instructions
THREADS = 3  # the main loop, and a vCPU each

# The unit without the filters that systemd puts on its processes: what /proc says is then the VMM's own.
UNFILTERED = """
DynamicUser=no
SystemCallFilter=
SystemCallArchitectures=
RestrictAddressFamilies=
LockPersonality=no
MemoryDenyWriteExecute=no
ProtectClock=no
ProtectHostname=no
ProtectKernelLogs=no
ProtectKernelModules=no
ProtectKernelTunables=no
RestrictNamespaces=no
RestrictRealtime=no
RestrictSUIDSGID=no
"""

ON_HOLD = f"""
Restart=no
ExecStart=
ExecStart=/usr/libexec/aliasvm-tests/vmm-on-hold /etc/aliasvm/letter.toml
{UNFILTERED}"""


@pytest.fixture
def letter(vm, uart):
    return vm("letter").configure(uart("uart1", "letter.elf", "vcpus = 2\nstop_timeout = 1"))


@pytest.fixture
def held(letter):
    """Its VMM waits where it would confine itself."""
    letter.drop_in("Service", ON_HOLD)
    hold(letter)
    return letter


def hold(machine):
    machine.board.run(
        f"systemctl start --no-block {machine.unit}; until test -e {FOLDER}/held;"
        f" do ! systemctl is-failed --quiet {machine.unit} || exit 1; sleep 0.1; done",
        timeout=120,
    )


def seccomp(machine):
    """What /proc says of each of the VMM's threads."""
    return machine.board.run(f"sed -n 's/^Seccomp:\\s*//p' /proc/{machine.pid()}/task/*/status").stdout.split()


def assert_nothing_has_run(machine):
    assert machine.kvm_statistic("exits") == 0
    assert machine.board.serial(1).drain() == b""


def test_no_instruction_of_a_guest_runs_before_its_vmm_is_confined(board, held):
    assert seccomp(held) == ["0"] * THREADS
    assert_nothing_has_run(held)
    assert held.value("ActiveState") == "activating"
    board.run(f"touch {FOLDER}/confine")
    board.serial(1).read_until(GREETING, timeout=60)
    assert seccomp(held) == ["2"] * THREADS
    held.wait_for("ActiveState", "active")


def test_a_start_whose_confinement_fails_never_runs_an_instruction_of_the_guest(board, held):
    assert_nothing_has_run(held)
    board.run(f"touch {FOLDER}/fail")
    held.wait_for("ActiveState", "failed")
    assert held.show("Result", "ExecMainStatus") == {"Result": "exit-code", "ExecMainStatus": "1"}
    assert "confine the process: fault injected" in held.journal()
    assert board.serial(1).drain() == b""
    # The same guest at the same port is heard when it may run.
    hold(held)
    board.run(f"touch {FOLDER}/confine")
    board.serial(1).read_until(GREETING, timeout=60)


def test_the_vmm_of_the_package_is_confined_with_all_its_threads(board, letter):
    letter.drop_in("Service", UNFILTERED)
    letter.start()
    board.serial(1).read_until(GREETING, timeout=60)
    assert letter.kvm_statistic("exits") > 0
    assert seccomp(letter) == ["2"] * THREADS
