# SPDX-License-Identifier: Apache-2.0
"""meta-aliasvm without bitbake: what it names is there, says what it should, and is written as releases want it."""

import hashlib
import re

import bitbake_files as bb
import pytest

RECIPE = next(bb.LAYER.glob("recipes-virtualization/aliasvm/aliasvm_*.bb"))
LAYER_CONF = bb.LAYER / "conf/layer.conf"
RECIPES = bb.files(".bb", ".bbappend")


@pytest.fixture(params=RECIPES, ids=lambda file: file.name)
def recipe(request):
    return request.param


def fetched(recipe):
    """Names of file:// in all that a recipe assigns, comments left out."""
    text = "\n".join(bb.logical_lines(recipe))
    licences = re.findall(r'LIC_FILES_CHKSUM[^=]*= "(.*)"', text)
    for licence in licences:
        text = text.replace(licence, "")
    return re.findall(r"file://([^\s;\"'%]+)", text)


def test_every_file_that_is_fetched_exists(recipe):
    stem = recipe.stem.split("_")[0]
    places = [recipe.parent / stem, recipe.parent / "files"]
    for name in fetched(recipe):
        assert any((place / name).exists() for place in places), f"{recipe.name}: file://{name}"


def test_something_is_fetched():
    assert sorted(name for recipe in RECIPES for name in fetched(recipe)) == [
        *("aliasvm-kmeta", "run-ptest"),
    ]


def test_the_licence_is_the_projects():
    file, md5 = re.fullmatch(r"file://(\w+);md5=(\w+)", bb.value(RECIPE, "LIC_FILES_CHKSUM")).groups()
    assert hashlib.md5((bb.TOP / file).read_bytes()).hexdigest() == md5
    assert bb.value(RECIPE, "LICENSE") == "Apache-2.0"


def test_every_recipe_has_a_licence_and_its_sum(recipe):
    if recipe.suffix == ".bbappend" or recipe.name.startswith(("packagegroup-", "petalinux-image-")):
        return
    assert bb.value(recipe, "LICENSE")
    assert re.search(r";md5=[0-9a-f]{32}$", bb.value(recipe, "LIC_FILES_CHKSUM"))


def test_the_recipes_version_is_the_projects():
    version = re.search(r"version: '([\d.]+)'", (bb.TOP / "meson.build").read_text())[1]
    assert RECIPE.stem == f"aliasvm_{version}"


def test_every_dependency_of_the_build_has_its_recipe():
    """meson.build's dependencies and the packages that bring them to OpenEmbedded; a new one fails here."""
    brings = {
        "CLI11": "cli11",
        "boost": "boost",
        "dtc": "dtc-native",
        "fdt": "dtc",
        "fmt": "fmt",
        "libseccomp": "libseccomp",
        "libsystemd": "systemd",
        "spdlog": "spdlog",
        "threads": None,
        "tomlplusplus": "tomlplusplus",
        "zlib": "zlib",
    }
    meson = (bb.TOP / "meson.build").read_text()
    wanted = set(re.findall(r"(?:dependency|find_library|find_program)\('([\w+]+)'", meson))
    assert wanted == brings.keys()
    assert set(bb.value(RECIPE, "DEPENDS").split()) == {package for package in brings.values() if package}


@pytest.mark.parametrize("file", bb.files(".bb", ".bbappend", ".conf", ".inc"), ids=lambda file: file.name)
def test_overrides_are_written_with_colons(file):
    for name, _, _ in bb.assignments(file):
        assert not re.search(r"_(append|prepend|remove)(_|$)", name), name
        # "FILES_${PN}" was right until honister; layer.conf's variables end in the collection's name.
        assert file == LAYER_CONF or "_$" not in name, name
    text = file.read_text()
    assert not re.search(r"^\w+_(append|prepend|remove)\b", text, re.MULTILINE), "of a task"
    assert not re.search(r'"[^"\n]*"[ ]*#', text), "a comment behind a value is part of it"
    assert "\t" not in text
    for line in re.findall(r"^.*:append\S* = \"(?! |\$\{@').*$", text, re.MULTILINE):
        pytest.fail(f"no blank in front of what is appended: {line}")


