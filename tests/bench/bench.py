#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what aliasvm costs, bare machine beside VM, and whether that keeps the targets."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import figures
import quiet_board
from verdicts import CAUSES, ROWS

ROOT = pathlib.Path(__file__).resolve().parents[2]
VMM = "usr/libexec/aliasvm/aliasvm-vmm"
GUEST = "usr/share/aliasvm/guests/bench.elf"
PROGRAMS = ("exec_clock", "console_text", "bench_broker")
HEAD = ("what", "bare machine", "VM", "target", "")


def say(text=""):
    print(text, flush=True)


def measure(product, programs):
    """All figures of bare machine and board, by name."""
    with tempfile.TemporaryDirectory(prefix="aliasvm-bench-") as folder:
        initramfs = pathlib.Path(folder, "initrd.img")
        quiet_board.pack(product, programs, initramfs)
        say("== counting instructions: bench.elf alone on the emulated machine")
        alone = quiet_board.on_bare_machine(product / GUEST)
        say("== counting instructions: the board and its VMs (minutes)")
        found = figures.of_board(*quiet_board.on_board(initramfs))
    found |= {f"bare {name}": value for name, value in figures.medians(alone).items()}
    found["stripped size"] = (product / VMM).stat().st_size
    return found


def bare_rows(found):
    """The table's cells without what they should be."""
    return [(row.what, row.show(found[row.bare]) if row.bare in found else "", row.show(found[row.name]))
            for row in ROWS]


def rows(found):
    """The table's cells, and the reasons that belong below it."""
    lines, reasons = [], []
    for row in ROWS:
        vm = found[row.name]
        verdict = ""
        if row.target:
            verdict = "met" if row.met(vm) else "missed"
            cause = CAUSES.get(row.name)
            if verdict == "missed":
                reasons.append(f"{row.what}: {cause or 'no cause known yet'}")
                verdict += f" [{len(reasons)}]"
        bare = row.show(found[row.bare]) if row.bare in found else ""
        lines.append((row.what, bare, row.show(vm), row.target, verdict))
    return lines, reasons


def table(lines):
    """Markdown that can be read as it is."""
    lines = [HEAD[:len(lines[0])], *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    # Figures to the right, words to the left.
    aligned = [str.ljust, str.rjust, str.rjust, str.ljust, str.ljust]
    text = ["| " + " | ".join(fit(cell, width) for fit, cell, width in zip(aligned, line, widths)) + " |"
            for line in lines]
    rules = ["-" * (width + 1) + (":" if fit is str.rjust else "-") for fit, width in zip(aligned, widths)]
    return "\n".join([text[0], "|" + "|".join(rules) + "|", *text[1:]])


def native(program, seconds):
    """Times of the building machine; they say nothing about the board."""
    say("\n== micro-benchmarks of this machine, in its own time: they differ from run to run")
    sys.stdout.flush()
    subprocess.run([program, f"--benchmark_min_time={seconds}"], check=True, stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--product", type=pathlib.Path, default=ROOT / "build/product")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/arm64/tests/bench",
                        help="folder with exec_clock and console_text, for the board")
    parser.add_argument("--native", type=pathlib.Path, help="google-benchmark program to run as well")
    parser.add_argument("--short", action="store_true", help="compare nothing: show that it can be measured")
    options = parser.parse_args()

    found = measure(options.product, [options.programs / name for name in PROGRAMS])
    lines, reasons = (bare_rows(found), []) if options.short else rows(found)
    say("\n== icount part: instructions, not A53 cycles; the same in each run")
    say(table(lines))
    for number, reason in enumerate(reasons, 1):
        say(f"[{number}] {reason}")
    if options.native:
        native(options.native, 0.001 if options.short else 0.2)


if __name__ == "__main__":
    main()
