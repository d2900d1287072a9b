#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Formats the manual pages without a warning, and compares them with what the code has.

    man_test.py SOURCE_ROOT PROGRAM PAGE...
"""

import pathlib
import re
import shutil
import subprocess
import sys


def formatted(page):
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=300n", str(page)], capture_output=True, text=True
    )
    return done.stdout, done.stderr.strip()


def plain(page):
    """The source as a reader gets it, near enough to look for words in."""
    text = page.read_text()
    for source, reads in ((r"\-", "-"), (r"\(dq", '"'), (r"\(->", "->")):
        text = text.replace(source, reads)
    return re.sub(r"\\f[A-Z]", "", text)


def missing(page, text, words):
    return [f"{page.name}: says nothing of {word}" for word in words if not re.search(rf"(?<![\w-]){word}\b", text)]


def keys_of_configuration(root):
    sources = [(root / "common/plan" / name).read_text() for name in ("config.cpp", "alias_config.cpp")]
    return [key for source in sources for key in re.findall(r'Key\{"(\w+)"', source)]


def names_of_bus(root):
    errors = re.findall(r'"org\.aliasvm1\.Error\.(\w+)"', (root / "common/bus/names.hpp").read_text())
    model = (root / "cli/model.cpp").read_text()
    properties = re.findall(r'^    \{"(\w+)",\s', model, re.MULTILINE)
    members = "ListMachines ListDevices StartMachine StopMachine Check Warnings Reload".split()
    members += "Start Shutdown PowerOff Reset Pause PauseWithOptions Resume OpenConsole DumpDeviceTree".split()
    members += "Assign Release Quiesce".split()
    return errors + properties + members


def commands_of(program):
    listing = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z-]+) ", listing.split("Subcommands:")[1], re.MULTILINE)
    options = []
    for command in commands:
        text = subprocess.run([program, command, "--help"], capture_output=True, text=True, check=True).stdout
        options += re.findall(r"--[a-z]+", text)
    return commands + sorted(set(options))


def example_faults(page, text):
    """A line of an example is whole and by itself: a test of the board takes it from there."""
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("busctl ")]
    if not lines:
        yield f"{page.name}: no busctl example"
    for line in lines:
        if line.endswith("\\") or "org.aliasvm1" not in line:
            yield f"{page.name}: not a line to run: {line}"


def main():
    root, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    pages = {path.name: path for path in map(pathlib.Path, sys.argv[3:])}
    found = []
    groff = shutil.which("groff")
    for page in pages.values():
        text, warnings = formatted(page) if groff else ("", "")
        if warnings:
            found.append(f"{page.name}: {warnings}")
        if groff and "SEE ALSO" not in text:
            found.append(f"{page.name}: nothing came out")
    found += missing(pages["aliasvm.1"], plain(pages["aliasvm.1"]), commands_of(program))
    toml = pages["aliasvm.toml.5"]
    found += missing(toml, plain(toml), keys_of_configuration(root))
    bus = pages["org.aliasvm1.5"]
    found += missing(bus, plain(bus), names_of_bus(root))
    found += example_faults(bus, plain(bus))
    print("\n".join(found) or f"{len(pages)} pages say what there is")
    if not groff:
        print("there is no groff here: the pages were not formatted")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
