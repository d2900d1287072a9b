# SPDX-License-Identifier: Apache-2.0
"""The shell on the console of a Linux guest (tests/guests/linux), and what it knows of its GEM."""

import re


class LinuxShell:
    """Behind a serial port."""

    def __init__(self, port):
        self._port = port
        self._commands = 0

    def wait_up(self, timeout=180):
        self._port.read_until(r"linux: cpus \d+", timeout=timeout)

    def run(self, command, timeout=60):
        """What a command that succeeds prints, and the console's echo of it."""
        self._commands += 1
        # The console echoes the sum, the shell says what it comes to.
        self._port.send(f"{command} && echo end-$((1000+{self._commands})) || echo failed-$?\n")
        end = rf"end-{1000 + self._commands}|failed-\d"
        text = self._port.read_until(end, timeout).decode(errors="replace").replace("\r", "")
        # The console may echo the command in pieces, and "failed-$?" is part of it.
        assert not re.search(r"failed-\d", text), text
        return text

    def checksum(self, path, timeout=60):
        """Of a file: 32 digits. MD5, because it has to be quick and nobody forges anything here."""
        return re.search(rf"([0-9a-f]{{32}})  {path}", self.run(f"md5sum {path}", timeout))[1]

    def interrupts(self, intid):
        """How often it took an interrupt of its GIC, over all CPUs, and whose it is; None if it has none."""
        text = self.run("cat /proc/interrupts")
        row = re.search(rf"^ *\d+:((?: +\d+)+) +GIC\S* +{intid} +Level +(.*)$", text, re.MULTILINE)
        return row and (sum(map(int, row[1].split())), row[2])

    def power_off(self):
        self._port.send("poweroff -f\n")

    def configure_network(self, address):
        self.run(f"ip addr add {address}/24 dev eth0 && ip link set eth0 up")


def send_file(sender, receiver, address, path, timeout=120):
    """A file over TCP, from the sender's RAM to the receiver's PATH.got; both sums."""
    sender.run("pidof httpd >/dev/null || httpd -p 80 -h /")
    got = path + ".got"
    receiver.run(f"wget -q -O {got} http://{address}{path}", timeout)
    return sender.checksum(path, timeout), receiver.checksum(got, timeout)
