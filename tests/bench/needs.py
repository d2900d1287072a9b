#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Says what run-bench will miss, before minutes are spent on what comes before it."""

import importlib
import os
import pathlib
import shutil
import sys

PROGRAMS = ("qemu-system-aarch64", "setpriv", "ssh", "dtc", "fdtput", "aarch64-linux-gnu-g++",
            "aarch64-linux-gnu-readelf", "dpkg-buildpackage", "meson", "ninja")
HEADERS = ("/usr/include/benchmark/benchmark.h",)
# Bytes. The board's root, its tree for the counting and that packed; and the RAM of the board.
TEMPORARY, RAM = 600 << 20, 3 << 30


def available_ram():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("MemAvailable:"))


def missing():
    """What is wrong, one line each."""
    for program in PROGRAMS:
        if not shutil.which(program):
            yield f"{program} is not installed; see tools/packages.txt and board/packages.txt"
    for header in HEADERS:
        if not os.path.exists(header):
            yield f"{header} is missing; see tools/packages.txt"
    free = shutil.disk_usage(os.environ.get("TMPDIR", "/tmp")).free
    if free < TEMPORARY:
        yield f"there are {free >> 20} MiB left for temporary files, and it takes {TEMPORARY >> 20}"
    if available_ram() < RAM:
        yield f"there are {available_ram() >> 20} MiB of RAM left, and the board takes {RAM >> 20}"
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    for module in ("bench", "ethernet_bench"):
        try:
            importlib.import_module(module)
        except Exception as error:
            yield f"tests/bench/{module}.py does not load: {type(error).__name__}: {error}"


if __name__ == "__main__":
    found = list(missing())
    for line in found:
        print(f"run-bench: {line}", file=sys.stderr)
    sys.exit(1 if found else 0)
