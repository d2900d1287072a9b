"""The other end of a UART of the board: a thread collects all it prints, from power-on."""
# SPDX-License-Identifier: Apache-2.0

import codecs
import re
import socket
import threading

from .patience import Deadline


class SerialPort:
    """Connected before the machine runs, so that no byte is lost. The clock is that machine's."""

    def __init__(self, path, name, clock, echo=None):
        self.name, self.clock = name, clock
        self._echo = echo
        self._all = bytearray()
        self._read = 0  # how much of _all was handed out
        self._closed = False
        self._more = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        threading.Thread(target=self._collect, daemon=True, name=name).start()

    def _collect(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            with self._more:
                self._all += data
                self._closed = not data
                self._more.notify_all()
            if not data:
                return
            if self._echo:
                self._echo.write(decoder.decode(data))
                self._echo.flush()

    def send(self, data):
        """Bytes (or text) into the UART's receiver."""
        self._socket.sendall(data.encode() if isinstance(data, str) else data)

    def read_until(self, pattern, timeout=30):
        """What came up to and with the first match of a regular expression; TimeoutError without."""
        expression = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.DOTALL)
        deadline = Deadline(self.clock, timeout)
        with self._more:
            while True:
                late = deadline.passed()
                found = expression.search(self._all, self._read)
                if found:
                    start, self._read = self._read, found.end()
                    return bytes(self._all[start:found.end()])
                if self._closed or late:
                    why = "QEMU closed the port" if self._closed else f"not within {timeout} s"
                    raise TimeoutError(f"read {self.name} until {pattern!r}: {why}; "
                                       f"it printed {bytes(self._all[self._read:][-2000:])!r}")
                self._more.wait(deadline.slice())

    def drain(self):
        """All that came and was not read yet, without waiting."""
        with self._more:
            start, self._read = self._read, len(self._all)
            return bytes(self._all[start:])

    @property
    def transcript(self):
        """All that the port printed since power-on."""
        with self._more:
            return bytes(self._all)

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
