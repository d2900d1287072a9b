# SPDX-License-Identifier: Apache-2.0
"""A VMM killed while frames come in: its GEM writes to nobody's memory, neither its own old nor its neighbours'."""

import pytest

from daemon import Daemon
from ethernet import (CONTROL, ENABLED, SYSNAMES, Holder, banks, base, identity_dma, kept, net_config, pages_of)
from net_guest import NetGuest
from vm import device_facts, physical_register

# Few enough that all that no VM has can be filled and looked at again in each round.
HUGEPAGES = 24
FRAMES_AFTERWARDS = 2000

# Whether frames flood in at the kill, and whether the daemon is killed with the VMM. A flood fills the ring of a
# GEM that nobody serves, which then writes nowhere; what still has room there shows itself when the flood comes later.
ROUNDS = [(True, False), (True, True), (False, False), (False, True)]
SOAK_ROUNDS = ROUNDS * 10 + ROUNDS[:2] * 20


@pytest.fixture
def daemon(board):
    return Daemon(board)


@pytest.fixture
def identity(board):
    with identity_dma(board, HUGEPAGES):
        yield


def wait_for_more(board, net, name, more):
    """Until a count of a guest has grown by so much."""
    wanted = net.counts()[name] + more
    board.wait_for(lambda: net.counts()[name] >= wanted, lambda: f"{name}: {net.counts()[name]}, not {wanted}")


def kill_and_poison(board, left, right, daemon, flooded, daemon_too):
    """One life of left, whose pages and their neighbours nobody may write to once it has been killed."""
    board.run("systemctl reset-failed vm@left; systemctl start vm@left")
    net = NetGuest(board.serial(0))
    net.wait_ready()
    net.wait_link()
    assert physical_register(board, base("gem0") + CONTROL) & ENABLED
    its_pages = pages_of(banks(left))
    # All that nobody has, its neighbours among them; and its own as soon as the host frees them.
    poison = Holder(board, "all")
    neighbours = poison.pages()
    assert len(neighbours) == HUGEPAGES - 4 and not its_pages & neighbours
    victims = f"{left.pid()}" + (f" {daemon.pid()}" if daemon_too else "")
    if flooded:
        right.ask("flood on", "net: flood on")
        wait_for_more(board, net, "flood-received", 1)
    board.run(f"kill -9 {victims}")
    poison.wait_for_pages(its_pages)
    assert kept(board) == ["right"]
    if not flooded:
        right.ask("flood on", "net: flood on")
    wait_for_more(board, right, "flood-sent", FRAMES_AFTERWARDS)
    right.ask("flood off", "net: flood off")
    assert poison.stop() == (HUGEPAGES - 2, set())
    assert not physical_register(board, base("gem0") + CONTROL) & ENABLED


def test_a_killed_vmms_gem_writes_to_nobodys_memory(board, vm, daemon, identity, soak):
    vm("right").configure(net_config("uart1", "gem1")).start()
    left = vm("left").configure(net_config("uart0", "gem0"))
    left.drop_in("Service", "Restart=no")
    right = NetGuest(board.serial(1))
    right.wait_ready()
    for flooded, daemon_too in SOAK_ROUNDS if soak else ROUNDS:
        kill_and_poison(board, left, right, daemon, flooded, daemon_too)
    assert device_facts(board, SYSNAMES["gem0"])["driver"] == "none"
