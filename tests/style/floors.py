#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fails where a source file includes from a floor that it may not stand on."""

import pathlib
import re
import sys

# folder: the folders it may include from, beside itself
MAY_INCLUDE = {
    "vmm/base": set(),
    "vmm/bus": {"vmm/base"},
    "vmm/kvm": {"vmm/base"},
    "vmm/stats": {"vmm/base"},
    "vmm/vfio": {"vmm/base"},
    "vmm/fdt": {"vmm/base"},
    "vmm/plan": {"vmm/base", "vmm/fdt"},
    "vmm/facts": {"vmm/base", "vmm/plan"},
    "vmm/quiesce": {"vmm/base"},
    "devices": {"vmm/base", "vmm/kvm", "vmm/vfio"},
    "vmm/machine": {
        *("vmm/base", "vmm/kvm", "vmm/vfio", "vmm/fdt", "vmm/plan", "vmm/quiesce", "devices"),
    },
    "vmm/control": {
        *("vmm/base", "vmm/bus", "vmm/kvm", "vmm/stats", "vmm/vfio", "vmm/fdt", "vmm/plan"),
        *("vmm/facts", "devices", "vmm/machine"),
    },
    "daemon": {
        *("vmm/base", "vmm/bus", "vmm/stats", "vmm/vfio", "vmm/fdt", "vmm/plan", "vmm/facts"),
        "vmm/quiesce",
    },
    "cli": {"vmm/base", "vmm/bus", "vmm/fdt", "vmm/plan", "vmm/facts"},
}
PROGRAMS = {"vmm/main.cpp", "daemon/main.cpp"}  # the roof includes from anywhere

# Words of an interface to the kernel, and the only folder that may say them.
WORDS = {r"\bKVM_[A-Z]": "vmm/kvm", r"\bVFIO_[A-Z]": "vmm/vfio"}


def folder_of(path):
    return max((f for f in MAY_INCLUDE if path.startswith(f + "/")), key=len, default=None)


def uncommented(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"", "", text, flags=re.DOTALL)


def faults(root):
    for file in sorted(root.rglob("*.?pp")):
        path = file.relative_to(root).as_posix()
        folder = folder_of(path)
        if path.split("/")[0] not in ("vmm", "daemon", "devices", "cli") or path in PROGRAMS:
            continue
        if folder is None:
            yield f"{path}: no floor; add its folder to tests/style/floors.py and the design"
            continue
        text = file.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            included = re.match(r'#include "([^"]+)"', line)
            if not included:
                continue
            target = folder_of(included.group(1))
            if target != folder and target not in MAY_INCLUDE[folder]:
                yield f"{path}:{number}: {folder} must not include {included.group(1)}"
        for word, home in WORDS.items():
            found = re.search(word, uncommented(text))
            if found and folder != home:
                yield f"{path}: says {found.group(0)}…, which only {home} may"


def main():
    found = list(faults(pathlib.Path(sys.argv[1])))
    print("\n".join(found) or "every include leads down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
