# SPDX-License-Identifier: Apache-2.0
"""The host's device tree: dts/host applied to the kernel's ZCU102, and looked at property by property."""

import re

import fdt
import host_tree
import kernel
import pytest

# UG1085, table 16-13, with the TBU that each is behind; what the kernel's source says is compared as well.
STREAMS = {
    **{f"gem{n}": [0x874 + n] for n in range(4)},
    **{f"fpd_dma_chan{n + 1}": [0x14E8 + n] for n in range(8)},
    **{f"lpd_dma_chan{n + 1}": [0x868 + n] for n in range(8)},
    "sdhci0": [0x870],
    "sdhci1": [0x871],
    "nand0": [0x872],
    "qspi": [0x873],
    "dwc3_0": [0x860],
    "dwc3_1": [0x861],
    "sata": [0x4C0, 0x4C1, 0x4C2, 0x4C3],
    "gpu": [0x4C4],
    "zynqmp_dpdma": [0xCE0, 0xCE1, 0xCE2, 0xCE4, 0xCE5],
    "zynqmp_dpsub": [0xCE3],
    "zynqmp_pcap": [0x850, 0x851],
}
GIVEN = {
    "uart0": 0x7C00,
    "uart1": 0x7C01,
    **{f"gem{n}": 0x874 + n for n in range(4)},
    **{f"ttc{n}": 0x7C10 + n for n in range(4)},
}
TBUS = 6  # of this SoC; an id says its TBU in bits 14 to 10


class Tree:
    def __init__(self, file):
        self.nodes = fdt.read(file)
        self.labels = fdt.labels(self.nodes)
        self.smmu = fdt.cells(self["smmu"]["phandle"])[0]

    def __getitem__(self, label):
        return self.nodes[self.labels[label]]

    def streams(self, label):
        cells = fdt.cells(self[label].get("iommus", b""))
        assert set(cells[::2]) <= {self.smmu}, f"{label} is behind something that is no SMMU"
        return cells[1::2]


@pytest.fixture(scope="module", params=kernel.SERIES)
def base(request, tmp_path_factory):
    file = tmp_path_factory.mktemp("base") / "zcu102.dtb"
    kernel.compile_tree(request.param, kernel.zcu102(request.param), file)
    return request.param, file


@pytest.fixture(scope="module")
def all_given(base, tmp_path_factory):
    return host_tree.applied(base[1], None, tmp_path_factory.mktemp("all"))


def test_overlays_compile_without_a_word(tmp_path):
    made = host_tree.overlays(tmp_path)
    assert {name: words for name, (_, words) in made.items() if words} == {}
    assert {f"aliasvm-give-{label}" for label in GIVEN} < made.keys()


def test_dtc_warns_of_nothing_that_the_board_does_not_warn_of(base, all_given):
    before, after = host_tree.warnings(base[1]), host_tree.warnings(all_given[0])
    assert [word for word in after if word not in before] == []


def test_the_smmu_is_on_and_walks_as_before(base, all_given):
    before, after = Tree(base[1]), Tree(all_given[0])
    assert fdt.strings(before["smmu"]["status"]) == ["disabled"]
    assert after["smmu"] == before["smmu"] | {"status": b"okay\0"}
    assert "dma-coherent" not in after["smmu"], "its page tables are not in anybody's cache"


def test_gicv_is_two_frames_that_follow_each_other(all_given):
    regions = [0xF9010000, 0x10000, 0xF9020000, 0x20000, 0xF9040000, 0x20000, 0xF906F000, 0x2000]
    assert fdt.cells(Tree(all_given[0])["gic"]["reg"])[1::2] == regions


def test_the_board_has_a_pmu_for_its_guests(base, all_given):
    """KVM offers guests a PMU where the host's kernel drives its own. The kernel's tree says it; it stays."""
    before, after = Tree(base[1]), Tree(all_given[0])
    pmu = after.nodes["/pmu"]
    assert pmu == before.nodes["/pmu"]
    # 6.1 still has the name for models of no CPU in particular, whose driver counts as well.
    assert fdt.strings(pmu["compatible"]) == ["arm,armv8-pmuv3" if base[0] == "6.1" else "arm,cortex-a53-pmu"]
    assert "status" not in pmu
    assert fdt.cells(pmu["interrupts"]) == [cell for spi in range(143, 147) for cell in (0, spi, 4)]
    if base[0] != "6.1":  # there Linux takes the CPUs in their order, which is right
        cpus = [fdt.cells(after[f"cpu{n}"]["phandle"])[0] for n in range(4)]
        assert fdt.cells(pmu["interrupt-affinity"]) == cpus


