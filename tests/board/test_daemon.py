# SPDX-License-Identifier: Apache-2.0
"""aliasvmd: instances that move between running VMs, by one busctl call."""

import re
import time

import pytest

from daemon import DEVICE, MACHINE, Daemon, Refused
from harness.patience import Stopwatch  # conftest has put the board on the path
from vm import device_facts, host_interrupts, physical_register, steady


@pytest.fixture
def daemon(board):
    return Daemon(board)


def echo(port, text, timeout=30):
    port.send(b"\n" + text + b"\n")
    port.read_until(re.escape(text), timeout=timeout)


def silent(port, text, seconds=1.5):
    port.drain()
    port.send(b"\n" + text + b"\n")
    time.sleep(seconds)
    assert text not in port.drain()


def test_one_call_moves_a_uart_from_one_running_vm_to_another(board, vm, uart, daemon):
    left = vm("left").configure(uart("uart1")).start()
    right = vm("right").configure(uart("")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    pids = left.pid(), right.pid()
    assert daemon.device("uart1", "Owner") == "left"

    watch = Stopwatch(board.clock)
    board.run(
        "busctl monitor --match=sender=org.aliasvm1 --json=short > /tmp/seen 2> /tmp/monitor &"
        " until grep -q Monitoring /tmp/monitor; do sleep 0.1; done;"
        " busctl call org.aliasvm1 /org/aliasvm1/device/uart1 org.aliasvm1.Device Assign 'ssa{sv}' right uart0 0;"
        " until grep -q '\"right\"' /tmp/seen; do sleep 0.1; done; kill %1"
    )
    port.read_until(rb"echo: plugged in", timeout=30)
    echo(port, b"now to the right")

    assert (left.pid(), right.pid()) == pids, "both ran on"
    assert daemon.device("uart1", "Owner") == "right"
    assert daemon.device("uart1", "Alias") == "uart0"
    assert daemon.device("uart1", "State") == "assigned"
    assert daemon.bindings("left") == {} and daemon.bindings("right") == {"uart0": "uart1"}
    listed = board.run("aliasvm list").stdout
    assert re.search(r"right.*uart0=uart1", listed), listed
    assert "uart0=uart1" not in listed.split("right")[0]
    seen = board.run("cat /tmp/seen").stdout
    assert "PropertiesChanged" in seen and '"right"' in seen, seen[-2000:]
    statistics = daemon.of_machine("left", "Statistics")
    assert statistics["refused_accesses"] == 0, "the VMM's own count, beside KVM's"
    pause = statistics["last_pause_usec"]
    print(f"the VM that lost its UART stood still for {pause} us")
    assert 0 < pause * watch.share() < 1_000_000


def test_a_vm_without_its_uart_runs_on_and_gets_it_back(board, vm, uart, daemon):
    left = vm("left").configure(uart("uart1")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    pid = left.pid()
    for _ in range(3):
        daemon.release("uart1")
        assert device_facts(board, "ff010000.serial")["driver"] == "none"
        assert physical_register(board, 0xFF010010) == 0
        silent(port, b"nobody hears this", 0.5)
        daemon.assign("uart1", "left", "uart0")
        port.read_until(rb"echo: plugged in", timeout=30)
        echo(port, b"back again")
    assert left.pid() == pid


def test_interrupts_are_counted_alike_after_a_move(board, vm, uart, daemon):
    vm("left").configure(uart("uart1")).start()
    vm("right").configure(uart("")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    daemon.assign("uart1", "right", "uart0")
    port.read_until(rb"echo: plugged in", timeout=30)
    steady(board, lambda: host_interrupts(board, 54), "UART1 is quiet")
    port.send(b"?\n")
    start = port.read_until(rb"irqs (\d+) .*\n", timeout=30)
    host = host_interrupts(board, 54)
    assert daemon.device("uart1", "IrqCount") == host
    for n in range(50):
        echo(port, b"line %d" % n)
    port.send(b"?\n")
    end = port.read_until(rb"irqs (\d+) .*\n", timeout=30)
    taken = [int(re.search(rb"irqs (\d+)", text).group(1)) for text in (start, end)]
    # A quick answer lets two lines share an interrupt.
    assert taken[1] - taken[0] == host_interrupts(board, 54) - host >= 10


def test_an_assignment_to_a_stopped_vm_waits_for_its_start(board, vm, uart, daemon):
    right = vm("right").configure(uart(""))
    daemon.wait_for(lambda: "right" in board.run("aliasvm list --names").stdout, "right is known")
    daemon.assign("uart1", "right", "uart0")
    right.start()
    board.serial(1).read_until(rb"echo: ready", timeout=30)
    right.stop()
    daemon.release("uart1")


def test_a_persistent_assignment_is_written_and_comments_stay(board, vm, daemon):
    vm("right").configure(
        '# my VM\nmemory = "32M" # small\nkernel = "/usr/share/aliasvm/guests/echo.elf"\n'
        '[alias]\n  uart0 = ""   # free\n'
    )
    daemon.wait_for(lambda: "right" in board.run("aliasvm list --names").stdout, "right is known")
    daemon.assign("uart1", "right", "uart0", persistent=True)
    text = board.run("cat /etc/aliasvm/right.toml").stdout
    assert text == (
        '# my VM\nmemory = "32M" # small\nkernel = "/usr/share/aliasvm/guests/echo.elf"\n'
        '[alias]\n  uart0 = "uart1"   # free\n'
    )


def test_start_and_stop_by_the_bus_reply_when_done(board, vm, uart, daemon):
    right = vm("right").configure(uart("uart1"))
    daemon.wait_for(lambda: "right" in board.run("aliasvm list --names").stdout, "right is known")
    daemon.call("/org/aliasvm1", "Manager", "StartMachine", "s", "right")
    assert daemon.of_machine("right", "State") == "running"
    assert daemon.of_machine("right", "Leader") == right.pid()
    daemon.machine("right", "Pause")
    assert daemon.of_machine("right", "State") == "paused"
    assert "paused" in right.value("StatusText")
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    silent(port, b"asleep", 1)
    daemon.machine("right", "Resume")
    port.read_until(rb"asleep", timeout=30)
    daemon.machine("right", "Reset")
    assert daemon.of_machine("right", "State") == "running"
    port.read_until(rb"echo: ready", timeout=30)
    daemon.machine("right", "PowerOff")
    assert right.value("ActiveState") == "inactive"
    daemon.call("/org/aliasvm1", "Manager", "StartMachine", "s", "right")
    daemon.call("/org/aliasvm1", "Manager", "StopMachine", "s", "right")
    assert right.show("ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}


def test_errors_come_by_name(board, vm, uart, daemon):
    vm("left").configure(uart("uart1")).start()
    vm("right").configure(uart("uart0")).start()
    refusals = {
        ("uart1", "nobody", "uart0"): "no machine nobody",
        ("uart1", "right", "uart7"): "no alias uart7",
        ("ttc1", "right", "uart0"): "alias uart0 is a",
        ("uart1", "right", "uart0"): "uart0 of right is uart0 now",
    }
    for words, text in refusals.items():
        with pytest.raises(Refused, match=text):
            daemon.assign(*words)
    with pytest.raises(Refused, match="[Uu]nknown object|No such"):
        daemon.call(DEVICE + "uart9", "Device", "Quiesce")
    with pytest.raises(Refused, match="left's"):
        daemon.call(DEVICE + "uart1", "Device", "Quiesce")
    vm("broken").configure('memory = "32M"\nkernel = "/no/such"\n')
    daemon.wait_for(lambda: "broken" in board.run("aliasvm list --names").stdout, "broken is known")
    with pytest.raises(Refused, match="/no/such"):
        daemon.machine("broken", "Start")
    assert "/no/such" in daemon.call("/org/aliasvm1", "Manager", "Check", "s", "broken")


def test_a_vm_that_cannot_have_its_device_says_who_has_it(board, vm, uart, daemon):
    vm("left").configure(uart("uart1")).start()
    third = vm("third").configure(uart("uart1"))
    done = board.run("systemctl start vm@third", check=False)
    assert done.returncode != 0
    assert "left's" in third.journal()
    assert third.value("NRestarts") == "0", "it is of no use to try again"
    echo(board.serial(1), b"mine")


def test_an_unprivileged_caller_may_look_and_change_nothing(board, vm, uart, daemon):
    vm("left").configure(uart("uart1")).start()
    ask = "setpriv --reuid 65534 --regid 65534 --clear-groups busctl call org.aliasvm1 "
    for words in (
        "/org/aliasvm1/device/uart1 org.aliasvm1.Device Assign 'ssa{sv}' left uart0 0",
        "/org/aliasvm1/device/uart1 org.aliasvm1.Device Release 'a{sv}' 0",
        "/org/aliasvm1/device/uart1 org.aliasvm1.Device Quiesce",
        "/org/aliasvm1/machine/left org.aliasvm1.Machine PowerOff",
        "/org/aliasvm1/machine/left org.aliasvm1.Machine OpenConsole",
        "/org/aliasvm1 org.aliasvm1.Manager StopMachine s left",
        "/org/aliasvm1 org.aliasvm1.Manager Reload",
    ):
        done = board.run(ask + words, check=False)
        assert done.returncode != 0 and "Access denied" in done.stderr, (words, done.stderr)
    board.run(ask + "/org/aliasvm1 org.aliasvm1.Manager ListMachines")


def test_the_vmm_is_confined(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    status = dict(
        line.split(":\t", 1)
        for line in board.run(f"cat /proc/{right.pid()}/status").stdout.splitlines()
        if ":\t" in line
    )
    assert status["CapEff"] == status["CapPrm"] == status["CapBnd"] == status["CapAmb"]
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert status["Uid"].split()[0] != "0"
    # As the process itself: in its name spaces, by its user, in its control group.
    properties = right.show("DevicePolicy", "DeviceAllow", "PrivateUsers")
    assert properties["DevicePolicy"] == "closed" and "vfio" not in properties["DeviceAllow"]
    uid = status["Uid"].split()[0]
    group = right.value("ControlGroup")
    for path in ("/dev/vfio/vfio", "/sys/bus/platform/drivers_probe"):
        done = board.run(
            f"sh -c 'echo $$ > /sys/fs/cgroup{group}/cgroup.procs; exec nsenter -t {right.pid()} -m"
            f" setpriv --reuid {uid} --clear-groups sh -c \"exec 3>>{path}\"'",
            check=False,
        )
        assert done.returncode != 0, path
        assert "not permitted" in done.stderr or "denied" in done.stderr.lower() or (
            "Read-only" in done.stderr
        ), done.stderr


def test_units_are_exposed_no_more_than_promised(board):
    for unit, promise in (("vm@x.service", 10), ("aliasvmd.service", 25)):
        text = board.run(f"systemd-analyze security --no-pager --threshold={promise} {unit}", timeout=120).stdout
        print(text.splitlines()[-1])


def test_machined_lists_the_vm(board, vm, uart):
    right = vm("right").configure(uart("uart1")).start()
    shown = board.run("machinectl --no-pager show right").stdout
    assert f"Leader={right.pid()}" in shown and "Class=vm" in shown and "Service=aliasvm" in shown


def test_the_log_level_can_be_set(board, daemon):
    board.run("systemctl service-log-level aliasvmd debug")
    assert board.run("systemctl service-log-level aliasvmd").stdout.strip() == "debug"
    board.run("systemctl service-log-level aliasvmd info")


def test_the_daemon_killed_disturbs_no_vm(board, vm, uart, daemon, soak):
    left = vm("left").configure(uart("uart0")).start()
    right = vm("right").configure(uart("uart1")).start()
    ports = {0: left, 1: right}
    for n in ports:
        board.serial(n).read_until(rb"echo: ready", timeout=30)
    pids = {n: machine.pid() for n, machine in ports.items()}
    for round_number in range(50 if soak else 5):
        board.run(f"kill -9 {daemon.pid()}")
        for n in ports:
            echo(board.serial(n), b"round %d" % round_number)
        assert daemon.device("uart1", "Owner") == "right"
        assert daemon.device("uart0", "Owner") == "left"
    assert {n: machine.pid() for n, machine in ports.items()} == pids
    daemon.assign("uart1", "right", "uart0")  # where it is: no error
    daemon.release("uart1")
    daemon.assign("uart1", "right", "uart0")
    board.serial(1).read_until(rb"echo: plugged in", timeout=30)


def test_what_a_killed_vmm_had_is_at_rest_before_the_next_owner_has_it(
    board, vm, uart, daemon, soak
):
    vm("left").configure(uart(""))
    right = vm("right").configure(uart("uart1"))
    right.drop_in("Service", "Restart=no")
    port = board.serial(1)
    for _ in range(50 if soak else 5):
        board.run("systemctl reset-failed vm@right; systemctl start vm@right")
        port.read_until(rb"echo: ready", timeout=60)
        assert physical_register(board, 0xFF010010) != 0, "IMR: the guest has its interrupt on"
        board.run(f"kill -9 {right.pid()}")
        daemon.wait_for(
            lambda: daemon.device("uart1", "State") == "available", "it is given back"
        )
        assert physical_register(board, 0xFF010010) == 0, "IMR"
        assert physical_register(board, 0xFF010004) == 0x20, "MR"
    facts = device_facts(board, "ff010000.serial")
    assert facts == {"driver": "none", "override": "(null)", "open": 0}
