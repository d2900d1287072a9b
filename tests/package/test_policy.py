# SPDX-License-Identifier: Apache-2.0
"""The packages by Debian's rules: lintian, and dependencies that are the programs' own."""

import pathlib
import re
import subprocess

from board import cache_folder
from conftest import BUILD, run


def test_lintian_finds_no_error():
    (changes,) = (BUILD / "packages").glob("*.changes")
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning", str(changes)],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0 and not re.search("^[EW]:", done.stdout, re.M), done.stdout + done.stderr


def owner(library):
    """The package of the board's system that has a library, by dpkg's own books there."""
    books = pathlib.Path(cache_folder(), "sysroot/var/lib/dpkg/info")
    found = [
        book.name.removesuffix(".list").split(":")[0]
        for book in books.glob("*.list")
        if re.search(rf"^(/usr)?/lib/aarch64-linux-gnu/{re.escape(library)}$", book.read_text(), re.M)
    ]
    assert len(found) == 1, (library, found)
    return found[0]


def test_depends_are_the_owners_of_the_libraries_that_programs_need(aliasvm):
    needed = set()
    for program in aliasvm.programs():
        text = run("aarch64-linux-gnu-readelf", "-d", program)
        libraries = set(re.findall(r"\(NEEDED\).*\[(.+)\]", text))
        assert "libc.so.6" in libraries
        needed |= {owner(name) for name in libraries - {"ld-linux-aarch64.so.1"}}
    named = {re.split(r"[ |]", word.strip())[0] for word in aliasvm.field("Depends").split(",")}
    libraries = {name for name in named if name.startswith("lib")}
    assert libraries == needed, aliasvm.field("Depends")
    assert {"libc6", "libsystemd0", "libseccomp2"} <= needed


def test_what_is_asked_of_the_system_is_named(aliasvm):
    assert "systemd (>= 252)" in aliasvm.field("Depends")
    assert "dbus-system-bus" in aliasvm.field("Depends")
    assert aliasvm.field("Recommends") == "polkitd"
    assert "systemd-container" in aliasvm.field("Suggests")
    assert aliasvm.field("Architecture") == "arm64"
