# SPDX-License-Identifier: Apache-2.0
"""iommu-probe on the board, and what the board's kernel says of its IOMMU."""

import re

PROBE = "/usr/libexec/aliasvm-tests/iommu-probe"
PCI = "/sys/bus/pci"


class Probe:
    """iommu-probe on the board: aliasvm's own containers, and edu's DMA in them."""

    def __init__(self, board):
        self.board = board

    def __call__(self, *lines, prefix=""):
        """The answers to the lines of one process."""
        done = self.board.run(f"{prefix} {PROBE}", input="\n".join(lines) + "\n", timeout=120)
        answers = done.stdout.splitlines()
        assert len(answers) == len(lines), done.stderr
        return answers

    def faults(self):
        """(stream id, address) of every translation fault in the kernel's log, in its order."""
        word = r"[^\n]*\t0x(\w{16})\n"
        log = self.board.run("dmesg").stdout
        events = re.findall(r"event 0x10 received:\n" + word * 3, log)
        return [(int(first, 16) >> 32, int(address, 16)) for first, _, address in events]

    def fault_seen(self, device, address):
        """Waits for a fault of a device."""
        stream = int(device[-4:-2], 16) << 3 | int(device[-1])
        return self.board.wait_for(lambda: (stream, address) in self.faults(),
                                   lambda: f"a fault of {stream:#x} at {address:#x}, not {self.faults()}")

    def group(self, device):
        return self.board.run(f"readlink {PCI}/devices/{device}/iommu_group").stdout.split("/")[-1].strip()


def bind(board, device):
    board.run(f"echo vfio-pci >{PCI}/devices/{device}/driver_override && echo {device} >{PCI}/drivers_probe")
    board.run(f"readlink {PCI}/devices/{device}/driver | grep vfio-pci")
