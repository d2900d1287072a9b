# SPDX-License-Identifier: Apache-2.0
"""What is in the packages is what is listed here, and what a native build installs as well."""

import platform
import re

import pytest

from conftest import BUILD, ROOT, files_below, run

# A guest is always an arm64 program: no other machine's build has it.
ARM64_ONLY = {"/usr/lib/aliasvm/examples/echo.elf"}


def expected(name):
    lines = (ROOT / "tests" / "package" / f"{name}.list").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_aliasvm_has_just_what_is_listed(aliasvm):
    assert aliasvm.files == expected("aliasvm")


def test_documentation_has_every_document(aliasvm_doc):
    documents = {path.name for path in (ROOT / "docs").iterdir()} | {"README.md"}
    found = {re.sub(r"\.gz$", "", path) for path in aliasvm_doc.files}
    folder = "/usr/share/doc/aliasvm"
    assert {name for name in found if name.startswith(folder + "/")} == {
        f"{folder}/{name if name == 'README.md' else 'docs/' + name}" for name in documents
    }


def test_no_program_of_users_has_a_fault_to_inject(aliasvm):
    """Daemon and VMM whose steps fail when told to are the tests' own, and are not in the package."""
    words = b"fault injected"
    programs = aliasvm.programs()
    assert [path.name for path in programs if words in path.read_bytes()] == []
    for name in ("faulty-daemon", "vmm-on-hold"):
        assert words in (BUILD / "board-tests/usr/libexec/aliasvm-tests" / name).read_bytes()
    assert {path.name for path in programs} == {"aliasvm", "aliasvm-vmm", "aliasvmd"}


def installed(folder, build):
    """What a build installs that is for users: not what debian/not-installed names."""
    run("meson", "install", "-C", BUILD / build, "--no-rebuild", "--quiet", "--destdir", folder)
    lines = (ROOT / "debian" / "not-installed").read_text().splitlines()
    left_out = tuple(f"/{line}/" for line in lines if not line.startswith("#"))
    return {path for path in files_below(folder) if not path.startswith(left_out)}


@pytest.fixture(scope="module")
def cross(tmp_path_factory):
    return installed(tmp_path_factory.mktemp("cross"), "arm64")


def test_a_native_build_installs_the_same_as_that_for_the_board(cross, tmp_path):
    native = installed(tmp_path, "asan")
    assert cross ^ native == (set() if platform.machine() == "aarch64" else ARM64_ONLY)


def test_the_package_has_all_that_the_build_installs(cross, aliasvm):
    # Debhelper compresses the pages and puts the units where Debian 12 has them.
    packed = {re.sub(r"\.gz$", "", path) for path in aliasvm.files}
    packed = {re.sub("^/lib/systemd", "/usr/lib/systemd", path) for path in packed}
    assert cross - packed == set()
    of_debian = {path for path in packed - cross if not path.startswith("/usr/share/doc/aliasvm/")}
    assert of_debian == {"/usr/share/lintian/overrides/aliasvm"} & packed
