# SPDX-License-Identifier: Apache-2.0
"""Emulated ZCU102s without a host: a guest has the machine to itself, and its GEM0 is on a wire."""

import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRODUCT = pathlib.Path(os.environ.get("ALIASVM_PRODUCT", str(ROOT / "build" / "product")))
sys.path.insert(0, str(ROOT / "board"))

from harness.patience import receive  # noqa: E402  (found by the path above)
from harness.qemu import Qemu  # noqa: E402
from harness.serial_port import SerialPort  # noqa: E402

# Where a boot loader would leave them; RAM of every tree that a test makes ends below.
LOADER, TREE = 0x3F000000, 0x3F001000


class Folder:
    """A short-lived folder for sockets, whose paths have to be short."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="aliasvm-bare-", dir="/tmp"))
        return self.path

    def __exit__(self, *_reason):
        shutil.rmtree(self.path, ignore_errors=True)


def stream(folder, number):
    """A wire that loses nothing (a datagram socket of QEMU 7.2 does). Machine 1 is first and listens."""
    ends = "server=on," if number == 1 else ""
    return f"stream,id=wire,{ends}addr.type=unix,addr.path={folder}/wire"


def compile_tree(source, output):
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", output, "-"],
                   input=source, text=True, check=True)


class Machine:
    """Runs inside a "with"; what the guest prints on UART0 is `port`."""

    def __init__(self, folder, number, wire, arguments, memory="1G"):
        self._folder = folder / f"machine{number}"
        self._folder.mkdir()
        self._qtest = self._folder / "qtest"
        self._arguments = [
            "-M", "xlnx-zcu102", "-m", memory, "-smp", "1", "-display", "none", "-no-reboot",
            "-audiodev", "none,id=silence", "-monitor", "none",
            "-serial", f"unix:{self._folder}/uart,server=on,wait=off",
            "-qtest", f"unix:{self._qtest},server=on,wait=off", "-qtest-log", "/dev/null",
            # The first -nic is GEM0; only a hub can join it with a netdev of the newer kind.
            "-nic", f"hubport,hubid=0,id=gem0,mac=02:00:00:00:00:{number:02x}",
            "-netdev", wire, "-netdev", "hubport,hubid=0,id=port,netdev=wire",
            *arguments]

    def __enter__(self):
        self.qemu = Qemu(self._arguments, str(self._folder))
        self.port = SerialPort(f"{self._folder}/uart", self._folder.name, self.qemu.clock)
        return self

    def __exit__(self, *_reason):
        self.port.close()
        self.qemu.stop()

    def run(self):
        self.qemu.monitor.command("cont")
        return self

    def write_registers(self, *writes):
        """Writes words at physical addresses behind the guest's back: between two instructions of it."""
        self.qemu.monitor.command("stop")
        with socket.socket(socket.AF_UNIX) as qtest:
            qtest.connect(str(self._qtest))
            for address, value in writes:
                qtest.sendall(f"writel {address:#x} {value:#x}\n".encode())
                assert receive(qtest, self.qemu.clock).startswith(b"OK")
        self.qemu.monitor.command("cont")


def guest(elf):
    """Arguments that start a program without telling it anything."""
    return ["-device", f"loader,file={elf},cpu-num=0"]


def guest_with_tree(elf, source, folder, number):
    """Arguments that start a program with a device tree in x0, as a boot loader does it."""
    tree, loader = folder / f"tree{number}.dtb", folder / f"loader{number}"
    compile_tree(source, tree)
    # ldr x0, .+16; mov x1, #0; br x1; nop
    loader.write_bytes(struct.pack("<4IQ", 0x58000080, 0xD2800001, 0xD61F0020, 0xD503201F, TREE))
    return ["-device", f"loader,file={elf}",
            "-device", f"loader,file={tree},addr={TREE:#x},force-raw=on",
            "-device", f"loader,file={loader},addr={LOADER:#x},force-raw=on",
            "-device", f"loader,addr={LOADER:#x},cpu-num=0"]
