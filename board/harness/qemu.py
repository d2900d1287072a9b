"""One QEMU process that dies with its owner, and its monitor."""
# SPDX-License-Identifier: Apache-2.0

import json
import os
import shutil
import socket
import subprocess
import time

from .patience import Clock, Deadline, receive


def dies_with_us(command):
    """The command, killed by the kernel when the thread that starts it ends, even by SIGKILL."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]


class Monitor:
    """QEMU's machine protocol, used only to pass on commands of its human monitor."""

    def __init__(self, path, clock):
        self._clock = clock
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._received = b""
        self._line()  # the greeting
        self._execute("qmp_capabilities")

    def _line(self):
        """The next line of QEMU's; nothing when it is gone."""
        while b"\n" not in self._received:
            data = receive(self._socket, self._clock)
            if not data:
                return b""
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _execute(self, name, **arguments):
        self._socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while line := self._line():
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(f"ask QEMU for {name} {arguments}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise RuntimeError(f"ask QEMU for {name} {arguments}: it is gone")

    def command(self, line):
        """The answer to a line such as "info mtree"."""
        return self._execute("human-monitor-command", **{"command-line": line})

    def close(self):
        self._socket.close()


class Qemu:
    """Started with its CPUs stopped: connect to what should lose no byte, then let it run."""

    def __init__(self, arguments, folder):
        self._errors = os.path.join(folder, "qemu.log")
        monitor = os.path.join(folder, "monitor")
        program = "qemu-system-aarch64"
        for needed in (program, "setpriv"):
            if not shutil.which(needed):
                raise FileNotFoundError(f"start {needed}: not installed, see board/packages.txt")
        with open(self._errors, "wb") as errors:
            self._process = subprocess.Popen(
                dies_with_us([program, *arguments, "-S", "-qmp", f"unix:{monitor},server=on,wait=off"]),
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        self.monitor = None
        self.clock = Clock(self._process.pid)
        try:
            self._connect(monitor)
        except BaseException:
            self.stop()
            raise

    def _connect(self, monitor):
        deadline = Deadline(self.clock, 30)
        while self.monitor is None:
            late = deadline.passed()
            try:
                self.monitor = Monitor(monitor, self.clock)
            except (FileNotFoundError, ConnectionRefusedError):
                if not self.alive() or late:
                    raise RuntimeError(f"start QEMU: it says\n{self.words()}") from None
                time.sleep(0.02)

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process.poll() is None

    def words(self):
        """What it wrote to its standard error, without what is always there."""
        with open(self._errors, errors="replace") as errors:
            return "".join(line for line in errors
                           if "audiodev" not in line and "is not connected to host" not in line)

    def stop(self):
        """Its disks are snapshots: nothing to save, so no manners."""
        if self.monitor:
            self.monitor.close()
        self._process.kill()
        self._process.wait()
