# SPDX-License-Identifier: Apache-2.0
"""Reads a flattened device tree: paths of nodes, and the bytes of their properties."""

import struct

BEGIN, END, PROPERTY, NOP = 1, 2, 3, 4


def read(file):
    """{"/axi/serial@ff010000": {"compatible": b"…"}}"""
    blob = file.read_bytes()
    magic, _, at, strings = struct.unpack_from(">4I", blob)
    assert magic == 0xD00DFEED, f"{file} is no device tree"
    nodes, path = {}, []
    while True:
        token = struct.unpack_from(">I", blob, at)[0]
        at += 4
        if token == BEGIN:
            end = blob.index(0, at)
            path.append(blob[at:end].decode())
            nodes["/".join(path) or "/"] = {}
            at = end + 4 & ~3
        elif token == END:
            path.pop()
        elif token == PROPERTY:
            size, name = struct.unpack_from(">2I", blob, at)
            name = blob[strings + name : blob.index(0, strings + name)].decode()
            nodes["/".join(path) or "/"][name] = blob[at + 8 : at + 8 + size]
            at += 8 + size + 3 & ~3
        elif token != NOP:
            return nodes


def cells(value):
    return list(struct.unpack(f">{len(value) // 4}I", value))


def strings(value):
    return value.decode().rstrip("\0").split("\0")


def labels(nodes):
    """Paths by their labels."""
    return {label: strings(path)[0] for label, path in nodes["/__symbols__"].items()}


def unpack(nodes, folder):
    """As the kernel shows it in /sys/firmware/devicetree/base: a folder a node, a file a property."""
    for path, properties in nodes.items():
        node = folder / path.lstrip("/")
        node.mkdir(parents=True, exist_ok=True)
        for name, value in properties.items():
            (node / name).write_bytes(value)
