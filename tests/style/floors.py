#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fails where a source file includes from a floor that it may not stand on.

The floors are those of the table in docs/house.md. The build file brings its folders in the same order, README names
every folder at the top, and no source file is longer than a person reads at once.
"""

import pathlib
import re
import sys

TOP = ("common", "devices", "vmm", "daemon", "cli")
LONGEST = 400  # lines of one file

# Words of an interface to the kernel, and the only folder that may say them.
WORDS = {r"\bKVM_[A-Z]": "common/kvm", r"\bVFIO_[A-Z]": "common/vfio"}


def read_floors(page):
    """folder: the folders it may include from beside itself, in the order of the page.

    A row's last column names folders, or a folder with /* for all that stand in it above that row, or "any".
    """
    floors = {}
    for row in re.findall(r"^\| F\d+ \|(.*)\|$", page.read_text(), re.MULTILINE):
        cells = row.split("|")
        allowed = set()
        for name in re.findall(r"`([^`]+)`|(any)", cells[-1]):
            word = name[0] or name[1]
            if word == "any":
                allowed |= set(floors)
            elif word.endswith("/*"):
                allowed |= {f for f in floors if f.startswith(word[:-1])}
            else:
                allowed.add(word)
        for folder in re.findall(r"`([^`]+)`", cells[0]):
            unknown = allowed - set(floors)
            if unknown:
                sys.exit(f"{page}: {folder} may include {sorted(unknown)}, which do not stand below it")
            floors[folder] = allowed
    return floors


def folder_of(path, floors):
    if path in floors:  # a file that stands above its folder
        return path
    return max((f for f in floors if path.startswith(f + "/")), key=len, default=None)


def uncommented(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"", "", text, flags=re.DOTALL)


def faults_of(path, text, floors):
    folder = folder_of(path, floors)
    if folder is None:
        yield f"{path}: no floor; add its folder to the table in docs/house.md"
        return
    lines = text.splitlines()
    if len(lines) > LONGEST:
        yield f"{path}: {len(lines)} lines; {LONGEST} are the most: make two rooms of it"
    for number, line in enumerate(lines, 1):
        included = re.match(r'#include "([^"]+)"', line)
        if not included:
            continue
        target = folder_of(included.group(1), floors)
        if target != folder and target not in floors[folder]:
            yield f"{path}:{number}: {folder} must not include {included.group(1)}"
    for word, home in WORDS.items():
        found = re.search(word, uncommented(text))
        if found and folder != home:
            yield f"{path}: says {found.group(0)}…, which only {home} may"


def build_order(folder, root):
    """The folders that the build files bring in, in the order of their libraries: a folder's comes after its rooms'."""
    for name in re.findall(r"^\s*subdir\('([^']+)'\)", (folder / "meson.build").read_text(), re.MULTILINE):
        yield from build_order(folder / name, root)
        yield (folder / name).relative_to(root).as_posix()


def faults(root):
    floors = read_floors(root / "docs/house.md")
    if not floors:
        yield "docs/house.md: no table of floors"
    for top in TOP:
        for file in sorted((root / top).rglob("*.?pp")):
            yield from faults_of(file.relative_to(root).as_posix(), file.read_text(), floors)
    for folder in floors:
        if not (root / folder).exists():
            yield f"docs/house.md: there is no {folder}"
    built = [folder for folder in build_order(root, root) if folder in floors]
    for folder in built:
        later = floors[folder] & set(built[built.index(folder) :])
        if later - {folder}:
            yield f"meson.build: {folder} comes before {sorted(later)}, on which it stands"
    readme = (root / "README.md").read_text()
    for folder in sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith((".", "build"))):
        if f"`{folder}`" not in readme:
            yield f"README.md: its table of the house lacks {folder}"


def main():
    found = list(faults(pathlib.Path(sys.argv[1])))
    print("\n".join(found) or "every include leads down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
