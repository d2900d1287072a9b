"""RAM of the emulated ZCU102: 2 GiB from 0, and what is more from 0x8_0000_0000, as on the real one."""
# SPDX-License-Identifier: Apache-2.0

import re
import shutil
import subprocess

LOW_SIZE, HIGH_BEGIN = 2 << 30, 0x8_0000_0000


def size_of(text):
    """Bytes of "512M" or "4G"."""
    found = re.fullmatch(r"([1-9]\d*)([MG])", text)
    if not found:
        raise ValueError(f'boot the board: memory "{text}" is no size; write 512M, or 2G')
    return int(found[1]) << {"M": 20, "G": 30}[found[2]]


def tree_with(tree, memory, path):
    """A device tree for a board with so much RAM: the same, or one written to path.

    QEMU puts a node of its own in the place of the tree's, which has all RAM in one piece from 0, over the devices.
    Where that is more than 2 GiB, the tree says what of it to use: this Linux takes it as kdump means it.
    """
    high = size_of(memory) - LOW_SIZE
    if high <= 0:
        return tree
    shutil.copyfile(tree, path)
    cells = [f"{half:x}" for number in (0, LOW_SIZE, HIGH_BEGIN, high) for half in (number >> 32, number & 0xFFFFFFFF)]
    subprocess.run(["fdtput", "-t", "x", path, "/chosen", "linux,usable-memory-range", *cells], check=True)
    return path
