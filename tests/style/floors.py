#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fails where a source file includes from a floor that it may not stand on."""

import pathlib
import re
import sys

# folder: the folders it may include from, beside itself
MAY_INCLUDE = {
    "common/base": set(),
    "common/bus": {"common/base"},
    "common/kvm": {"common/base"},
    "common/stats": {"common/base"},
    "common/vfio": {"common/base"},
    "common/fdt": {"common/base"},
    "common/plan": {"common/base", "common/fdt"},
    "common/facts": {"common/base", "common/plan"},
    "common/quiesce": {"common/base"},
    "devices": {"common/base", "common/kvm", "common/vfio"},
    "vmm/machine": {
        *("common/base", "common/kvm", "common/vfio", "common/fdt", "common/plan", "common/quiesce", "devices"),
    },
    "vmm/control": {
        *("common/base", "common/bus", "common/kvm", "common/stats", "common/vfio", "common/fdt", "common/plan"),
        *("common/facts", "devices", "vmm/machine"),
    },
    "daemon": {
        *("common/base", "common/bus", "common/stats", "common/vfio", "common/fdt", "common/plan", "common/facts"),
        "common/quiesce",
    },
    "cli": {"common/base", "common/bus", "common/fdt", "common/plan", "common/facts"},
}
PROGRAMS = {"vmm/main.cpp", "daemon/main.cpp"}  # the roof includes from anywhere

# Words of an interface to the kernel, and the only folder that may say them.
WORDS = {r"\bKVM_[A-Z]": "common/kvm", r"\bVFIO_[A-Z]": "common/vfio"}


def folder_of(path):
    return max((f for f in MAY_INCLUDE if path.startswith(f + "/")), key=len, default=None)


def uncommented(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"", "", text, flags=re.DOTALL)


def faults(root):
    for file in sorted(root.rglob("*.?pp")):
        path = file.relative_to(root).as_posix()
        folder = folder_of(path)
        if path.split("/")[0] not in ("common", "devices", "vmm", "daemon", "cli") or path in PROGRAMS:
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
