# SPDX-License-Identifier: Apache-2.0
"""The layer in the real thing, where there is one: OE_DIR=… names a folder with oe-core or poky, bitbake, meta-oe."""

import os
import pathlib
import subprocess

import bitbake_files as bb
import pytest

OE_DIR = os.environ.get("OE_DIR")
pytestmark = pytest.mark.skipif(not OE_DIR, reason="no OE_DIR: bitbake did not read this layer")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A build folder with core, meta-oe, meta-xilinx-core where it is, and what OE_LAYERS lists."""
    top = pathlib.Path(OE_DIR).resolve()
    init = sorted(top.glob("**/oe-init-build-env"))[0]
    found = [sorted(top.glob(f"**/{name}/conf/layer.conf"))[:1] for name in ("meta-oe", "meta-xilinx-core")]
    layers = [init.parent / "meta", *(conf.parents[1] for confs in found for conf in confs)]
    layers += [pathlib.Path(path) for path in os.environ.get("OE_LAYERS", "").split()]
    folder = tmp_path_factory.mktemp("oe")
    (folder / "conf").mkdir()
    (folder / "conf/bblayers.conf").write_text(
        'BBPATH = "${TOPDIR}"\nBBFILES ?= ""\n'
        f'BBLAYERS = "{" ".join(map(str, [*layers, bb.LAYER]))}"\n'
    )
    (folder / "conf/local.conf").write_text(
        'MACHINE ?= "qemuarm64"\nDISTRO ?= "nodistro"\nCONF_VERSION = "2"\n'
        'INIT_MANAGER = "systemd"\nDISTRO_FEATURES:append = " kvm ptest"\n'
    )

    def command(text):
        script = f'. "{init}" "{folder}" >/dev/null && {text}'
        done = subprocess.run(
            ["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    return command, layers


def test_bitbake_reads_every_recipe(run):
    said = run[0]("bitbake --version && bitbake -p")
    assert "ERROR" not in said and "WARNING" not in said, said


def test_the_layer_is_compatible(run):
    command, layers = run
    others = " ".join(map(str, layers[1:]))
    said = command(f"yocto-check-layer {bb.LAYER} --no-auto-dependency --dependency {others}")
    assert "FAIL" not in said, said


@pytest.mark.parametrize("recipe", ["aliasvm", "packagegroup-aliasvm", "tomlplusplus"])
def test_a_recipe_expands(run, recipe):
    assert "\nLICENSE=" in run[0](f"bitbake -e {recipe}")
