# SPDX-License-Identifier: Apache-2.0
"""The packages that tools/build-product made, unpacked once for all tests that only look at them."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
sys.path.insert(0, str(ROOT / "board"))


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def files_below(folder):
    """Files and links, and folders that have nothing in them, as paths from the root."""
    return {
        "/" + path.relative_to(folder).as_posix() + ("/" if path.is_dir() and not path.is_symlink() else "")
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir() or not any(path.iterdir())
    }


class Package:
    def __init__(self, name, folder):
        (self.deb,) = (BUILD / "packages").glob(f"{name}_*.deb")
        self.folder = folder / name
        run("dpkg-deb", "--extract", self.deb, self.folder)
        self.files = files_below(self.folder)

    def field(self, name):
        return run("dpkg-deb", "--field", self.deb, name).strip()

    def programs(self):
        """What is ELF and runs on the host; a guest does not."""
        return [
            path
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.suffix != ".elf" and path.read_bytes()[:4] == b"\x7fELF"
        ]


@pytest.fixture(scope="session")
def aliasvm(tmp_path_factory):
    return Package("aliasvm", tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="session")
def aliasvm_doc(tmp_path_factory):
    return Package("aliasvm-doc", tmp_path_factory.mktemp("packages"))
