# SPDX-License-Identifier: Apache-2.0
"""The layer in the real thing, where there is one: OE_DIR=… names a folder with oe-core or poky, bitbake, meta-oe."""

import os
import pathlib
import subprocess

import bitbake_files as bb
import pytest

OE_DIR = os.environ.get("OE_DIR")
pytestmark = pytest.mark.skipif(not OE_DIR, reason="OE_DIR names no OpenEmbedded: bitbake did not read this layer")


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A build folder with core, meta-oe, and whichever of meta-xilinx and meta-petalinux lies beside them."""
    top = pathlib.Path(OE_DIR).resolve()
    core = next(file.parent for file in sorted(top.glob("**/oe-init-build-env")))
    folder = tmp_path_factory.mktemp("oe")
    layers = [core / "meta", *sorted(top.glob("**/meta-oe"))[:1], bb.LAYER]
    layers += [path for name in ("meta-xilinx-core", "meta-petalinux") for path in sorted(top.glob(f"**/{name}"))[:1]]
    (folder / "conf").mkdir()
    text = 'BBPATH = "${TOPDIR}"\nBBFILES ?= ""\nBBLAYERS = "' + " ".join(map(str, layers)) + '"\n'
    (folder / "conf/bblayers.conf").write_text(text)
    (folder / "conf/local.conf").write_text(
        'MACHINE ?= "qemuarm64"\nDISTRO ?= "nodistro"\nCONF_VERSION = "2"\n'
        'INIT_MANAGER = "systemd"\nDISTRO_FEATURES:append = " kvm ptest"\n'
    )

    def run(command):
        script = f'. "{core}/oe-init-build-env" "{folder}" >/dev/null && {command}'
        done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    return run


def test_bitbake_reads_every_recipe(build):
    said = build("bitbake --version && bitbake -p")
    assert "ERROR" not in said and "WARNING" not in said, said


def test_the_layer_is_compatible(build):
    said = build(f"yocto-check-layer --no-auto-dependency {bb.LAYER} --dependency $(dirname $(find {OE_DIR} -name meta-oe))")
    assert "FAIL" not in said, said


@pytest.mark.parametrize("recipe", ["aliasvm", "packagegroup-aliasvm", "tomlplusplus"])
def test_a_recipe_expands(build, recipe):
    said = build(f"bitbake -e {recipe}")
    assert "\nLICENSE=" in said
