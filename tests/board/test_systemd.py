# SPDX-License-Identifier: Apache-2.0
"""A VM as a systemd unit: start, status, stop, watchdog, restart."""

import time

import pytest


def test_status_names_aliases_and_instances(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    facts = right.show("ActiveState", "SubState", "StatusText")
    assert facts["ActiveState"] == "active" and facts["SubState"] == "running"
    for word in ("uart0", "uart1", "ff010000.serial", "1 vCPU"):
        assert word in facts["StatusText"], facts["StatusText"]
    status = board.run(f"systemctl status --no-pager {right.unit}").stdout
    assert facts["StatusText"] in status


def test_ready_means_that_vcpu_0_runs(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    assert right.kvm_statistic("exits") > 0


def test_a_vm_that_cannot_start_never_becomes_ready(board, vm, uart):
    right = vm("right").configure(uart("uart1"))
    right.drop_in(
        "Service",
        "Restart=no\nExecStart=\n"
        "ExecStart=/usr/libexec/aliasvm/aliasvm-vmm --broker /run/nobody /etc/aliasvm/right.toml",
    )
    last_time = right.value("ActiveEnterTimestampMonotonic")  # of another test, as long as systemd remembers it
    done = board.run(f"systemctl start {right.unit}", check=False)
    assert done.returncode != 0
    assert right.value("ActiveEnterTimestampMonotonic") in (last_time, "0")
    assert "/run/nobody" in right.journal() and "aliasvmd.socket" in right.journal()


def test_stop_tells_the_guest_first(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    right.stop()
    port.read_until(rb"echo: power key, off", timeout=5)
    assert right.show("Result", "ActiveState") == {"Result": "success", "ActiveState": "inactive"}
    assert "the guest powered off" in right.journal()


def test_stop_is_bounded_when_the_guest_is_deaf(board, vm, uart):
    right = vm("right").configure(uart("uart1", extra="stop_timeout = 2")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    port.send(b"!deaf\n")
    port.read_until(rb"!deaf", timeout=30)
    right.stop()
    assert right.show("Result", "ActiveState") == {"Result": "success", "ActiveState": "inactive"}
    assert "did not power off in 2 s" in right.journal()


def test_a_hung_guest_can_be_stopped(board, vm, uart):
    right = vm("right").configure(uart("uart1", extra="stop_timeout = 1")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    port.send(b"!hang\n")
    port.read_until(rb"!hang", timeout=30)
    right.stop()
    assert right.value("ActiveState") == "inactive"


def test_journal_tells_the_story(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    board.serial(1).read_until(rb"echo: ready", timeout=30)
    right.stop()
    journal = right.journal()
    assert "[ff010000.serial 0xff010000" in journal
    assert "power key pressed" in journal


def test_a_stuck_main_loop_is_noticed(board, vm, uart):
    right = vm("right").configure(uart("uart1"))
    right.drop_in("Service", "WatchdogSec=3\nTimeoutAbortSec=1")
    right.start()
    board.serial(1).read_until(rb"echo: ready", timeout=30)
    pid = right.pid()
    time.sleep(4)  # more than the watchdog has patience
    assert right.pid() == pid, "the watchdog bit a loop that is well"
    # From outside, a loop that never comes round and a stopped process look the same.
    board.run(f"kill -STOP {pid}")
    right.wait_for("MainPID", rf"(?!{pid}$)[1-9]\d*", timeout=60)
    assert "watchdog" in board.run("journalctl --no-pager -u vm@right").stdout.lower()


@pytest.mark.parametrize(
    "text, mend",
    [
        ('memory = "64M"\nkernal = "x"\n', "kernel"),
        ('memory = "64M"\nkernel = "/nowhere.elf"\n', "/nowhere.elf"),
        ('memory = "64M"\nkernel = "/root/guest.elf"\n', "a VM does not see /root"),
    ],
    ids=["unknown-key", "missing-image", "hidden-image"],
)
def test_a_bad_configuration_is_not_restarted(board, vm, text, mend):
    right = vm("right").configure(text)
    board.run(f"systemctl start {right.unit}", check=False)
    right.wait_for("ActiveState", "failed|inactive")
    assert right.value("NRestarts") == "0"
    told = board.run("journalctl --no-pager -o cat -u vm@right").stdout
    assert mend in told and "right.toml:" in told


def test_a_configuration_that_only_root_can_read_is_not_restarted(board, vm, uart):
    right = vm("right").configure(uart("uart1"))
    board.run("chmod 600 /etc/aliasvm/right.toml")
    checked = board.run("aliasvm check right", check=False)
    assert checked.returncode == 78
    assert "has mode 0600; chmod o+r /etc/aliasvm/right.toml" in checked.stdout
    board.run(f"systemctl start {right.unit}", check=False)
    right.wait_for("ActiveState", "failed")
    assert right.show("NRestarts", "ExecMainStatus") == {"NRestarts": "0", "ExecMainStatus": "78"}
    board.run("chmod 644 /etc/aliasvm/right.toml")
    right.reset_failed()
    assert board.run("aliasvm check right").stdout == "right: no problems\n"
    right.start()


def test_a_pipe_among_the_configurations_hangs_nobody(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    board.run("mkfifo /etc/aliasvm/pipe.toml && sleep 1")
    try:
        assert "is a pipe and no regular file" in board.run("timeout 30 aliasvm check pipe", check=False).stdout
        assert right.name in board.run("timeout 30 aliasvm list --names").stdout
        right.stop()
    finally:
        board.run("rm /etc/aliasvm/pipe.toml")


def test_vms_target_stops_its_vms(board, vm, uart):
    right = vm("right").configure(uart("uart1"))
    board.run("systemctl enable vm@right && systemctl start vms.target")
    right.wait_for("ActiveState", "active")
    board.run("systemctl stop vms.target && systemctl disable vm@right")
    right.wait_for("ActiveState", "inactive")
