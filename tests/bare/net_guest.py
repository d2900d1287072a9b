# SPDX-License-Identifier: Apache-2.0
"""What net.elf says, as numbers."""

import re

from harness.patience import wait_for  # whoever opened the port has put it on the path


class NetGuest:
    """net.elf behind a serial port."""

    def __init__(self, port):
        self.port = port

    def wait_ready(self, timeout=30):
        """All that it says of itself when it starts."""
        return self.port.read_until(r"net: (ready|no memory)[^\n]*\n", timeout).decode()

    def ask(self, line, answer, timeout=30):
        self.port.send(line + "\n")
        return self.port.read_until(answer + r"[^\n]*\n", timeout).decode()

    def counts(self):
        text = self.ask("?", "net: sent ")
        found = {name: int(value) for name, value in re.findall(r"([a-z-]+) (\d+)", text)}
        found["link"] = re.search(r"link (\w+)", text)[1]
        return found

    def wait_link(self, timeout=30):
        wait_for(lambda: self.counts()["link"] == "up", lambda: f"a link: {self.counts()}", self.port.clock, timeout)

    def send(self, count, seed):
        self.ask(f"send {count} {seed}", "net: send ")

    def wait_sent(self, timeout=120):
        """Waits until all is acknowledged: frames, bytes, frames sent again, microseconds."""
        text = self.port.read_until(r"net: done [^\n]*\n", timeout).decode()
        sent, size, again, time = map(int, re.search(
            r"net: done sent (\d+) bytes (\d+) again (\d+) us (\d+)", text).groups())
        return {"sent": sent, "bytes": size, "again": again, "us": time}

    def loop(self, count, timeout=60):
        """Frames to itself in local loopback: microseconds until the last has come back."""
        text = self.ask(f"loop {count}", "net: loop ", timeout)
        assert f"sent {count} received {count} wrong 0 " in text, text
        return int(re.search(r"us (\d+)", text)[1])
