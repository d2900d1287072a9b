# SPDX-License-Identifier: Apache-2.0
"""GEMs in VMs, with DMA at identity: one network binary, several physical GEMs, one wire."""

import re
import sys
import time

import pytest

from conftest import ROOT
from daemon import Daemon, Refused
from vm import device_facts, host_interrupts, physical_register

sys.path.append(str(ROOT / "tests" / "bare"))
from net_guest import NetGuest  # noqa: E402  (found by the path above)

HUGEPAGES = 96
# The physical GEMs' INTIDs; the guests' is 89 whatever they have.
INTIDS = {"gem0": 89, "gem1": 91, "gem2": 93}
SYSNAMES = {"gem0": "ff0b0000.ethernet", "gem1": "ff0c0000.ethernet", "gem2": "ff0d0000.ethernet"}
CONTROL, MODULE_ID = 0x00, 0xFC
ENABLED = 0xC  # receiver and transmitter


def base(gem):
    return int(SYSNAMES[gem].split(".")[0], 16)


def kept(board):
    """The VMs whose RAM the host keeps."""
    return board.run("ls /dev/hugepages/aliasvm 2>/dev/null; true").stdout.split()


def free_hugepages(board):
    return int(board.run("awk '/HugePages_Free/ { print $2 }' /proc/meminfo").stdout)


def allow_identity(board, allowed=True):
    board.run(
        f"echo allow_identity_dma = {str(allowed).lower()} > /etc/aliasvm/aliasvmd.toml;"
        " install -D -m 644 /usr/share/aliasvm/identity-dma.conf"
        " /run/systemd/system/aliasvmd.service.d/identity-dma.conf; systemctl daemon-reload;"
        " systemctl try-restart aliasvmd",
        timeout=120,
    )


@pytest.fixture
def daemon(board):
    return Daemon(board)


@pytest.fixture
def identity(board):
    """The host allows DMA at identity and has hugepages; afterwards neither."""
    board.run(f"mkdir -p /etc/aliasvm; sysctl -q vm.nr_hugepages={HUGEPAGES}")
    allow_identity(board)
    yield
    board.run("systemctl stop 'vm@*.service'", timeout=120)
    deadline = time.monotonic() + 30
    while kept(board):
        assert time.monotonic() < deadline, f"kept: {kept(board)}"
        time.sleep(0.3)
    board.run("sysctl -q vm.nr_hugepages=0")


def net_config(uart, gem, memory="4M", more=""):
    return (
        f'memory = "{memory}"\nlow_memory = "2M"\ndma = "identity"\n'
        f'kernel = "/usr/share/aliasvm/guests/net.elf"\n{more}'
        f'[alias]\nuart0 = "{uart}"\ngem0 = "{gem}"\n'
    )


def start_pair(board, vm):
    """left has gem0, right has gem1; ready, and they hear each other."""
    for name, uart, gem in (("left", "uart0", "gem0"), ("right", "uart1", "gem1")):
        vm(name).configure(net_config(uart, gem)).start()
    guests = [NetGuest(board.serial(port)) for port in (0, 1)]
    for net in guests:
        net.wait_ready()
    for net in guests:
        net.wait_link()
    return guests


def test_ten_thousand_frames_each_way(board, vm, identity):
    guests = start_pair(board, vm)
    for seed, net in enumerate(guests):
        net.send(10000, seed + 1)
    for net in guests:
        print(net.wait_sent(timeout=300))
    for net, gem in zip(guests, ("gem0", "gem1")):
        counts = net.counts()
        print(gem, counts)
        assert counts["sent"] == counts["received"] == 10000
        assert counts["bad"] == counts["lost"] == counts["errors"] == 0
        assert counts["rx-irqs"] > 0 and counts["tx-irqs"] > 0
        assert host_interrupts(board, INTIDS[gem]) >= counts["irqs"] > 0


def test_identity_is_refused_unless_the_host_allows_it(board, vm, identity):
    allow_identity(board, allowed=False)
    left = vm("left").configure(net_config("uart0", "gem0"))
    done = board.run("systemctl start vm@left", check=False)
    assert done.returncode != 0
    assert "allow_identity_dma = true" in left.journal()
    left.configure(net_config("uart0", "gem0").replace('dma = "identity"\n', "").replace(
        'low_memory = "2M"\n', ""))
    board.run("systemctl reset-failed vm@left; systemctl start vm@left", check=False)
    assert 'dma = "identity"' in left.journal(), "behind no IOMMU: says what could be done"


def test_too_few_hugepages_say_how_many(board, vm, identity):
    left = vm("left").configure(net_config("uart0", "gem0", memory="1G"))
    assert board.run("systemctl start vm@left", check=False).returncode != 0
    assert "512 hugepages" in left.journal() and "vm.nr_hugepages" in left.journal()
    assert kept(board) == [] and free_hugepages(board) == HUGEPAGES


def test_a_gem_moves_between_running_vms_under_traffic(board, vm, daemon, identity, soak):
    third = vm("third").configure(net_config("", "gem2").replace('uart0 = ""', 'uart0 = "console"'))
    third.start()
    vm("left").configure(net_config("uart0", "gem0")).start()
    vm("right").configure(net_config("uart1", "")).start()
    left, right = (NetGuest(board.serial(port)) for port in (0, 1))
    left.wait_ready()
    right.wait_ready()
    left.wait_link()
    owners, other = [left, right], "right"
    for number in range(50 if soak else 5):
        winner = owners[1] if other == "right" else owners[0]
        loser = owners[0] if other == "right" else owners[1]
        loser.ask("flood on", "net: flood on")
        daemon.assign("gem0", other, "gem0")
        loser.port.read_until(r"net: unplugged", 30)
        winner.port.read_until(r"net: plugged in", 30)
        loser.ask("flood off", "net: flood off")
        winner.wait_link()
        assert loser.counts()["link"] == "unplugged"
        assert daemon.device("gem0", "Owner") == other, number
        other = "left" if other == "right" else "right"


def test_a_killed_vmms_ram_is_kept_until_its_gem_is_quiet(board, vm, daemon, identity, soak):
    vm("right").configure(net_config("uart1", "gem1")).start()
    left = vm("left").configure(net_config("uart0", "gem0"))
    left.drop_in("Service", "Restart=no")
    right = NetGuest(board.serial(1))
    right.wait_ready()
    right.ask("flood on", "net: flood on")
    for number in range(30 if soak else 4):
        board.run("systemctl reset-failed vm@left; systemctl start vm@left")
        net = NetGuest(board.serial(0))
        net.wait_ready()
        deadline = time.monotonic() + 30
        while net.counts()["flood-received"] == 0:
            assert time.monotonic() < deadline
        assert physical_register(board, base("gem0") + CONTROL) & ENABLED
        victims = f"{left.pid()}" + (f" {daemon.pid()}" if number % 2 else "")
        board.run(f"kill -9 {victims}")
        daemon.wait_for(lambda: "left" not in kept(board), "its RAM is freed")
        assert not physical_register(board, base("gem0") + CONTROL) & ENABLED, number
        assert kept(board) == ["right"]
    facts = device_facts(board, SYSNAMES["gem0"])
    assert facts["driver"] == "none"
