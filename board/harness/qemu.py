"""One QEMU process that dies with its owner, and its monitor."""
# SPDX-License-Identifier: Apache-2.0

import json
import os
import shutil
import socket
import subprocess
import time


def dies_with_us(command):
    """The command, killed by the kernel when the thread that starts it ends, even by SIGKILL."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]


class Monitor:
    """QEMU's machine protocol, used only to pass on commands of its human monitor."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(path)
        self._lines = self._socket.makefile("rw")
        self._lines.readline()  # the greeting
        self._execute("qmp_capabilities")

    def _execute(self, name, **arguments):
        self._lines.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self._lines.flush()
        for line in self._lines:
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
        self._lines.close()
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
        try:
            self._connect(monitor)
        except BaseException:
            self.stop()
            raise

    def _connect(self, monitor):
        deadline = time.monotonic() + 30
        while self.monitor is None:
            try:
                self.monitor = Monitor(monitor)
            except (FileNotFoundError, ConnectionRefusedError):
                if not self.alive() or time.monotonic() > deadline:
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
