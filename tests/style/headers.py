#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles every header alone, so that none leans on what its user included before."""

import concurrent.futures
import pathlib
import subprocess
import sys


def compile_alone(root, header, compiler):
    done = subprocess.run(
        [*compiler, "-fsyntax-only", "-I", str(root), "-x", "c++", "-"],
        input=f'#include "{header}"\n#include "{header}"\n',
        capture_output=True,
        text=True,
    )
    return f"{header}:\n{done.stderr}" if done.returncode else None


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
    headers = [
        str(path.relative_to(root))
        for folder in ("common", "devices", "vmm", "daemon", "cli")
        for path in sorted((root / folder).rglob("*.hpp"))
    ]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda header: compile_alone(root, header, compiler), headers)
        failed = [result for result in results if result]
    print("\n".join(failed) or f"{len(headers)} headers compile alone")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
