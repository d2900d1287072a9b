# SPDX-License-Identifier: Apache-2.0
"""The kernel's source: its own merging of configurations, and ZCU102's device tree."""

import functools
import os
import pathlib
import re
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
FEATURES = TOP.joinpath(
    "petalinux/meta-aliasvm/dynamic-layers/xilinx/recipes-kernel/linux/linux-xlnx",
    "aliasvm-kmeta/features/aliasvm",
)
TARGET = {"ARCH": "arm64", "CROSS_COMPILE": "aarch64-linux-gnu-"}
# The two that Debian 12 has: 6.1 is PetaLinux 2023.2's, 6.12 the emulated board's and that of 2025.
SERIES = ("6.1", "6.12")


@functools.lru_cache(None)
def tree(series):
    """The folder with source/, build/ and defconfig; a minute for the first one who asks."""
    done = subprocess.run(
        [pathlib.Path(__file__).with_name("kernel-tree"), series],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return pathlib.Path(done.stdout.strip())


def options(text):
    """CONFIG_… = value, as a .config or a fragment says it; what is "not set" is not there."""
    return dict(re.findall(r"^CONFIG_(\w+)=(.*)$", text, re.MULTILINE))


def merged(series, base, fragments, folder):
    """What a kernel would be built with: fragments onto a base, by merge_config.sh and olddefconfig."""
    at = tree(series)
    run = functools.partial(
        subprocess.run, check=True, cwd=at / "source", env=os.environ | TARGET, text=True
    )
    run(
        ["scripts/kconfig/merge_config.sh", "-m", "-O", folder, base, *fragments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    config = folder / ".config"
    make = ["make", "-s", f"O={at / 'build'}", f"KCONFIG_CONFIG={config}", "olddefconfig"]
    run(make, stdin=subprocess.DEVNULL, capture_output=True)
    return options(config.read_text())


def compile_tree(series, source, out, *includes):
    """Compiles a device tree with labels kept, as its kernel would; returns dtc's words."""
    linux = tree(series) / "source"
    folders = [linux / "include", linux / "arch/arm64/boot/dts/xilinx", *includes]
    cpp = ["cpp", "-nostdinc", "-undef", "-D__DTS__", "-x", "assembler-with-cpp"]
    cpp += [word for folder in folders for word in ("-I", folder)]
    text = subprocess.run([*cpp, source], check=True, stdout=subprocess.PIPE).stdout
    dtc = ["dtc", "-@", "-I", "dts", "-O", "dtb", "-o", out, "-"]
    dtc += [word for folder in includes for word in ("-i", folder)]
    return subprocess.run(dtc, input=text, check=True, capture_output=True).stderr.decode()


def zcu102(series):
    return tree(series) / "source/arch/arm64/boot/dts/xilinx/zynqmp-zcu102-rev1.0.dts"