def test_layer_conf_names_its_releases_and_dependencies():
    said = {name: value for name, _, value in bb.assignments(LAYER_CONF)}
    assert said["BBFILE_COLLECTIONS"] == "aliasvm"
    assert said["BBFILE_PATTERN_aliasvm"] == "^${LAYERDIR}/"
    assert said["LAYERSERIES_COMPAT_aliasvm"].split() == ["langdale", "scarthgap"]
    assert said["LAYERDEPENDS_aliasvm"].split() == ["core", "openembedded-layer"]
    assert int(said["BBFILE_PRIORITY_aliasvm"]) and int(said["LAYERVERSION_aliasvm"])
    assert (bb.LAYER / said["ALIASVM_TREE"].replace("${LAYERDIR}/", "") / "meson.build").exists()


def test_layer_conf_finds_every_recipe_and_only_if_its_layer_is_there():
    said = {name: value for name, _, value in bb.assignments(LAYER_CONF)}
    found = {}
    for pattern in said["BBFILES"].split():
        found |= dict.fromkeys(bb.LAYER.glob(pattern.replace("${LAYERDIR}/", "")), None)
    for word in said["BBFILES_DYNAMIC"].split():
        layer, pattern = word.split(":", 1)
        found |= dict.fromkeys(bb.LAYER.glob(pattern.replace("${LAYERDIR}/", "")), layer)
    assert sorted(found) == RECIPES
    for recipe, layer in found.items():
        assert ("dynamic-layers" in recipe.parts) == (layer is not None)
        assert layer is None or recipe.relative_to(bb.LAYER).parts[1] == layer


def test_all_is_keyed_on_kvm(recipe):
    if recipe.name.startswith("tomlplusplus"):
        return
    if recipe.suffix == ".bb":
        assert "kvm" in bb.value(recipe, "REQUIRED_DISTRO_FEATURES").split()
        assert re.search(r"^inherit .*\bfeatures_check\b", recipe.read_text(), re.MULTILINE)
    else:
        assert "contains('DISTRO_FEATURES', 'kvm'" in recipe.read_text()


def test_kernel_features_are_pairs_that_the_append_asks_for():
    append = bb.LAYER / "dynamic-layers/xilinx/recipes-kernel/linux/linux-xlnx_%.bbappend"
    kmeta = append.parent / "linux-xlnx/aliasvm-kmeta"
    asked = bb.value(append, "ALIASVM_KERNEL_FEATURES").split()
    assert sorted(asked) == sorted(str(file.relative_to(kmeta)) for file in kmeta.rglob("*.scc"))
    fragments = set()
    for name in asked:
        lines = bb.logical_lines(kmeta / name)
        assert any(re.match(r'define KFEATURE_DESCRIPTION ".+"', line) for line in lines)
        for line in lines:
            if line.startswith("kconf "):
                kind, fragment = line.split()[1:]
                assert kind in ("hardware", "non-hardware")
                fragments.add((kmeta / name).parent / fragment)
    assert fragments == set(kmeta.rglob("*.cfg"))
    for fragment in fragments:
        lines = [line for line in fragment.read_text().splitlines() if line and line[0] != "#"]
        assert lines and all(re.fullmatch(r"CONFIG_[A-Z0-9_]+=[ym]", line) for line in lines)


def test_devices_that_can_be_given_away_have_their_file():
    append = bb.LAYER / "dynamic-layers/xilinx/recipes-bsp/device-tree/device-tree.bbappend"
    text = append.read_text()
    for name in re.findall(r"\baliasvm-[\w-]+\.dtsi", text):
        assert (bb.TOP / "dts/host" / name).exists(), name
    for name in re.search(r'lists \("([^"]+)"\)', text)[1].split():
        assert (bb.TOP / f"dts/host/aliasvm-give-{name}.dtsi").exists(), name


def test_readme_says_who_and_how():
    readme = (bb.LAYER / "README.md").read_text()
    for word in ("Maintainer", "Patches", "2023.2", "2024.2", "petalinux-config", "ALIASVM_SRC_URI"):
        assert word in readme
    said = {name for file in (*RECIPES, LAYER_CONF) for name, _, _ in bb.assignments(file)}
    settable = {name for name in said if name.startswith("ALIASVM_")} - {
        *("ALIASVM_KMETA", "ALIASVM_KERNEL_FEATURES", "ALIASVM_GIVES"),
    }
    assert all(f"`{name}`" in readme for name in settable)
