# SPDX-License-Identifier: Apache-2.0
"""The Ethernet guests in VMs."""

import sys

from conftest import ROOT

sys.path.append(str(ROOT / "tests" / "bare"))

from net_guest import NetGuest  # noqa: E402  (found by the path above)

NOBODY = (
    'memory = "32M"\nkernel = "/usr/share/aliasvm/guests/net.elf"\n'
    '[alias]\nuart0 = "uart1"\ngem0 = ""\n'
)


def test_a_guest_without_its_gem_waits_for_one(board, vm):
    right = vm("right").configure(NOBODY).start()
    net = NetGuest(board.serial(1))
    text = net.wait_ready()
    # 32 MiB from 0x0, without the image and the device tree.
    assert "net: unplugged" in text and "net: dma 0x" in text
    net.send(10, 1)
    counts = net.counts()
    assert counts["link"] == "unplugged" and counts["sent"] == counts["irqs"] == 0
    assert "net: busy" in net.ask("loop 1", "net: ")
    board.serial(1).send(b"!off\n")
    right.wait_for("ActiveState", "inactive")
    assert right.value("Result") == "success"
