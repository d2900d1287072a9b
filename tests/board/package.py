# SPDX-License-Identifier: Apache-2.0
"""The packages under test, and what of them dpkg and the board's file system show."""

import pathlib

PACKAGES = pathlib.Path(__file__).resolve().parents[2] / "build" / "packages"
UNITS = ("aliasvmd.service", "aliasvmd.socket", "vms.target", "vm@.service")

# dpkg's own books, what comes and goes by itself, and the second-last state that tools for groups keep.
PASSING = (
    *("/dev", "/proc", "/sys", "/tmp", "/var/tmp", "/var/log", "/var/lib/dpkg", "/root"),
    *("/etc/group-", "/etc/gshadow-", "/etc/.pwd.lock"),
)


def files():
    """Both packages, or a word on how they are made."""
    found = sorted(str(path) for path in PACKAGES.glob("aliasvm*.deb"))
    assert len(found) == 2, f"{found} in {PACKAGES}: run tools/build-product --tests"
    return found


def traces(board):
    """Everything on the board's root, with mode and owner, and content where that is configuration."""
    prune = " -o ".join(f"-path {path}" for path in PASSING)
    text = board.run(
        f"find / -xdev \\( {prune} \\) -prune -o -printf '%p %M %U:%G %l\\n';"
        " find /etc -type f ! -name '*-' -exec md5sum {} +;"
        " find /run -name '*aliasvm*' -o -name 'vm*'"
    ).stdout
    return set(text.splitlines())
