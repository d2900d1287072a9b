#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what a GEM in a VM costs: TCP against the same GEM with the host's own driver, both with one peer."""

import argparse
import re
from dataclasses import dataclass

import ethernet_frames
from ethernet_ends import HUGEPAGES, ROOT, GuestEnd, HostEnd

from board import Board  # noqa: E402  (ethernet_ends has put it on the path)
from ethernet import identity_dma  # noqa: E402

GEM0, GEM1 = "10.0.0.1", "10.0.0.2"
WAYS = ("sent", "received")
LOOPS = 11


@dataclass
class Transfer:
    """One file over TCP."""

    bytes: int
    seconds: float
    busy: float  # seconds of CPUs of the board, all of them and for both ends


def say(text=""):
    print(text, flush=True)


def busy_seconds(board):
    """Of all CPUs since the start, and their guests."""
    fields = list(map(int, board.run("head -n 1 /proc/stat").stdout.split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / 100  # without idle and iowait


def transfer(board, end, peer, way, size):
    """A file of so many MB to or from GEM0's end; the receiver takes the time."""
    source, sink = (end, peer) if way == "sent" else (peer, end)
    before = busy_seconds(board)
    text = sink.run(f"busybox time busybox wget -q -O /dev/null http://{source.address}/{size}", timeout=900)
    busy = busy_seconds(board) - before
    minutes, seconds = re.search(r"^real\s+(\d+)m ([\d.]+)s", text.replace("\r", ""), re.MULTILINE).groups()
    return Transfer(size * 1_000_000, int(minutes) * 60 + float(seconds), busy)


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


def measure(product, size, times):
    """Both ways with the host's own driver, then from a VM; what changes is GEM0's end only."""
    found = {}
    with Board(product=product) as board, identity_dma(board, HUGEPAGES):
        peer = HostEnd(board, "gem1", GEM1)
        for name, make in (("host", lambda: HostEnd(board, "gem0", GEM0)), ("VM", lambda: GuestEnd(board, GEM0))):
            end = make()
            found[name] = transfers(board, end, peer, size, times)
            end.close()
        peer.close()
    return found


def both_ways(transfers_of_one, figure):
    return sum(figure(transfers_of_one[way]) for way in WAYS)


def rows(found, bare, in_vm, interrupts):
    """The table's cells."""
    def row(what, host, guest, show):
        return what, show(host), show(guest), f"{guest / host:.2f}"

    def rate(one):
        return one.bytes / one.seconds / 1e6

    def busy(one):
        return one.busy / one.bytes * 1e9

    yield row("net.elf, instructions a frame sent and received [1]", bare, in_vm, "{:,.0f}".format)
    yield "of these frames' interrupts, for each frame", "", f"{interrupts:.2f}", ""
    for way in WAYS:
        yield row(f"Linux, TCP {way} [2]", rate(found["host"][way]), rate(found["VM"][way]), "{:.1f} MB/s".format)
    # Each way has one end of the peer, which costs the same whoever drives GEM0: with the host's driver
    # at both ends, both ways are what the two ends cost, once each.
    host = both_ways(found["host"], busy) / 2
    yield row("Linux, CPU time of GEM0's end a MB [3]", host / 2, both_ways(found["VM"], busy) / 2 - host / 2,
              "{:.0f} ms".format)


def table(lines):
    lines = [("Ethernet", "no VM", "VM", "ratio"), *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    text = ["| " + " | ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width
                                                          in zip(line[1:], widths[1:]))]) + " |"
            for line in lines]
    return "\n".join([text[0], "|" + "|".join("-" * (width + 1) + ("-" if n == 0 else ":")
                                              for n, width in enumerate(widths)) + "|", *text[1:]])


NOTES = """[1] -icount: bare machine and VM run the same net.elf, whose own work is in it.
[2] In the emulator's time, so roughly: macb on GEM0, the host's own or that of a VM; at the other end the host's
    macb on GEM1. Medians of wget from httpd.
[3] From the board's /proc/stat: both ends' time, less what one end takes where the host's macb drives both."""


def short(product):
    """Everything once, but for Linux in a VM, whose start takes the most: tests/board has that."""
    say("== a frame in loopback, bare machine and VM; TCP between two GEMs of the host")
    bare = ethernet_frames.on_bare_machine(product, loops=1)
    with Board(product=product) as board, identity_dma(board, HUGEPAGES):
        ends = HostEnd(board, "gem0", GEM0), HostEnd(board, "gem1", GEM1)
        found = transfers(board, *ends, size=1, times=1)
        for end in ends:
            end.close()
        in_vm, interrupts = ethernet_frames.in_vm(board, loops=1)
    say(f"   a frame: {bare:.0f} instructions on the bare machine; in a VM {in_vm:.0f} ns of the emulator's time,"
        f" {interrupts:.2f} interrupts")
    figures = [bare, in_vm, interrupts, *(figure for one in found.values() for figure in (one.seconds, one.busy))]
    if min(figures) <= 0:
        raise RuntimeError(f"measure: a figure is nothing: {figures}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--product", default=str(ROOT / "build/product"))
    parser.add_argument("--size", type=int, default=8, help="MB of each transfer")
    parser.add_argument("--times", type=int, default=5, help="transfers of each kind; their median counts")
    parser.add_argument("--short", action="store_true", help="compare nothing: show that it can be measured")
    options = parser.parse_args()
    if options.short:
        short(options.product)
        return
    say("== counting instructions: a frame in loopback, bare machine and VM")
    bare = ethernet_frames.on_bare_machine(options.product, LOOPS)
    in_vm, interrupts = ethernet_frames.in_counted_vm(options.product, LOOPS)
    say("== TCP on the board, in its time: it differs from run to run, and with what else this machine does")
    found = measure(options.product, options.size, options.times)
    say(table(list(rows(found, bare, in_vm, interrupts))))
    say(NOTES)


if __name__ == "__main__":
    main()