def test_every_master_has_its_stream_ids(base, all_given):
    tree = Tree(all_given[0])
    present = {label: ids for label, ids in STREAMS.items() if label in tree.labels}
    assert STREAMS.keys() - present.keys() <= ({"gpu"} if base[0] == "6.1" else set())
    assert {label: tree.streams(label) for label in present} == present
    assert fdt.cells(tree["pcie"]["iommu-map"]) == [0, tree.smmu, 0x4D0, 1]
    assert fdt.cells(tree["pcie"]["iommu-map-mask"]) == [0]


def test_no_master_that_the_kernel_knows_is_forgotten(base, all_given):
    """The kernel's source has the ids too, most of them in comments."""
    tree = Tree(all_given[0])
    source = (kernel.zcu102(base[0]).parent / "zynqmp.dtsi").read_text()
    known = re.findall(r"^\t+(\w+): [^;]*? \{$|(?<=<&smmu )(0x\w+)(?=>)", source, re.MULTILINE)
    label, count = None, 0
    for node, stream in known:
        label = node or label
        if stream and label != "pcie":
            count += 1
            # The kernel has one of each of these for all channels.
            mine = tree.streams("zynqmp_dpdma") + tree.streams("zynqmp_dpsub")
            ours = mine if label.startswith("zynqmp_dp") else tree.streams(label)
            assert int(stream, 16) in ours, f"{label} has {stream} in the kernel's source"
    assert count > 25


@pytest.mark.parametrize("label", GIVEN)
def test_what_is_given_away_no_driver_takes_and_vfio_does(base, all_given, label):
    before, after = Tree(base[1])[label], Tree(all_given[0])[label]
    assert fdt.strings(after["compatible"]) == ["aliasvm,passthrough"]
    assert fdt.strings(after["status"]) == ["okay"]
    assert Tree(all_given[0]).streams(label) == [GIVEN[label]]
    assert after["dma-coherent"] == b""
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"compatible", "status", "iommus", "dma-coherent"} - {
        name for name in ("status", "iommus") if after[name] == before.get(name)
    }
    assert before.keys() <= after.keys(), "address, interrupts, clocks and power stay"


def test_spare_ids_are_no_masters_and_each_ones_own(all_given):
    tree = Tree(all_given[0])
    ids = [stream for path in tree.labels for stream in tree.streams(path)]
    assert len(ids) == len(set(ids))
    spare = [GIVEN[label] for label in GIVEN if not label.startswith("gem")]
    assert all(TBUS <= stream >> 10 < 32 for stream in spare)
    assert all(stream >> 10 < TBUS for streams in STREAMS.values() for stream in streams)


def test_what_is_not_given_away_keeps_its_driver(base, tmp_path):
    file, _ = host_tree.applied(base[1], ["aliasvm-host", "aliasvm-give-uart1"], tmp_path)
    before, after = Tree(base[1]), Tree(file)
    differs = {
        label for label in before.labels if before[label].get("compatible") != after[label].get("compatible")
    }
    assert differs == {"uart1"}


def test_petalinux_includes_come_to_the_same(base, tmp_path):
    """system-user.dtsi at the end of a tree, as PetaLinux has it, gives what the overlays give."""
    (tmp_path / "system-conf.dtsi").write_text("/ { };\n")
    source = tmp_path / "system-top.dts"
    source.write_text(f'#include "{kernel.zcu102(base[0])}"\n#include "system-user.dtsi"\n')
    if base[0] == "6.1":  # PetaLinux' own 6.1 has the GPU
        (tmp_path / "aliasvm-host-gpu.dtsi").write_text("")
    file = tmp_path / "system-top.dtb"
    plain = kernel.compile_tree(base[0], kernel.zcu102(base[0]), tmp_path / "plain.dtb")
    words = kernel.compile_tree(base[0], source, file, tmp_path, host_tree.HOST)
    count = re.compile(r"Warning \(\w+\)")
    assert sorted(count.findall(words)) == sorted(count.findall(plain))

    text = (host_tree.HOST / "aliasvm-give-away.dtsi").read_text()
    listed = re.findall(r'^/include/ "(.*)\.dtsi"', text, re.MULTILINE)
    assert "aliasvm-give-uart1" in listed
    hosts = ["aliasvm-host"] + (["aliasvm-host-gpu"] if base[0] != "6.1" else [])
    overlaid, _ = host_tree.applied(base[1], hosts + listed, tmp_path)
    mine, theirs = Tree(file), Tree(overlaid)
    for label in {*STREAMS, *GIVEN, "smmu", "gic", "pcie"} & mine.labels.keys():
        for name in ("compatible", "status", "reg", "dma-coherent", "iommu-map-mask"):
            assert mine[label].get(name) == theirs[label].get(name), f"{name} of {label}"
        assert mine.streams(label) == theirs.streams(label), label
