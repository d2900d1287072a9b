# SPDX-License-Identifier: Apache-2.0
"""Kernel features: the kernel's own Kconfig keeps every option that the layer's fragments ask for."""

import textwrap

import kernel
import pytest

FRAGMENTS = ("aliasvm-host.cfg", "aliasvm-guest.cfg")

# What any kernel that boots a ZynqMP from an SD card has; none of the fragments' options follows from it.
BARE = """
CONFIG_ARCH_ZYNQMP=y CONFIG_MODULES=y CONFIG_SMP=y CONFIG_NET=y CONFIG_INET=y CONFIG_TTY=y
CONFIG_NETDEVICES=y CONFIG_ETHERNET=y CONFIG_NET_VENDOR_CADENCE=y CONFIG_PHYLIB=y CONFIG_COMMON_CLK=y
CONFIG_GPIOLIB=y CONFIG_INPUT=y CONFIG_INPUT_KEYBOARD=y CONFIG_PTP_1588_CLOCK=n
"""


def bare(folder):
    config = folder / "bare.config"
    config.write_text("\n".join(BARE.split()) + "\n")
    return config


@pytest.mark.parametrize("series", kernel.SERIES)
@pytest.mark.parametrize("base", ["defconfig", "bare"])
def test_every_option_is_kept(series, base, tmp_path, capsys):
    asked = {}
    for name in FRAGMENTS:
        asked |= kernel.options((kernel.FEATURES / name).read_text())
    onto = bare(tmp_path) if base == "bare" else kernel.tree(series) / "defconfig"
    final = kernel.merged(series, onto, [kernel.FEATURES / name for name in FRAGMENTS], tmp_path)
    with capsys.disabled():
        ends = (f"{option}={final.get(option, 'not set')}" for option in asked)
        print("\n" + textwrap.fill(f"{kernel.tree(series).name}, {base}: {' '.join(ends)}", 100))
    lost = {option: final.get(option) for option, value in asked.items() if final.get(option) != value}
    assert asked and not lost


def test_no_option_is_asked_for_twice():
    host, guest = ((kernel.FEATURES / name).read_text() for name in FRAGMENTS)
    both = [line for line in (host + guest).splitlines() if line.startswith("CONFIG_")]
    assert len(both) == len(kernel.options(host)) + len(kernel.options(guest))
    assert not kernel.options(host).keys() & kernel.options(guest).keys()
