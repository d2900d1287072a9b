"""A product as a second archive behind the initramfs: the kernel unpacks one after the other."""
# SPDX-License-Identifier: Apache-2.0

import os
import shutil
import stat

# cpio "newc": a magic and 13 fields of 8 hexadecimal digits.
MAGIC = b"070701"


def _entry(out, name, mode, body, number, links=1):
    """One archive member: header, name, body, each padded to 4 bytes. All belongs to root."""
    name = name.encode() + b"\0"
    fields = (number, mode, 0, 0, links, 0, len(body), 0, 0, 0, 0, len(name), 0)
    head = MAGIC + b"".join(b"%08X" % field for field in fields) + name
    out.write(head + b"\0" * (-len(head) % 4))
    out.write(body)
    out.write(b"\0" * (-len(body) % 4))


def _body(path, mode):
    if stat.S_ISREG(mode):
        with open(path, "rb") as file:
            return file.read()
    if stat.S_ISLNK(mode):
        return os.readlink(path).encode()
    if stat.S_ISDIR(mode):
        return b""
    raise ValueError(f"pack product {path}: neither a file, a folder nor a link")


def _place(path):
    """Where a path of the product goes: on the board /lib and its like are links into /usr."""
    return ("usr/" if path.split("/")[0] in ("bin", "lib", "sbin") else "") + path


def _walk(top):
    """Every path below top, folders before what they hold, in an order that repeats."""
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(folders + files):
            yield os.path.join(folder, name)


def with_product(initramfs, product, out_path):
    """Write out_path: the initramfs, and the product tree as /product in it."""
    if not os.path.isdir(product):
        raise ValueError(f"pack product {product}: no such folder")
    with open(out_path, "wb") as out:
        with open(initramfs, "rb") as first:
            shutil.copyfileobj(first, out)
        out.write(b"\0" * (-out.tell() % 4))
        # The kernel makes no folder on its own; naming one twice does no harm.
        for number, name in enumerate(("product", "product/usr"), start=1):
            _entry(out, name, stat.S_IFDIR | 0o755, b"", number, links=2)
        for number, path in enumerate(_walk(product), start=3):
            mode = os.lstat(path).st_mode
            name = _place(os.path.relpath(path, product))
            _entry(out, "product/" + name, mode, _body(path, mode), number)
        _entry(out, "TRAILER!!!", 0, b"", 0)
