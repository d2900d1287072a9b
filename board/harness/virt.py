"""QEMU's own arm64 machine with an SMMUv3 and PCI devices that do DMA: the emulated ZCU102 has neither."""
# SPDX-License-Identifier: Apache-2.0

from .machine import Board

# "edu" (QEMU's docs/specs/edu.txt): a page of memory and a DMA engine behind 1 MiB of registers. Each in an IOMMU
# group of its own.
EDU = ("0000:00:03.0", "0000:00:04.0")
# Two functions of one device without access control services, so they share a group; virtio-pci, which is built
# into the kernel, has the second.
SHARED_EDU, SHARED_OTHER = "0000:00:05.0", "0000:00:05.1"


class VirtBoard(Board):
    """The same kernel and root file system as on the ZCU102, and the same life: see Board."""

    PARTS = ("Image", "initrd.img", "sd.img", "ssh_key")
    UARTS = (0,)
    CONSOLE = "ttyAMA0"

    def __init__(self, smp=2, memory="1G", **options):
        super().__init__(smp=smp, memory=memory, **options)

    def _machine(self, parts):
        # A GICv2, as on the ZynqMP: it isolates no MSIs, and its SMMU driver reserves 0x08000000 for them.
        arguments = ["-M", "virt,virtualization=on,iommu=smmuv3,gic-version=2", "-cpu", "cortex-a53",
                     "-netdev", "user,id=net0,hostfwd=tcp:127.0.0.1:0-:22",
                     "-device", "virtio-net-pci,netdev=net0,addr=01.0,romfile=",
                     "-drive", f"if=none,id=card,format=raw,snapshot=on,file={parts['sd.img']}",
                     "-device", "virtio-blk-pci,drive=card,addr=02.0"]
        # By itself edu drives 28 address lines only.
        for address in EDU:
            arguments += ["-device", f"edu,addr={address[-4:]},dma_mask=0xffffffffff"]
        return arguments + ["-device", f"edu,addr={SHARED_EDU[-4:]},multifunction=on",
                            "-device", f"virtio-rng-pci,addr={SHARED_OTHER[-4:]}"]

    def _cmdline(self):
        # Early, as macb on the ZCU102: ssh comes through it.
        return ["modules_load=virtio_net"]
