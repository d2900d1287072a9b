#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what a GEM in a VM costs: TCP against the same GEM with the host's own driver, both with one peer."""

import argparse
import pathlib
import re
from dataclasses import dataclass

from ethernet_ends import HUGEPAGES, ROOT, GuestEnd, HostEnd, frames

from board import Board  # noqa: E402  (ethernet_ends has put it on the path)
from ethernet import identity_dma  # noqa: E402

GEM0, GEM1 = "10.0.0.1", "10.0.0.2"
WAYS = ("sent", "received")


@dataclass
class Transfer:
    """One file over TCP."""

    bytes: int
    seconds: float
    busy: float  # seconds of CPUs of the board, all of them and for both ends
    frames: int  # of GEM0, data and acknowledgements


def say(text=""):
    print(text, flush=True)


def cpu_times(board):
    """Seconds of all CPUs since the start: busy, idle."""
    fields = list(map(int, board.run("head -n 1 /proc/stat").stdout.split()[1:9]))
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / 100, idle / 100


def transfer(board, end, peer, way, size):
    """A file of so many MB to or from GEM0's end; the receiver takes the time."""
    source, sink = (end, peer) if way == "sent" else (peer, end)
    before, frames_before = cpu_times(board), frames(end)
    text = sink.run(f"busybox time busybox wget -q -O /dev/null http://{source.address}/{size}", timeout=900)
    after, frames_after = cpu_times(board), frames(end)
    minutes, seconds = re.search(r"^real\s+(\d+)m ([\d.]+)s", text.replace("\r", ""), re.MULTILINE).groups()
    return Transfer(size * 1_000_000, int(minutes) * 60 + float(seconds), after[0] - before[0],
                    frames_after - frames_before)


def transfers(board, end, peer, size, times):
    """Medians of both ways, which take turns."""
    for one, other in ((end, peer), (peer, end)):
        one.run("busybox mkdir -p /files"
                f" && busybox dd if=/dev/zero of=/files/{size} bs=1000000 count={size} 2>/dev/null", timeout=120)
        # The peer's is there from the time before.
        one.run("busybox netstat -ltn | busybox grep -q :80 || busybox httpd -p 80 -h /files")
        one.run(f"ping -c 3 {other.address}", timeout=120)
    found = {way: [] for way in WAYS}
    for _ in range(times):
        for way in WAYS:
            found[way].append(transfer(board, end, peer, way, size))
            say(f"   {type(end).__name__} {way}: {found[way][-1]}")
    return {way: sorted(found[way], key=lambda one: one.seconds)[times // 2] for way in WAYS}


def measure(board, size, times):
    """Both ways with the host's own driver, then from a VM; what changes is GEM0's end only."""
    slow = 900 if board.icount else 120
    found = {}
    with identity_dma(board, HUGEPAGES):
        peer = HostEnd(board, "gem1", GEM1)
        for name, make in (("host", lambda: HostEnd(board, "gem0", GEM0)),
                           ("guest", lambda: GuestEnd(board, GEM0, slow))):
            end = make()
            found[name] = transfers(board, end, peer, size, times)
            end.close()
        peer.close()
    return found


def both_ways(transfers_of_one, figure):
    return sum(figure(transfers_of_one[way]) for way in WAYS)


def rows(found, counted):
    """The table's cells: of four CPUs, and of the one CPU whose instructions are counted."""
    def row(what, host, guest, show):
        return what, show(host), show(guest), f"{guest / host:.2f}"

    rate = "{:.1f} MB/s".format
    for way in WAYS:
        yield row(f"TCP {way}, 4 CPUs", *(found[end][way].bytes / found[end][way].seconds / 1e6
                                         for end in ("host", "guest")), rate)

    def busy(one):
        return one.busy / one.bytes * 1e9

    def instructions(one):
        return one.seconds * 1e9 / one.frames

    for what, of, figure, show in (("CPU time a MB, 4 CPUs", found, busy, "{:.1f} ms".format),
                                   ("instructions a frame", counted, instructions, "{:,.0f}".format)):
        for way in WAYS:
            yield row(f"{what}, {way}: both ends", figure(of["host"][way]), figure(of["guest"][way]), show)
        # Each way has one end of the peer, which costs the same whoever drives GEM0: with the host's
        # driver at both ends, both ways are what the two ends cost, once each.
        host = both_ways(of["host"], figure) / 2
        yield row(f"{what}: GEM0's end", host / 2, both_ways(of["guest"], figure) / 2 - host / 2, show)


def table(lines):
    lines = [("TCP over GEM0, peer: GEM1 with the host's driver", "host's driver", "VM", "VM/host"), *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    text = ["| " + " | ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width
                                                          in zip(line[1:], widths[1:]))]) + " |"
            for line in lines]
    return "\n".join([text[0], "|" + "|".join("-" * (width + 1) + ("-" if n == 0 else ":")
                                              for n, width in enumerate(widths)) + "|", *text[1:]])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--product", default=str(ROOT / "build/product"))
    parser.add_argument("--size", type=int, default=20, help="MB of each transfer")
    parser.add_argument("--times", type=int, default=5, help="transfers of each kind; their median counts")
    options = parser.parse_args()
    say("== Ethernet: the board as it is")
    with Board(product=options.product) as board:
        board.icount = False
        found = measure(board, options.size, options.times)
    say("== Ethernet: one CPU, instructions counted (minutes)")
    with Board(product=options.product, icount=True, smp=1, timeout=900) as board:
        board.icount = True
        counted = measure(board, options.size, 3)
    say(table(list(rows(found, counted))))


if __name__ == "__main__":
    main()
