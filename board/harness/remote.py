"""Commands on the board through one ssh connection that stays open."""
# SPDX-License-Identifier: Apache-2.0

import os
import shlex
import subprocess
import tempfile
import time

from .patience import Deadline
from .qemu import dies_with_us
from .shell import CommandFailed, Shell, fits


class Remote:
    """The first connection pays for the key exchange, which takes a second under emulation."""

    def __init__(self, port, key, folder, clock, timeout):
        self._clock, self._shell = clock, None
        control = os.path.join(folder, "ssh")
        # Nothing of the user's own configuration, and nothing written to it. The host key is not checked:
        # the other end is our own child.
        self._options = ["-F", "none", "-i", key, "-p", str(port), "-S", control,
                         "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR",
                         "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                         "-o", "GlobalKnownHostsFile=/dev/null"]
        self._log = os.path.join(folder, "ssh.log")
        with open(self._log, "wb") as log:
            self._master = subprocess.Popen(
                dies_with_us(["ssh", *self._options, "-M", "-N", "root@127.0.0.1"]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._wait_for(control, timeout)
        except BaseException:
            self.close()
            raise

    def _wait_for(self, control, timeout):
        deadline = Deadline(self._clock, timeout)
        while not os.path.exists(control):
            if self._master.poll() is not None or deadline.passed():
                with open(self._log, errors="replace") as log:
                    raise ConnectionError(f"log in to the board: ssh says\n{log.read()}")
            time.sleep(0.02)

    def _ssh(self, *arguments):
        return ["ssh", *self._options, *arguments]

    def run(self, command, check=True, timeout=60, input=None, text=True):
        """Run a shell command (or a list of words); the result has returncode, stdout and stderr.

        A command that is out of time is given up, but goes on on the board.
        """
        if not isinstance(command, str):
            command = shlex.join(command)
        run = self._run_in_shell if text and fits(input) else self._run_alone
        done = run(command, input, text, timeout)
        if check and done.returncode != 0:
            raise CommandFailed(f"run on the board: {command}: exit code {done.returncode}\n"
                                f"{done.stdout}{done.stderr}")
        return done

    def _run_in_shell(self, command, input, _text, timeout):
        if not self._shell:
            self._shell = Shell(self._ssh("root@127.0.0.1"), self._clock)
        try:
            return self._shell.run(command, input, timeout)
        except BaseException:
            self._shell.close()
            self._shell = None
            raise

    def _run_alone(self, command, input, text, timeout):
        """In a session of its own: for bytes in any number, both ways."""
        decode = {"encoding": "utf-8", "errors": "replace"} if text else {}
        deadline = Deadline(self._clock, timeout)
        # Input from a file: communicate() would not go on with it where it was when its time ran out.
        with tempfile.TemporaryFile() as source:
            source.write(input.encode() if isinstance(input, str) else input or b"")
            source.seek(0)
            process = subprocess.Popen(self._ssh("root@127.0.0.1", command), stdin=source, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, **decode)
        with process:
            try:
                while True:
                    late = deadline.passed()
                    try:
                        out, errors = process.communicate(timeout=deadline.slice())
                        return subprocess.CompletedProcess(command, process.returncode, out, errors)
                    except subprocess.TimeoutExpired as given_up:
                        if late:
                            raise CommandFailed(f"run on the board: {command}: not done within {timeout} s; it "
                                                f"printed {given_up.stdout!r} {given_up.stderr!r}") from None
            except BaseException:
                process.kill()
                raise

    def put(self, local, path, timeout=120):
        """A file to a path with its mode, or what is in a folder into a folder."""
        where = shlex.quote(path)
        if os.path.isdir(local):
            packed = subprocess.run(["tar", "-C", local, "--owner=0", "--group=0", "-c", "."],
                                    check=True, stdout=subprocess.PIPE).stdout
            # The board's clock is behind: it starts where its root file system was made.
            self.run(f"mkdir -p {where} && tar -C {where} --keep-directory-symlink --warning=no-timestamp -x",
                     input=packed, text=False, timeout=timeout)
            return
        with open(local, "rb") as file:
            self.run(f"cat >{where} && chmod {os.stat(local).st_mode & 0o7777:o} {where}",
                     input=file.read(), text=False, timeout=timeout)

    def get(self, path, timeout=120):
        """The bytes of a file."""
        return self.run(["cat", path], text=False, timeout=timeout).stdout

    def shell(self, command=None):
        """A terminal on the board; returns the exit code."""
        return subprocess.call(self._ssh("-t", "root@127.0.0.1", *([command] if command else [])))

    def close(self):
        if self._shell:
            self._shell.close()
        self._master.kill()
        self._master.wait()
