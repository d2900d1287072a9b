# SPDX-License-Identifier: Apache-2.0
"""GEMs of the board with DMA at identity: the host's leave, its hugepages, and where a GEM's buffers are."""

import contextlib
import re
import sys

from conftest import ROOT

sys.path.append(str(ROOT / "tests" / "bare"))

from net_guest import NetGuest  # noqa: E402  (found by the path above)
from vm import Vm, steady  # noqa: E402

# The physical GEMs' INTIDs; the guests' is 89 whatever they have.
INTIDS = {"gem0": 89, "gem1": 91, "gem2": 93}
SYSNAMES = {"gem0": "ff0b0000.ethernet", "gem1": "ff0c0000.ethernet", "gem2": "ff0d0000.ethernet"}
HUGEPAGE = 2 << 20

CONTROL, DMA_CONFIG = 0x00, 0x10
ENABLED = 0xC  # receiver and transmitter
ADDRESSES_OF_64_BITS = 1 << 30
# Where rings begin: low word, high word, and the flag of the last descriptor in which word of it.
RECEIVE, TRANSMIT = (0x18, 0x4D4, 0, 1 << 1), (0x1C, 0x4C8, 1, 1 << 30)
TRANSMIT_1 = (0x440, 0x4C8, 1, 1 << 30)
MOST_DESCRIPTORS = 1024


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


@contextlib.contextmanager
def identity_dma(board, hugepages):
    """The host allows DMA at identity and has hugepages; afterwards neither."""
    board.run(f"mkdir -p /etc/aliasvm; sysctl -q vm.nr_hugepages={hugepages}")
    assert free_hugepages(board) == hugepages
    allow_identity(board)
    yield
    board.run("systemctl stop 'vm@*.service' holder.service", timeout=120, check=False)
    board.wait_for(lambda: not kept(board), lambda: f"kept: {kept(board)}")
    board.run("sysctl -q vm.nr_hugepages=0")


def net_config(uart, gem, memory="4M"):
    return (
        f'memory = "{memory}"\nlow_memory = "2M"\ndma = "identity"\n'
        'kernel = "/usr/share/aliasvm/guests/net.elf"\n'
        f'[alias]\nuart0 = "{uart}"\ngem0 = "{gem}"\n'
    )


def drain(board):
    """Frees the hub of what it kept for GEM0 and GEM1 since their last owners went.

    macb of 6.12 begins with one descriptor of its ring unset: 0, the controller's. A burst of more than
    511 frames before its first poll goes there, which is to address 0, and beyond the ring.
    """
    for name, uart, gem in (("left", "uart0", "gem0"), ("right", "uart1", "gem1")):
        Vm(board, name).configure(net_config(uart, gem)).start()
    for port in (0, 1):
        net = NetGuest(board.serial(port))
        net.wait_ready()
        net.wait_link()
        steady(board, lambda: net.counts()["flood-received"], "the hub is empty")
    board.run("systemctl stop vm@left vm@right", timeout=120)


class Holder:
    """programs/hugepage_holder.cpp: pages that VMs do not have, and that nobody else may write to."""

    LOG = "/run/holder.log"

    def __init__(self, board, mode):
        self.board = board
        board.run("systemd-run --quiet --collect --unit=holder"
                  f" -p StandardOutput=truncate:{self.LOG} -p StandardError=truncate:{self.LOG}"
                  f" /usr/libexec/aliasvm-tests/hugepage-holder {mode}")
        self.wait_for("holder: ready")

    def log(self):
        return self.board.run(["cat", self.LOG]).stdout

    def wait_for(self, words, timeout=60):
        self.board.wait_for(lambda: words in self.log(), lambda: f"{words} in {self.log()}", timeout)

    def pages(self, kind="page|later"):
        return {int(page, 16) for page in re.findall(rf"^holder: (?:{kind}) 0x(\w+)", self.log(), re.M)}

    def wait_for_pages(self, pages, timeout=30):
        self.board.wait_for(lambda: pages <= self.pages(), lambda: f"{sorted(pages - self.pages())} free", timeout)

    def stop(self):
        """How many pages it looked at in the end, and the addresses that somebody wrote to."""
        self.board.run("systemctl stop holder.service", timeout=60)
        looked_at = re.search(r"^holder: looked at (\d+)", self.log(), re.M)
        assert looked_at, self.log()
        return int(looked_at[1]), self.pages("spoilt")


def banks(machine):
    """Begin and end of each piece of hugepages that a VM was given at its last start, by its own words."""
    plan = machine.journal().rsplit(f"VM {machine.name}: ", 1)[1]
    pieces = re.findall(r"\[hugepages \w+\] -> \[0x(\w+)\+0x(\w+)\]", plan)
    return [(int(begin, 16), int(begin, 16) + int(size, 16)) for begin, size in pieces]


def pages_of(pieces):
    return {page for begin, end in pieces for page in range(begin, end, HUGEPAGE)}


def _words(board, address, count):
    """Physical memory as the emulator reads it."""
    text = board.monitor(f"xp /{count}xw {address:#x}")
    return [int(word, 16) for line in text.splitlines() for word in line.split(":")[1].split()]


def buffers(board, gem, ring):
    """The addresses in a ring of a GEM's descriptors, whoever drives it."""
    low, high, flagged, last = ring
    at = base(gem)
    wide = _words(board, at + DMA_CONFIG, 1)[0] & ADDRESSES_OF_64_BITS
    begin = _words(board, at + low, 1)[0] & ~3
    if wide:
        begin |= _words(board, at + high, 1)[0] << 32
    size = 4 if wide else 2
    words = _words(board, begin, size * MOST_DESCRIPTORS)
    found = set()
    for n in range(0, len(words), size):
        address = words[n] & (~3 if ring == RECEIVE else ~0)
        found.add(address | (words[n + 2] << 32 if wide else 0))
        if words[n + flagged] & last:
            return found - {0}
    raise AssertionError(f"{gem}: a ring at {begin:#x} without an end")


def hit(pieces, addresses):
    """Which pieces of a VM's RAM have at least one of the addresses; none may be elsewhere."""
    found = {address: [piece for piece in pieces if piece[0] <= address < piece[1]] for address in addresses}
    assert all(found.values()), [hex(address) for address in found if not found[address]]
    return {piece for matching in found.values() for piece in matching}
