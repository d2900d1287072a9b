#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every source file says its licence first, and then its purpose."""

import pathlib
import subprocess
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    names = subprocess.run(
        ["git", "-C", str(root), "ls-files", "*.cpp", "*.hpp", "*.c", "*.h", "*.S", "*.py", "*.sh"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    found = []
    for name in names:
        lines = (root / name).read_text().splitlines()[:4]
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines):
            found.append(f"{name}: no SPDX line at its top")
    print("\n".join(found) or f"{len(names)} files say their licence")
    return 1 if found or not names else 0


if __name__ == "__main__":
    sys.exit(main())
