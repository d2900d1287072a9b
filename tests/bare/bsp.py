# SPDX-License-Identifier: Apache-2.0
"""What bsp.elf is sent, and what it says of that."""

import re

from machine import PRODUCT

PROGRAM = PRODUCT / "usr/share/aliasvm/guests/bsp.elf"
CHARACTERS = bytes(ord("a") + n % 26 for n in range(1000))
END = rb"bsp: ticks [^\n]*\n"


def check(text, share=1.0):
    """All characters in their order, all ticks; `share` is what the emulated machine had of its CPUs' time."""
    print(f"{text.strip()}, the board had {share:.0%} of its CPUs' time")
    ticks, edges, characters, wrong, overruns = map(int, re.search(
        r"bsp: ticks (\d+) of (\d+) characters (\d+) wrong (\d+) overruns (\d+)\s*$", text).groups())
    assert (ticks, characters, wrong, overruns) == (1000, len(CHARACTERS), 0, 0)
    # Where it stood still for others, two intervals were over before the guest could know.
    if share > 0.8:
        assert edges - ticks <= ticks // 100
