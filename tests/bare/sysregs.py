# SPDX-License-Identifier: Apache-2.0
"""What sysregs.elf says, and that of the bare machine."""

import functools
import re

from machine import PRODUCT, Folder, Machine, guest, stream


PROGRAM = PRODUCT / "usr/share/aliasvm/guests/sysregs.elf"


@functools.lru_cache(None)
def bare():
    """All that it says on the bare machine, below whose EL1 there is an EL2 as on the board."""
    with Folder() as folder:
        arguments = [*guest(PROGRAM), "-machine", "virtualization=on"]
        with Machine(folder, 1, stream(folder, 1), arguments) as machine:
            return machine.run().port.read_until(r"sysregs: end", 60).decode()


def kinds(text):
    """{register: "ok", "undefined", or each of "read" and "write" with its own}."""
    found = {}
    for name, acts in re.findall(r"sysregs: ([A-Z]\w+)((?: (?:read|write) \w+)+)\r?\n", text):
        each = {act: "undefined" if what == "undef" else "ok" for act, what in re.findall(r"(read|write) (\w+)", acts)}
        alike = len(set(each.values())) == 1
        found[name] = next(iter(each.values())) if alike else ", ".join(f"{act} {what}" for act, what in each.items())
    return found


def found(text):
    """{register: value} of the performance counters before the guest has written any, but for what they can do."""
    values = re.findall(r"sysregs: (PM(?!CR|CEID)\w+) read 0x(\w+)", text)
    selected = re.search(r"sysregs: pmu selects (\d+)", text)[1]
    return {name: int(value, 16) for name, value in values} | {"PMSELR_EL0": int(selected)}


def counters(text):
    return int(re.search(r"sysregs: pmu counters (\d+)", text)[1])


def rate(text):
    """Cycles that were counted in two equal spans."""
    return [int(count) for count in re.search(r"sysregs: pmu cycles (\d+) (\d+)", text).groups()]


def overflow(text, which):
    return re.search(rf"sysregs: pmu {which} overflow ([^\r\n]*)", text)[1]
