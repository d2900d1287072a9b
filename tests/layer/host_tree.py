# SPDX-License-Identifier: Apache-2.0
"""The device tree of a ZCU102 that gives devices away: the kernel's, with dts/host applied to it."""

import re
import subprocess

import fdt
import kernel

HOST = kernel.TOP / "dts/host"


def overlays(folder):
    """Every overlay, compiled as dts/meson.build does; {name: (file, dtc's words)}."""
    done = {}
    for source in sorted(HOST.glob("aliasvm-*.dtsi")):
        if source.stem == "aliasvm-give-away":
            continue  # a list of the others
        text = (HOST / "overlay.dts.in").read_text().replace("@file@", source.stem)
        out = folder / (source.stem + ".dtbo")
        dtc = ["dtc", "-@", "-i", HOST, "-I", "dts", "-O", "dtb", "-o", out, "-"]
        words = subprocess.run(dtc, input=text.encode(), check=True, capture_output=True).stderr
        done[source.stem] = (out, words.decode())
    return done


def labels_of(name):
    """The nodes that a file names."""
    return re.findall(r"^&(\w+) \{", (HOST / f"{name}.dtsi").read_text(), re.MULTILINE)


def applied(base, names, folder):
    """fdtoverlay of some onto a base; all that the base has nodes for if `names` is None."""
    made = overlays(folder)
    known = fdt.labels(fdt.read(base))
    if names is None:
        names = [name for name in made if all(label in known for label in labels_of(name))]
    # The SMMU's node first: what is given away points at it.
    names = sorted(names, key=lambda name: not name.startswith("aliasvm-host"))
    out = folder / "applied.dtb"
    files = [made[name][0] for name in names]
    subprocess.run(["fdtoverlay", "-i", base, "-o", out, *files], check=True)
    return out, names


def warnings(file):
    """What dtc says of a compiled tree, without the lines' places."""
    dtc = ["dtc", "-I", "dtb", "-O", "dts", "-o", "/dev/null", file]
    done = subprocess.run(dtc, check=True, capture_output=True)
    return sorted(line.split("Warning ", 1)[-1] for line in done.stderr.decode().splitlines())
