# SPDX-License-Identifier: Apache-2.0
"""Reads recipes as far as a layer's look over needs it: assignments, in the order in which they stand."""

import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
LAYER = TOP / "petalinux/meta-aliasvm"
ASSIGNMENT = re.compile(r'^([A-Za-z_][\w:${}-]*(?:\[\w+\])?)\s*(\?\?=|\?=|:=|\+=|\.=|=\+|=\.|=)\s*"(.*)"$')


def files(*suffixes):
    return sorted(file for file in LAYER.rglob("*") if file.suffix in suffixes and file.is_file())


def logical_lines(file):
    """Lines without comments, with their continuations joined."""
    text = re.sub(r"\\\n", "", file.read_text())
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def assignments(file):
    """(name, operator, value)"""
    return [match.groups() for match in map(ASSIGNMENT.match, logical_lines(file)) if match]


def value(file, name):
    """All that a recipe says of a variable, one after the other."""
    said = [text for variable, _, text in assignments(file) if re.sub(r":(append|prepend)$", "", variable) == name]
    return " ".join(" ".join(said).split())


# As bitbake.conf and the classes have them, on a release with usrmerge.
PATHS = {
    "bindir": "/usr/bin",
    "libexecdir": "/usr/libexec",
    "datadir": "/usr/share",
    "mandir": "/usr/share/man",
    "nonarch_libdir": "/usr/lib",
    "nonarch_base_libdir": "/usr/lib",
    "sysconfdir": "/etc",
    "systemd_system_unitdir": "/usr/lib/systemd/system",
    "BPN": "aliasvm",
}


def expand(text):
    return re.sub(r"\$\{(\w+)\}", lambda match: PATHS.get(match[1], match[0]), text)
