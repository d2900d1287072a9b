# SPDX-License-Identifier: Apache-2.0
"""GEMs in VMs, with DMA at identity: one network binary, several physical GEMs, one wire."""

import pytest

from daemon import Daemon
from ethernet import (INTIDS, RECEIVE, TRANSMIT, Holder, allow_identity, banks, buffers, free_hugepages,
                      hit, identity_dma, kept, net_config)
from net_guest import NetGuest
from vm import host_interrupts

HUGEPAGES = 160


@pytest.fixture
def daemon(board):
    return Daemon(board)


@pytest.fixture
def identity(board):
    with identity_dma(board, HUGEPAGES):
        yield


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


def exchange(board, guests, count):
    """Frames both ways at once between guests by their GEMs: all arrive, once, by interrupt 89 of each guest."""
    before = {gem: host_interrupts(board, INTIDS[gem]) for gem in guests}
    for seed, net in enumerate(guests.values()):
        net.send(count, seed + 1)
    for net in guests.values():
        print(net.wait_sent(timeout=300))
    for gem, net in guests.items():
        counts = net.counts()
        print(gem, counts)
        assert counts["sent"] == counts["received"] == count
        assert counts["bad"] == counts["lost"] == counts["errors"] == 0
        assert counts["rx-irqs"] > 0 and counts["tx-irqs"] > 0
        assert host_interrupts(board, INTIDS[gem]) > before[gem] and counts["irqs"] > 0


def test_ten_thousand_frames_each_way(board, vm, identity):
    exchange(board, dict(zip(("gem0", "gem1"), start_pair(board, vm))), 10000)


def test_a_third_vm_has_gem2_and_256_mib_in_pieces(board, vm, identity):
    """UART1 and GEM2 behind its uart0 and gem0, and buffers of its GEM in every piece of its RAM."""
    vm("left").configure(net_config("uart0", "gem0")).start()
    fence = Holder(board, "fence 16 16")
    third = vm("third").configure(net_config("uart1", "gem2", memory="256M")).start()
    guests = {gem: NetGuest(board.serial(port)) for gem, port in (("gem0", 0), ("gem2", 1))}
    for net in guests.values():
        net.wait_ready()
    pieces = banks(third)
    assert sum(end - begin for begin, end in pieces) == 256 << 20 and len(pieces) >= 8, pieces
    for net in guests.values():
        net.wait_link()
    exchange(board, guests, 3000)
    for ring in (RECEIVE, TRANSMIT):
        assert hit(pieces, buffers(board, "gem2", ring)) == set(pieces)
    # A VM that comes to the wire later, on a third UART: the emulated one.
    vm("right").configure(net_config("console", "gem1")).start()
    guests["gem2"].ask("flood on", "net: flood on")
    before = host_interrupts(board, INTIDS["gem1"])
    board.wait_for(lambda: host_interrupts(board, INTIDS["gem1"]) != before
                   and guests["gem0"].counts()["flood-received"] > 0, "gem1 and gem0 hear gem2")
    guests["gem2"].ask("flood off", "net: flood off")
    held, spoilt = fence.stop()
    assert held >= 8 and not spoilt


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


def test_a_guest_without_its_gem_waits_for_one(board, vm):
    right = vm("right").configure(
        'memory = "32M"\nkernel = "/usr/share/aliasvm/guests/net.elf"\n'
        '[alias]\nuart0 = "uart1"\ngem0 = ""\n').start()
    net = NetGuest(board.serial(1))
    text = net.wait_ready()
    # 32 MiB from 0x0, without the image and the device tree.
    assert "net: unplugged" in text and "net: dma 0x" in text
    net.send(10, 1)
    counts = net.counts()
    assert counts["link"] == "unplugged" and counts["sent"] == counts["irqs"] == 0
    assert "net: busy" in net.ask("loop 1", "net: ")
    board.serial(1).send(b"!off\n")
    right.wait_for("ActiveState", "inactive")
    assert right.value("Result") == "success"
