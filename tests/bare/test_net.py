# SPDX-License-Identifier: Apache-2.0
"""net.elf on the bare emulated machine: two of them on one wire, and one with a stranger."""

import contextlib
import re
import socket
import struct

import pytest

from machine import PRODUCT, Folder, Machine, guest, guest_with_tree, stream
from net_guest import NetGuest

from harness.patience import receive  # machine has put the board on the path

NET = PRODUCT / "usr/share/aliasvm/guests/net.elf"

GEM = 0xFF0B0000

# As a VM may find its RAM: the image in a bank of its own, DMA memory elsewhere.
TREE = """/dts-v1/;
/memreserve/ 0x10000000 0x00040000;
/ {
    #address-cells = <2>;
    #size-cells = <2>;
    %s
    reserved-memory {
        #address-cells = <2>;
        #size-cells = <2>;
        ranges;
        hole@10080000 { reg = <0 0x10080000 0 0x1000>; no-map; };
        image@0 { reg = <0 0 0 0x400000>; };
    };
    axi {
        #address-cells = <2>;
        #size-cells = <2>;
        ethernet@ff0b0000 {
            reg = <0 0xff0b0000 0 0x1000>;
            local-mac-address = [02 aa bb cc dd %02x];
        };
    };
};
"""
LOW = "memory@0 { reg = <0 0 0 0x400000>; };"
MIDDLE = "memory@10000000 { reg = <0 0x10000000 0 0x100000>, <0 0x20000000 0 0x40000>; };"
HIGH = "memory@800000000 { reg = <8 0x00100000 0 0x100000>; };"

# name: (memory nodes, areas that it finds)
BANKS = {
    "low": (LOW + MIDDLE, [(0x10040000, 0x10080000), (0x20000000, 0x20040000),
                           (0x10081000, 0x10100000)]),
    "high": (LOW + HIGH, [(0x800100000, 0x800200000)]),
    "all": (LOW + MIDDLE + HIGH, [(0x10040000, 0x10080000), (0x20000000, 0x20040000),
                                  (0x800100000, 0x800200000), (0x10081000, 0x10100000)]),
}


@contextlib.contextmanager
def pair(make_arguments, wire=stream, memory="1G"):
    """Two machines on one wire, ready and aware of each other."""
    with Folder() as folder, \
            Machine(folder, 1, wire(folder, 1), make_arguments(folder, 1), memory) as one, \
            Machine(folder, 2, wire(folder, 2), make_arguments(folder, 2), memory) as two:
        guests = []
        for machine in (one.run(), two.run()):
            net = NetGuest(machine.port)
            net.machine, net.banner = machine, net.wait_ready()
            guests.append(net)
        for net in guests:
            net.wait_link()
        yield guests


def bare(_folder, _number):
    return guest(NET)


def exchange(guests, count):
    """Both send at the same time; all of it has to arrive, once."""
    before = [net.counts() for net in guests]
    for seed, net in enumerate(guests):
        net.send(count, seed)
    done = [net.wait_sent() for net in guests]
    after = [net.counts() for net in guests]
    for was, now, sent in zip(before, after, done):
        new = {name: now[name] - was[name] for name in now if name != "link"}
        assert (new["sent"], new["received"], new["bad"]) == (count, count, 0)
        assert sent["sent"] == count
    return done, after


def test_ten_thousand_frames_both_ways_and_none_is_lost():
    with pair(bare) as guests:
        done, after = exchange(guests, 10_000)
    for sent, counts in zip(done, after):
        assert 10_000 * 60 < sent["bytes"] < 10_000 * 1514 and sent["again"] == 0
        assert counts["lost"] == counts["twice"] == counts["again"] == counts["errors"] == 0
        # By interrupt, each of which may stand for several frames.
        assert 0 < counts["rx-irqs"] <= counts["irqs"] and 0 < counts["tx-irqs"] <= counts["irqs"]
        rate = sent["sent"] / sent["us"] * 1e6
        print(f"\n{rate:.0f} frames/s, {sent['bytes'] / sent['us']:.1f} MB/s out and as much in")


def test_local_loopback_and_then_the_wire_again():
    with pair(bare) as guests:
        assert guests[0].loop(3000) > 0
        exchange(guests, 100)


def test_a_flood_is_counted_to_the_last_frame():
    with pair(bare) as guests:
        guests[0].ask("flood on", "net: flood on")
        guests[0].ask("loop 1", "net: loop ")  # the flood goes on behind it
        guests[0].ask("flood off", "net: flood off")
        exchange(guests, 100)  # what comes behind the flood has let it through
        sent, received = guests[0].counts()["flood-sent"], guests[1].counts()["flood-received"]
        assert 0 < sent == received


