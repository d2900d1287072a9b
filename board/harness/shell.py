"""A shell on the board that stays: to run a command there costs one fork, and no login."""
# SPDX-License-Identifier: Apache-2.0

import os
import re
import secrets
import selectors
import shlex
import subprocess

from .patience import Deadline

# Commands come with a NUL behind each. A word that nobody else knows says on both streams where its output ends.
LOOP = """while IFS= read -r -d '' command; do
    (eval "$command") </dev/null
    printf '\\0{word}%s\\0' $?
    printf '\\0{word}\\0' >&2
done"""


class CommandFailed(Exception):
    """A command on the board ended with another code than 0, or not in time."""


def fits(input):
    """Whether a text can be part of a command."""
    return input is None or isinstance(input, str) and len(input) < 4096 and "\0" not in input


class Shell:
    def __init__(self, ssh, clock):
        """ssh: the command that runs another one on the board, which is still to be added."""
        self._clock, word = clock, secrets.token_hex(8)
        self._process = subprocess.Popen([*ssh, f"exec bash -c {shlex.quote(LOOP.format(word=word))}"],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._end = re.compile(rf"\0{word}(\d*)\0".encode())

    def run(self, command, input, timeout):
        """After CommandFailed the command goes on, so that this shell is good for nothing more: close it."""
        if input is not None:
            command = f"printf %s {shlex.quote(input)} | {{ {command}\n}}"
        self._process.stdin.write(command.encode() + b"\0")
        self._process.stdin.flush()
        said = {self._process.stdout: b"", self._process.stderr: b""}
        code = None
        deadline = Deadline(self._clock, timeout)
        with selectors.DefaultSelector() as selector:
            for stream in said:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                late = deadline.passed()
                ready = [key.fileobj for key, _ in selector.select(deadline.slice())]
                for stream in ready:
                    data = os.read(stream.fileno(), 65536)
                    said[stream] += data
                    end = self._end.search(said[stream])
                    if end:
                        said[stream] = said[stream][:end.start()]
                        code = int(end[1]) if end[1] else code
                    elif not data:
                        raise ConnectionError(f"run on the board: {command}: the shell there is gone; it printed "
                                              f"{list(said.values())}")
                    if end:
                        selector.unregister(stream)
                if late and not ready:
                    raise CommandFailed(f"run on the board: {command}: not done within {timeout} s; it printed "
                                        f"{list(said.values())}")
        out, errors = (text.decode(errors="replace").replace("\r\n", "\n") for text in said.values())
        return subprocess.CompletedProcess(command, code, out, errors)

    def close(self):
        self._process.kill()
        self._process.communicate()
