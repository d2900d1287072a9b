# SPDX-License-Identifier: Apache-2.0
"""One booted board with an SMMUv3 serves all tests; its edu devices are vfio-pci's."""

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "board"), str(ROOT / "tests" / "virt")]

from board import VirtBoard  # noqa: E402  (found by the path above)
from harness.virt import EDU, SHARED_EDU  # noqa: E402
from iommu_probe import Probe, bind  # noqa: E402


@pytest.fixture(scope="session")
def board():
    product = os.environ.get("ALIASVM_PRODUCT", str(ROOT / "build" / "product"))
    with VirtBoard(product=product) as booted:
        booted.run("modprobe vfio-pci")
        for device in (*EDU, SHARED_EDU):
            bind(booted, device)
        yield booted


@pytest.fixture
def probe(board):
    return Probe(board)