@pytest.mark.parametrize("banks", BANKS)
def test_dma_memory_is_what_the_device_tree_leaves(banks):
    nodes, areas = BANKS[banks]
    with pair(lambda folder, number: guest_with_tree(NET, TREE % (nodes, number), folder, number),
              memory="3G") as guests:
        for number, net in enumerate(guests, 1):
            found = re.findall(r"net: dma 0x([0-9a-f]+) 0x([0-9a-f]+)", net.banner)
            assert sorted((int(a, 16), int(b, 16)) for a, b in found) == sorted(areas)
            assert f"net: mac 02:aa:bb:cc:dd:{number:02x}" in net.banner
        _, after = exchange(guests, 1000)
        assert after[0]["lost"] == after[1]["lost"] == 0


def test_without_dma_memory_it_says_so():
    with Folder() as folder:
        arguments = guest_with_tree(NET, TREE % (LOW, 1), folder, 1)
        with Machine(folder, 1, stream(folder, 1), arguments) as machine:
            assert "net: no memory for DMA" in NetGuest(machine.run().port).wait_ready()


def at_rest():
    """The registers as whoever plugs a GEM in leaves them."""
    return [(GEM + 0x2C, 0xFFFFFFFF), (GEM + 0x00, 0), (GEM + 0x24, 0xFFFFFFFF), (GEM + 0x18, 0),
            (GEM + 0x1C, 0), (GEM + 0x480, 0), (GEM + 0x440, 0), (GEM + 0x10, 0x20784),
            (GEM + 0x88, 0), (GEM + 0x04, 0x80000)]


def test_a_gem_fresh_from_reset_is_started_again_in_the_middle_of_a_transfer():
    with pair(bare) as guests:
        for seed, net in enumerate(guests):
            net.send(50_000, seed)
        for _ in range(3):
            guests[0].machine.write_registers(*at_rest())
            guests[0].port.read_until("net: plugged in", 10)
        for net in guests:
            assert net.wait_sent()["sent"] == 50_000
        for net in guests:
            counts = net.counts()
            assert (counts["received"], counts["bad"], counts["link"]) == (50_000, 0, "up")


def test_restarts_of_the_driver_lose_nothing_for_good():
    with pair(bare) as guests:
        for seed, net in enumerate(guests):
            net.send(50_000, seed)
        for _ in range(3):
            guests[1].ask("restart", "net: restarted")
        assert all(net.wait_sent()["sent"] == 50_000 for net in guests)
        assert [net.counts()["received"] for net in guests] == [50_000, 50_000]


HELLO, DATA, ACK = 1, 2, 3
ETHERTYPE = b"\x88\xb5"
ME = b"\x02\x11\x11\x11\x11\x11"


def checksum(words):
    """As frame.c has it, of whole words."""
    first = second = 0
    for word in words:
        first = (first + word) & 0xFFFFFFFF
        second = (second + first) & 0xFFFFFFFF
    return first ^ (second << 16 & 0xFFFFFFFF | second >> 16)


@pytest.mark.parametrize("register", [0x18, 0x1C], ids=["receive", "transmit"])
def test_a_gem_that_goes_elsewhere_in_its_ring_is_started_again(register):
    with pair(bare) as guests:
        # The rings are the first that is taken of the memory, the receive ring of 64 before the other.
        ring = int(re.search(r"net: dma 0x([0-9a-f]+)", guests[0].banner)[1], 16)
        middle = ring + (32 if register == 0x18 else 64 + 16) * 16
        for seed, net in enumerate(guests):
            net.send(50_000, seed)
        guests[0].machine.write_registers((GEM + register, middle))
        guests[0].port.read_until("net: out of step, restarted", 10)
        assert all(net.wait_sent()["sent"] == 50_000 for net in guests)
        assert [net.counts()["received"] for net in guests] == [50_000, 50_000]


