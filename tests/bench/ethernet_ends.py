# SPDX-License-Identifier: Apache-2.0
"""Two ends of the board's wire that a test program can be run at: a GEM of the host's own driver, and one in a VM."""

import pathlib
import shlex
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("board", "tests/bare", "tests/board")]

from ethernet import SYSNAMES  # noqa: E402  (found by the path above)
from linux_shell import LinuxShell  # noqa: E402
from vm import Vm  # noqa: E402

# Of 2 MiB: what the guest has.
HUGEPAGES = 64
# Where it fits, Debian's kernel would set 64 MiB aside for CMA, which is half of a small guest.
CONFIG = """
memory  = "128M"
dma     = "identity"
kernel  = "/boot/Image"
initrd  = "/usr/share/aliasvm/guests/linux-net.cpio"
cmdline = "console=ttyPS0 quiet panic=-1 cma=8M"
alias   = { uart0 = "uart0", gem0 = "gem0" }
"""


class HostEnd:
    """A GEM that the host's macb drives, in a network namespace, so that all goes over the wire."""

    def __init__(self, board, gem, address):
        self._board, self._name, self.address = board, gem, address
        self._device = f"/sys/bus/platform/devices/{SYSNAMES[gem]}"
        board.run(f"echo macb >{self._device}/driver_override && echo {SYSNAMES[gem]} >/sys/bus/platform/drivers_probe")
        self._interface = board.run(f"ls {self._device}/net").stdout.strip()
        board.run(f"ip netns add {gem} && ip link set {self._interface} netns {gem}"
                  f" && ip -n {gem} addr add {address}/24 dev {self._interface}"
                  f" && ip -n {gem} link set {self._interface} up")

    def run(self, command, timeout=60):
        return self._board.run(f"ip netns exec {self._name} busybox sh -c {shlex.quote(command)} 2>&1",
                               timeout=timeout).stdout

    def close(self):
        """The GEM is the host's no more, and has no driver."""
        self._board.run(
            f"for pid in $(ip netns pids {self._name}); do kill $pid; done;"
            f" ip -n {self._name} link set {self._interface} netns 1; ip netns del {self._name};"
            f" cd {self._device} && echo on >power/control && echo {SYSNAMES[self._name]} >driver/unbind"
            " && echo >driver_override")


class GuestEnd:
    """GEM0 in a VM: the same kernel, the same driver."""

    def __init__(self, board, address, timeout=180):
        self.address, self._vm = address, Vm(board, "left").configure(CONFIG).start(timeout)
        self._shell = LinuxShell(board.serial(0))
        self._shell.wait_up(timeout)
        self._shell.configure_network(address)
        self._shell.run("mkdir /files && mount -t tmpfs -o size=100% none /files")

    def run(self, command, timeout=60):
        # The shell is busybox's; what is timed says so on its standard error, which is the console.
        return self._shell.run(f"( {command} )", timeout)

    def close(self):
        self._shell.power_off()
        self._vm.wait_for("ActiveState", "inactive")
