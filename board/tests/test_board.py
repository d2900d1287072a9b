"""The emulated board keeps what it promises to the tests that run on it."""
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from board import Board, CommandFailed  # noqa: E402
from harness import patience  # noqa: E402

PLATFORM = "/sys/bus/platform"
# What the device tree gives away: nothing of the host may touch it.
GIVEN_AWAY = ["ff000000.serial", "ff010000.serial", "ff0b0000.ethernet", "ff0c0000.ethernet", "ff0d0000.ethernet",
              "ff110000.timer", "ff120000.timer", "ff130000.timer", "ff140000.timer"]


def alive(pid):
    """Whether a process runs (one that is dead but not waited for does not)."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid):
    patience.wait_for(lambda: not alive(pid), f"end of process {pid}", patience.Clock(pid), pause=0.05)


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """A tree as an installation leaves it, with a path through the link /lib and one to a program."""
    top = tmp_path_factory.mktemp("product")
    for path, mode in (("usr/bin/hello", 0o755), ("lib/systemd/system/hello.service", 0o644), ("etc/hello/a b", 0o600)):
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text("#!/bin/sh\necho hello\n")
        (top / path).chmod(mode)
    (top / "usr/bin/hallo").symlink_to("hello")
    return top


@pytest.fixture(scope="module")
def board(product):
    """With as much RAM as a ZCU102 has; the boards of tests/board have the usual half of it."""
    with Board(product=str(product), memory="4G") as board:
        yield board
        pid = board.qemu.pid
    assert not alive(pid), "QEMU outlived its board"


def test_kvm_runs_at_el2(board):
    board.run("test -c /dev/kvm")
    assert "mode initialized successfully" in board.run("dmesg | grep 'kvm.*Hyp'").stdout


def test_the_system_is_up_without_a_failed_unit(board):
    assert board.run("systemctl is-system-running").stdout.strip() == "running"
    assert "org.freedesktop.systemd1" in board.run("busctl list --no-pager").stdout


def test_ram_is_where_the_zcu102_has_it(board):
    ram = re.findall(r"^(\w+)-(\w+) : System RAM$", board.run("cat /proc/iomem").stdout, re.MULTILINE)
    assert [(int(begin, 16), int(end, 16) + 1) for begin, end in ram] == [
        (0, 2 << 30), (0x8_0000_0000, 0x8_0000_0000 + (2 << 30))]
    # What is above is what the kernel hands out first, so that all other tests run there.
    zones = board.run("cat /proc/zoneinfo").stdout.split("Node ")
    (normal,) = [zone for zone in zones if re.match(r"0, zone +Normal", zone)]
    assert int(re.search(r"present +(\d+)", normal)[1]) << 12 == 2 << 30


@pytest.mark.parametrize("size", ["4 GB", "4096", "0G", "-1G", "G"])
def test_a_size_of_memory_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="is no size; write 512M, or 2G"):
        Board(memory=size)


def test_no_host_driver_takes_what_is_given_away(board):
    for device in GIVEN_AWAY:
        board.run(f"test -d {PLATFORM}/devices/{device} && test ! -e {PLATFORM}/devices/{device}/driver")


@pytest.mark.parametrize("device", GIVEN_AWAY)
def test_vfio_takes_a_device_and_gives_it_back(board, device):
    there = f"{PLATFORM}/devices/{device}"
    board.run(f"echo vfio-platform >{there}/driver_override && echo {device} >{PLATFORM}/drivers_probe")
    assert board.run(f"readlink {there}/driver").stdout.strip().endswith("/vfio-platform")
    assert "noiommu-" in board.run("ls /dev/vfio").stdout
    board.run(f"echo {device} >{there}/driver/unbind && echo >{there}/driver_override && test ! -e {there}/driver")
    assert "noiommu-" not in board.run("ls /dev/vfio").stdout


def test_the_product_lies_over_the_root(board):
    assert board.run("hallo").stdout == "hello\n"
    assert board.run(["stat", "-c", "%U %a", "/etc/hello/a b"]).stdout == "root 600\n"
    assert "hello.service" in board.run("systemctl list-unit-files hello.service --no-pager").stdout
    board.run("test -L /lib && test -x /lib/systemd/systemd")


def test_guests_find_a_bare_kernel_image(board):
    assert board.run("dd if=/boot/Image bs=1 skip=56 count=3 2>/dev/null").stdout == "ARM"


def test_modules_load(board):
    board.run("modprobe -a gpio-zynq gpio_keys evdev bridge tun virtio_mmio virtio_blk virtio_net")


def test_statistics_and_cgroups_are_mounted(board):
    board.run("test -d /sys/kernel/debug/kvm && test -e /sys/fs/cgroup/cgroup.controllers")


def test_kvm_never_loses_its_last_vm(board):
    board.run("ls -d /sys/kernel/debug/kvm/$(systemctl show -p MainPID --value board-vm.service)-*")


def test_commands_report_what_they_did(board):
    done = board.run("cat; echo err >&2; exit 3", check=False, input="in")
    assert (done.returncode, done.stdout, done.stderr) == (3, "in", "err\n")
    with pytest.raises(CommandFailed, match="exit code 1"):
        board.run("false")
    with pytest.raises(CommandFailed, match="not done within 1 s; it printed .*half"):
        board.run("echo half; sleep 10", timeout=1)
    assert board.run("cat", input="a 'b\n\"c\n").stdout == "a 'b\n\"c\n"
    assert len(board.run("head -c 300000 /dev/zero | tr '\\0' x; echo >&2").stdout) == 300000


def test_commands_leave_the_shell_as_it_is_for_the_next(board):
    assert board.run("cd /etc; x=1; exec sh -c 'exit 7'", check=False).returncode == 7
    assert board.run("if", check=False).returncode != 0
    assert board.run("pwd; echo $x; umask").stdout == "/root\n\n0022\n"
    assert board.run("sleep 60 & kill %1; wait %1; echo $?").stdout == "143\n"


def test_files_go_there_and_back(board, tmp_path):
    (tmp_path / "data").write_bytes(bytes(range(256)) * 1000)
    board.put(str(tmp_path / "data"), "/tmp/data")
    board.put(str(tmp_path), "/tmp/folder")
    assert board.get("/tmp/data") == board.get("/tmp/folder/data") == (tmp_path / "data").read_bytes()


@pytest.fixture
def host_driven_gems(board):
    """GEM0 to GEM2 in the hands of the host's macb, each alone in a network namespace."""
    sysnames = ["ff0b0000.ethernet", "ff0c0000.ethernet", "ff0d0000.ethernet"]
    for number, sysname in enumerate(sysnames):
        there = f"{PLATFORM}/devices/{sysname}"
        board.run(f"echo macb >{there}/driver_override && echo {sysname} >{PLATFORM}/drivers_probe &&"
                  f" ip netns add gem{number} && ip link set $(ls {there}/net) netns gem{number} name wire &&"
                  f" ip -n gem{number} addr add 10.9.0.{number + 1}/24 dev wire && ip -n gem{number} link set wire up")
    yield
    for number, sysname in enumerate(sysnames):
        there = f"{PLATFORM}/devices/{sysname}"
        board.run(f"echo on >{there}/power/control && echo {sysname} >{there}/driver/unbind &&"
                  f" echo >{there}/driver_override && ip netns del gem{number} && test ! -e {there}/driver")


