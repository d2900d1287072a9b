# SPDX-License-Identifier: Apache-2.0
"""aliasvm doctor against the layer: it asks for the options of aliasvm-host.cfg, and likes our host's tree."""

import json
import os
import pathlib
import re
import subprocess

import fdt
import host_tree
import kernel
import pytest

BUILD = pathlib.Path(os.environ.get("ALIASVM_BUILD", kernel.TOP / "build/asan"))
HOST = kernel.options((kernel.FEATURES / "aliasvm-host.cfg").read_text())


def doctor(root):
    command = [BUILD / "cli/aliasvm", "--catalogue", BUILD / "dts/zynqmp.dtb", "doctor", "--json"]
    done = subprocess.run([*command, "--root", root], stdout=subprocess.PIPE, text=True)
    assert done.returncode in (0, 1), "doctor did not run"
    return {check["check"]: check for check in json.loads(done.stdout)["checks"]}


def kernel_options(root, config):
    file = root / f"boot/config-{os.uname().release}"
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"CONFIG_{name}={value}\n" for name, value in config.items()))
    return doctor(root)["kernel-options"]


def test_doctor_asks_for_nothing_but_the_fragments_options(tmp_path):
    assert kernel_options(tmp_path, HOST)["verdict"] == "ok"


@pytest.mark.parametrize("option", HOST)
def test_doctor_names_an_option_that_is_missing(option, tmp_path):
    without = {name: value for name, value in HOST.items() if name != option}
    found = kernel_options(tmp_path, without)
    assert found["verdict"] in ("warn", "FAIL")
    assert f"the kernel is without {option} (" in found["what"]
    assert found["mend"] == f"build it with CONFIG_{option}=y"


@pytest.mark.parametrize("series", kernel.SERIES)
def test_doctor_names_what_a_stock_kernel_lacks(series, tmp_path):
    stock = kernel.options((kernel.tree(series) / "defconfig").read_text())
    found = kernel_options(tmp_path, stock)
    missing = [option for option in HOST if option not in stock]
    assert "VFIO_PLATFORM" in missing and found["verdict"] == "FAIL"
    assert all(f"{option} (" in found["what"] for option in missing)
    assert found["mend"].count("CONFIG_") == len(missing)


@pytest.fixture
def host(tmp_path):
    """A ZCU102 that gives away UART1, TTC0 and GEM3, as the kernel would show it, without noiommu mode."""
    base = tmp_path / "zcu102.dtb"
    kernel.compile_tree("6.12", kernel.zcu102("6.12"), base)
    given = [f"aliasvm-give-{name}" for name in ("uart1", "ttc0", "gem3")]
    file, _ = host_tree.applied(base, ["aliasvm-host", "aliasvm-host-gpu", *given], tmp_path)
    root = tmp_path / "root"
    tree = root / "sys/firmware/devicetree/base"
    nodes = fdt.read(file)
    fdt.unpack(nodes, tree)
    for path, properties in nodes.items():
        stem, _, address = path.removeprefix("/axi/").partition("@")
        on_the_bus = path.startswith("/axi/") and path.count("/") == 2 and address
        if on_the_bus and properties.get("status", b"okay\0") == b"okay\0":
            device = root / f"sys/bus/platform/devices/{address}.{stem}"
            device.mkdir(parents=True)
            (device / "of_node").symlink_to(tree / path.lstrip("/"))
    (root / "sys/class/iommu/smmu3.0x00000000fd800000").mkdir(parents=True)
    (root / "sys/bus/event_source/devices/armv8_cortex_a53").mkdir(parents=True)
    return root


def test_doctor_likes_the_hosts_tree(host):
    found = doctor(host)
    for check in ("smmu", "coherency", "gicv", "noiommu", "pmu"):
        assert found[check]["verdict"] == "ok", found[check]
        said = rf"^    ok +{check} +{re.escape(found[check]['what'])}$"
        page = (kernel.TOP / "docs/petalinux.md").read_text()
        assert re.search(said, page, re.MULTILINE), "what the page promises"


def test_doctor_knows_the_hosts_pmu_node(host):
    """As a kernel without its driver would show it."""
    (host / "sys/bus/event_source/devices/armv8_cortex_a53").rmdir()
    found = doctor(host)["pmu"]
    assert found["verdict"] == "warn" and "pmu has no driver" in found["what"], found


@pytest.mark.parametrize(
    "path, name, check, says",
    [
        ("axi/serial@ff010000", "iommus", "noiommu", "uart1"),
        ("axi/timer@ff110000", "dma-coherent", "coherency", "ttc0"),
        ("axi/ethernet@ff0e0000", "dma-coherent", "coherency", "gem3"),
        ("axi/mmc@ff170000", "iommus", "coherency", "sdhci1"),
    ],
)
def test_doctor_misses_what_the_host_would(host, path, name, check, says):
    (host / "sys/firmware/devicetree/base" / path / name).unlink()
    found = doctor(host)[check]
    assert found["verdict"] == "warn" and says in found["what"], found


def test_devices_are_found_by_the_catalogues_addresses(host):
    """What changes is the compatible: the platform device's name is still the catalogue's."""
    catalogue, given = fdt.read(BUILD / "dts/zynqmp.dtb"), []
    for path, properties in catalogue.items():
        name = fdt.strings(properties.get("aliasvm,name", b"\0"))[0]
        stem, _, address = path.rsplit("/", 1)[-1].partition("@")
        node = host / f"sys/bus/platform/devices/{address}.{stem}/of_node"
        if name in ("uart1", "ttc0", "gem3"):
            given.append(name)
            assert (node / "compatible").read_bytes() == b"aliasvm,passthrough\0"
    assert sorted(given) == ["gem3", "ttc0", "uart1"]
