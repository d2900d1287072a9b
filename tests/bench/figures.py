# SPDX-License-Identifier: Apache-2.0
"""From what guests and board printed to figures."""

import re

RAM = {"one": 64 << 20, "four": 64 << 20}  # bytes, as the configurations say


def sections(text):
    """What came after each "== NAME", by name."""
    parts = re.split(r"^== (\S+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def medians(text):
    """The guest's "bench: NAME median M …", by name."""
    return {name: float(value) for name, value in re.findall(r"^bench: (\S+) median ([\d.]+)", text, re.MULTILINE)}


def _number(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise ValueError(f"evaluate: no {pattern!r} in {text[-1500:]!r}")
    return int(found[1])


def first_instruction(section, guest_text):
    """Nanoseconds from exec to the guest's first instruction: both read one counter of 1 GHz."""
    return _number(r"^first: cntpct (\d+)", guest_text) - _number(r"^exec: cntvct (\d+)", section)


def first_entry(section):
    """Nanoseconds from exec to the kernel's first entry into the guest; its trace has microseconds."""
    traced = re.search(r"\s(\d+)\.(\d{6}): kvm_entry", section)
    if not traced:
        raise ValueError(f"evaluate: no first entry in {section!r}")
    return int(traced[1] + traced[2]) * 1000 - _number(r" raw (\d+)", section)


def memory(section, ram):
    """Bytes of a VM's process beside its guest's RAM: resident in all, and of that anonymous."""
    resident = anonymous = 0
    found = False
    for begin, end, body in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (.*?)(?=^[0-9a-f]+-|^Threads|\Z)", section,
                                       re.MULTILINE | re.DOTALL):
        if int(end, 16) - int(begin, 16) == ram:
            found = True
            continue
        resident += _number(r"^Rss:\s+(\d+) kB", body)
        anonymous += _number(r"^Anonymous:\s+(\d+) kB", body)
    if not found:
        raise ValueError("evaluate: the guest's RAM is no mapping of its own")
    return resident * 1024, anonymous * 1024


def threads(section):
    return _number(r"^Threads:\s+(\d+)", section)


def of_board(uart0, uart1):
    """All figures of one run, by name."""
    part = sections(uart0)
    if "end" not in part:
        raise ValueError(f"evaluate: the board did not come to its end:\n{uart0[-3000:]}")
    try:
        figures = {f"passthrough {name}": value for name, value in medians(uart1).items()}
        figures |= {f"emulated {name}": value for name, value in medians(part["emulated"]).items()}
        figures["first instruction"] = first_instruction(part["first"], uart1)
        figures["first entry tiny"] = first_entry(part["tiny"])
        figures["first entry Linux"] = first_entry(part["linux"])
        for name, ram in RAM.items():
            figures[f"memory {name}"], figures[f"anonymous {name}"] = memory(part[name], ram)
            figures[f"threads {name}"] = threads(part[name])
    except ValueError as error:
        raise ValueError(f"{error}\nThe board's last words:\n{part['logs']}") from None
    return figures
