# SPDX-License-Identifier: Apache-2.0
"""One booted board serves all tests; each test leaves it as it found it."""

import pathlib
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "board"), str(ROOT / "tests" / "board"), str(ROOT / "tests" / "bare")]

import package  # noqa: E402  (found by the path above)
from board import Board  # noqa: E402
from vm import Vm  # noqa: E402


# Two boards share the files: the longest first, so that they end at about the same time.
LONGEST = ("test_daemon.py", "test_transfers.py", "test_guests.py", "test_echo.py", "test_package.py",
           "test_ethernet.py", "test_ethernet_linux.py", "test_systemd.py", "test_examples.py", "test_ethernet_kill.py")


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="run the counts of the acceptance lists")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def soak(request):
    return request.config.getoption("--soak")


@pytest.fixture(scope="session")
def the_board():
    """The product as its packages install it; guests and programs of tests lie there from the start."""
    packages = package.files()
    with Board() as board:
        board.put(str(ROOT / "build" / "board-tests"), "/")
        board.before_packages = package.traces(board)
        board.install(*packages)
        yield board


@pytest.fixture
def board(the_board, request):
    """The board, with every VM gone and nothing unread from either port."""
    yield the_board
    explain(the_board, request)
    clean(the_board)


def explain(board, request):
    """Prints what the board knows of a test that failed."""
    if getattr(request.node, "failed", False):
        print(board.run("journalctl --no-pager -n 80 -o short-monotonic", check=False).stdout)
        print(signs_of_life(board))


def signs_of_life(board):
    """Whether guests run, by KVM's counts a second apart, and the UARTs as the emulator sees them."""
    counts = "for vm in /sys/kernel/debug/kvm/*-*; do echo $vm $(cat $vm/exits $vm/wfi_exit_stat); done"
    before = board.run(counts, check=False).stdout
    time.sleep(1)
    registers = "".join(board.monitor(f"xp /12xw {base:#x}") for base in (0xFF000000, 0xFF010000))
    return before + board.run(counts, check=False).stdout + registers


def clean(board):
    """Stops what a test left running and forgets what it configured.

    The daemon goes on, as on any host, but for a test that changed its unit or assigned a device.
    """
    board.run(
        "systemctl stop 'vm@*.service'; rm -f /etc/aliasvm/*.toml; changed=;"
        " if ls -d /run/systemd/system/*.service.d; then"
        " changed=yes; rm -r /run/systemd/system/*.service.d; systemctl daemon-reload; fi;"
        " if [ $changed ] || grep '^\\[' /run/aliasvm/assignments.toml; then"
        " systemctl stop aliasvmd.service; rm -f /run/aliasvm/assignments.toml; fi; systemctl reset-failed;"
        " if [ -d /etc/systemd/system/vms.target.wants ]; then"
        " rm -r /etc/systemd/system/vms.target.wants; systemctl daemon-reload; fi;"
        " if [ -e /lib/systemd/system/vms.target ]; then systemctl start vms.target; fi",
        check=False,
        timeout=120,
    )
    for port in (0, 1):
        board.serial(port).drain()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        item.failed = True


@pytest.fixture
def vm(board):
    """Makes VMs by name."""
    return lambda name: Vm(board, name)


def uart_config(instance, guest="echo.elf", extra="", memory="32M"):
    """A configuration of one VM with one UART."""
    return (
        f'memory = "{memory}"\nkernel = "/usr/share/aliasvm/guests/{guest}"\n{extra}\n'
        f'[alias]\nuart0 = "{instance}"\n'
    )


@pytest.fixture
def uart():
    return uart_config