def test_the_gems_that_are_given_away_are_on_one_wire(board, host_driven_gems):
    for number, other in ((0, 2), (1, 3), (2, 1)):
        text = board.run(f"ip netns exec gem{number} ping -c 3 -W 5 10.9.0.{other}", timeout=60).stdout
        assert ", 0% packet loss" in text
    board.monitor("set_link gem2 off")
    assert board.run("ip netns exec gem0 ping -c 1 -W 1 10.9.0.3", check=False).returncode != 0
    board.monitor("set_link gem2 on")
    board.run("ip netns exec gem0 ping -c 3 -W 5 10.9.0.3")


def register(board, offset, value=""):
    """UART1 by hand, as nobody on the host drives it; returns what is read, in hexadecimal."""
    return board.run(f"busybox devmem {0xff010000 + offset:#x} 32 {value}").stdout.strip()


def test_a_serial_port_carries_bytes_both_ways(board):
    port, control, fifo = board.serial(1), 0x00, 0x30
    register(board, control, "0x17")  # reset both directions and enable them
    port.send(b"x")
    assert int(register(board, fifo), 16) == ord("x")
    register(board, fifo, hex(ord("y")))
    assert port.read_until("y", timeout=5) == b"y"
    assert port.drain() == b"" and port.transcript == b"y"
    with pytest.raises(TimeoutError, match="UART1.*never"):
        port.read_until("never", timeout=0.1)


def test_the_monitor_answers(board):
    assert "ff140000" in board.monitor("info mtree")


def owner_of_a_board(script):
    """A process that starts a board and tells QEMU's pid as soon as there is one."""
    # A shell starts background jobs with SIGINT ignored, and a test run may be one.
    code = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
            f" sys.path.insert(0, {os.path.dirname(HERE)!r})\n{script}")
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    return owner, int(owner.stdout.readline())


def test_a_board_goes_on_from_where_another_was_up():
    with Board(progress=None) as board:
        assert "-incoming" in pathlib.Path(f"/proc/{board.qemu.pid}/cmdline").read_text().split("\0")
        assert board.run("systemctl is-system-running").stdout.strip() == "running"
        before = float(board.run("cat /proc/uptime").stdout.split()[0])
        board.run("sleep 0.1")
        assert float(board.run("cat /proc/uptime").stdout.split()[0]) > before
        test_a_serial_port_carries_bytes_both_ways(board)
        test_vfio_takes_a_device_and_gives_it_back(board, GIVEN_AWAY[0])


BUSY = "import os\nos.sched_setaffinity(0, {0})\nwhile True: pass"


@pytest.mark.parametrize("others", [0, 3])
def test_the_clock_of_a_busy_process_is_as_slow_as_others_make_it(others):
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(others + 1)]
    clock, ran, begin = patience.Clock(processes[0].pid), patience.Clock(processes[0].pid).ran(), time.monotonic()
    time.sleep(2)
    own, had = clock.now(), clock.ran() - ran
    passed = time.monotonic() - begin
    for process in processes:
        process.kill()
        process.wait()
    # What it ran is what it had, whoever else is on this machine.
    assert own == pytest.approx(had, rel=0.2, abs=0.1)
    assert own < passed / 2 or not others


def test_the_clock_of_a_process_that_sleeps_is_the_walls():
    process = subprocess.Popen(["sleep", "60"])
    clock, begin = patience.Clock(process.pid), time.monotonic()
    time.sleep(1)
    assert clock.now() == pytest.approx(time.monotonic() - begin, rel=0.2)
    process.kill()
    process.wait()
    time.sleep(1)
    assert clock.now() == pytest.approx(time.monotonic() - begin, rel=0.2), "and of one that is gone"


BOOTING = """
import harness.machine as machine
class Telling(machine.Qemu):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        print(self.pid, flush=True)
machine.Qemu = Telling
with machine.Board(progress=None, fresh=True):
    pass
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_qemu_never_outlives_its_owner(number):
    owner, qemu = owner_of_a_board(BOOTING)
    assert alive(qemu)
    time.sleep(1)
    owner.send_signal(number)
    owner.wait(timeout=600)
    wait_until_gone(qemu)