class Stranger:
    """The other end of a wire, in the hands of the test."""

    def __init__(self, folder):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "wire"))
        self._listener.listen(1)

    def plug_in(self, clock):
        self._socket, self._clock, self._received = self._listener.accept()[0], clock, b""

    def _read(self, size):
        while len(self._received) < size:
            data = receive(self._socket, self._clock)
            assert data, "QEMU has left the wire"
            self._received += data
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def receive(self, kind):
        """The next frame of a kind: its bytes and its words."""
        for _ in range(1000):
            # In a stream each frame has its length before it.
            data = self._read(struct.unpack(">I", self._read(4))[0])
            words = struct.unpack("<8I", data[14:46])
            if data[12:14] == ETHERTYPE and words[1] == kind:
                return data, words
        raise AssertionError(f"no frame of kind {kind} in 1000 frames")

    def send(self, data):
        self._socket.sendall(struct.pack(">I", len(data)) + data)

    def send_words(self, to, magic, kind, session, sequence):
        """A frame of the least length with an empty body."""
        words = [magic, kind, session, sequence, 0, 0, 60]
        self.send(to + ME + ETHERTYPE +
                  struct.pack("<8I", *words, checksum(words + [0] * 4)) + bytes(14))

    def close(self):
        self._socket.close()
        self._listener.close()


@pytest.fixture
def stranger():
    """One machine that runs net.elf, and the test at the other end of its wire."""
    with Folder() as folder:
        there = Stranger(folder)
        with Machine(folder, 2, stream(folder, 2), guest(NET)) as machine:
            there.plug_in(machine.qemu.clock)
            there.net = NetGuest(machine.run().port)
            there.net.wait_ready()
            yield there
        there.close()


def test_frames_on_the_wire_are_what_they_say(stranger):
    greeting, words = stranger.receive(HELLO)
    assert greeting[:6] == b"\xff" * 6 and len(greeting) == words[6] == 60
    # Made the peer by a greeting of its own, the test is sent what was asked for, until it answers.
    stranger.send(greeting[:6] + ME + greeting[12:])
    stranger.net.wait_link()
    stranger.net.send(50, 7)
    sizes = set()
    for sequence in range(50):
        data, words = stranger.receive(DATA)
        body = data[46:] + bytes(-(len(data) - 46) % 4)
        assert data[:6] == ME and words[3] == sequence and words[6] == len(data)
        assert words[7] == checksum(words[:7] + struct.unpack(f"<{len(body) // 4}I", body))
        sizes.add(len(data))
        stranger.send_words(data[6:12], words[0], ACK, words[2], sequence + 1)
    done = stranger.net.wait_sent()
    assert (done["sent"], done["again"]) == (50, 0)
    assert len(sizes) > 40 and min(sizes) >= 60 and max(sizes) <= 1514


def test_what_is_not_acknowledged_is_sent_again(stranger):
    greeting, _ = stranger.receive(HELLO)
    stranger.send(greeting[:6] + ME + greeting[12:])
    stranger.net.wait_link()
    stranger.net.send(3, 7)
    first = [stranger.receive(DATA)[0] for _ in range(3)]
    assert [stranger.receive(DATA)[0] for _ in range(3)] == first
    _, words = stranger.receive(DATA)
    stranger.send_words(greeting[6:12], words[0], ACK, words[2] + 1, 3)  # another session's
    stranger.send_words(greeting[6:12], words[0], ACK, words[2], 4)  # more than there is
    stranger.send_words(greeting[6:12], words[0], ACK, words[2], 3)
    assert stranger.net.wait_sent()["again"] >= 4


def test_a_damaged_frame_is_counted_and_one_of_others_is_not(stranger):
    greeting, words = stranger.receive(HELLO)
    damaged = bytearray(greeting)
    damaged[-1] ^= 1
    stranger.send(bytes(damaged))
    stranger.send(greeting + b"\0")  # longer than it says
    stranger.send(b"\xff" * 6 + greeting[6:12] + b"\x08\x00" + bytes(46))
    stranger.send(b"\x02\x99\x99\x99\x99\x99" + bytes(damaged)[6:])  # not to this station
    stranger.send_words(greeting[6:12], words[0], DATA, 1, 0)
    stranger.receive(ACK)  # what was before it has been looked at
    assert stranger.net.counts()["bad"] == 2


def test_a_missing_frame_is_noticed_and_waited_for(stranger):
    greeting, words = stranger.receive(HELLO)

    def data(sequence):
        stranger.send_words(greeting[6:12], words[0], DATA, 4711, sequence)
        return stranger.receive(ACK)[1][2:4]

    assert data(0) == (4711, 1)
    assert data(3) == (4711, 1)  # 1 and 2 are missing
    assert data(4) == (4711, 1)
    assert [data(n) for n in (1, 2, 3, 3)] == [(4711, 2), (4711, 3), (4711, 4), (4711, 4)]
    counts = stranger.net.counts()
    assert (counts["received"], counts["lost"], counts["twice"]) == (4, 2, 1)
