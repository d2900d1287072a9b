# SPDX-License-Identifier: Apache-2.0
"""What meson installs against the recipe: every file is in a package, every service is installed and sound."""

import fnmatch
import json
import os
import re
import subprocess
import sys

import bitbake_files as bb
import pytest

sys.path.insert(0, str(bb.TOP / "board"))

from board import cache_folder  # noqa: E402  (found by the path above)

RECIPE = next(bb.LAYER.glob("recipes-virtualization/aliasvm/aliasvm_*.bb"))
# Of bitbake.conf, ptest.bbclass and the packages that come before ${PN}: who takes a file first.
DEFAULTS = {
    "${PN}-dev": "",
    "${PN}-doc": "${mandir}",
    "${PN}-guests": "",
    "${PN}-ptest": "",
    "${PN}": "${bindir}/* ${libexecdir}/* ${sysconfdir} ${datadir}/${BPN}",
}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A build for arm64, as OpenEmbedded configures it: set up, not compiled."""
    folder = tmp_path_factory.mktemp("arm64") / "build"
    setup = ["meson", "setup", folder, bb.TOP, f"--cross-file={cache_folder()}/cross.ini"]
    options = ["--prefix=/usr", "--sysconfdir=/etc", "--libexecdir=libexec", "--buildtype=plain"]
    done = subprocess.run([*setup, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="module")
def installed(build):
    """Where every installed file ends up, and the files that the recipe adds."""
    introspect = ["meson", "introspect", "--installed", build]
    plan = json.loads(subprocess.run(introspect, check=True, capture_output=True).stdout)
    added = re.findall(r"^    install .*\$\{D\}(\S+)$", RECIPE.read_text(), re.MULTILINE)
    return sorted({*plan.values(), *(bb.expand(path) for path in added if not path.startswith("${systemd"))})


def package_of(path):
    for package, default in DEFAULTS.items():
        patterns = bb.expand(default + " " + bb.value(RECIPE, "FILES:" + package)).split()
        for pattern in patterns:
            if fnmatch.fnmatchcase(path, pattern) or path.startswith(pattern + "/"):
                return package
    return None


def test_every_installed_file_is_in_a_package(installed):
    assert len(installed) > 40
    assert [path for path in installed if package_of(path) is None] == []


@pytest.mark.parametrize(
    "path, package",
    [
        ("/usr/bin/aliasvm", "${PN}"),
        ("/usr/lib/systemd/system/vm@.service", "${PN}"),
        ("/usr/share/aliasvm/dts/aliasvm-host.dtbo", "${PN}"),
        ("/usr/lib/modprobe.d/aliasvm-defaults.conf", "${PN}"),
        ("/usr/lib/aliasvm/examples/echo.elf", "${PN}"),
        ("/usr/share/aliasvm/guests/echo.elf", "${PN}-guests"),
        ("/usr/libexec/aliasvm-tests/contract-kvm", "${PN}-ptest"),
        ("/usr/share/man/man1/aliasvm.1", "${PN}-doc"),
    ],
)
def test_files_are_in_their_package(installed, path, package):
    assert path in installed and package_of(path) == package


def test_no_pattern_is_for_nothing(installed):
    for package in DEFAULTS:
        for pattern in bb.expand(bb.value(RECIPE, "FILES:" + package)).split():
            assert any(path.startswith(pattern + "/") for path in installed), pattern


def test_the_units_that_are_enabled_are_installed_and_can_be(installed):
    units = bb.value(RECIPE, "SYSTEMD_SERVICE:${PN}").split()
    assert units
    for unit in units:
        assert f"/usr/lib/systemd/system/{unit}" in installed
        assert "[Install]" in (bb.TOP / "systemd" / unit).read_text()


def test_tests_that_run_on_the_target_are_installed(installed):
    script = (RECIPE.parent / "aliasvm/run-ptest").read_text()
    folder = re.search(r"^cd (\S+)", script, re.MULTILINE)[1]
    programs = re.search(r"^for program in (.*); do", script, re.MULTILINE)[1].split()
    assert all(f"{folder}/{program}" in installed for program in programs)


def test_groups_are_those_that_the_units_name():
    wanted = set()
    for unit in (bb.TOP / "systemd").glob("*.s*"):
        for key in ("SupplementaryGroups", "SocketGroup"):
            wanted |= {group for line in re.findall(rf"^{key}=(.*)$", unit.read_text(), re.M) for group in line.split()}
    made = {words.split()[-1] for words in bb.value(RECIPE, "GROUPADD_PARAM:${PN}").split(";")}
    assert wanted == made == {"kvm", "aliasvm"}


def test_systemd_finds_no_fault_with_the_units(build, tmp_path):
    for file in (*(bb.TOP / "systemd").glob("*.socket"), *(bb.TOP / "systemd").glob("*.target")):
        (tmp_path / file.name).write_text(file.read_text())
    program = tmp_path / "program"
    program.write_text("")
    program.chmod(0o755)
    for unit in ("aliasvmd.service", "vm@.service"):
        text = (build / "systemd" / unit).read_text()
        assert "@" not in re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1]
        # It looks whether the program is there, which it is on the target.
        text = re.sub(r"/usr/libexec/aliasvm/[\w-]+", str(program), text)
        (tmp_path / unit.replace("@", "@left")).write_text(text)
        (tmp_path / unit).write_text(text)
    units = ["aliasvmd.service", "aliasvmd.socket", "vm@left.service", "vms.target"]
    verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no"]
    environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    done = subprocess.run(
        [*verify, *(tmp_path / unit for unit in units)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
