"""The state of a board that is up, in a file: another one that goes on from there is up in a second or two."""
# SPDX-License-Identifier: Apache-2.0

import re
import subprocess
import time

from . import patience


def _same(board):
    """What has to be the same for a state to fit: QEMU, and its command line without what is new in every run."""
    version = subprocess.run(["qemu-system-aarch64", "--version"], check=True, capture_output=True, text=True).stdout
    words = re.sub(r"board\.ready=\d+", "board.ready=", "\n".join(board.arguments).replace(board.folder, ""))
    return f"{version}{words}\n"


def _idles(board):
    """Whether it did next to nothing for half a second."""
    before = board.clock.ran()
    time.sleep(0.5)
    return board.clock.ran() - before < 0.05


def save(board, path):
    """Stops a board and writes its state, and beside it what it fits."""
    # Whatever is still under way would have to get on without those outside whom it knew.
    board.wait_for(lambda: _idles(board), "rest of a board that is up", timeout=300)
    board.monitor("stop")
    board.monitor("migrate_set_parameter max-bandwidth 100G")
    board.monitor(f'migrate -d "exec:cat >{path}"')
    status = board.wait_for(lambda: re.search(r"Migration status: (completed|failed.*)", board.monitor("info migrate")),
                            f"write the board's state to {path}", timeout=300)[1]
    if status != "completed":
        raise RuntimeError(f"write the board's state to {path}: {status}; QEMU said: {board.qemu.words()}")
    with open(path + ".fits", "w") as file:
        file.write(_same(board))


def arguments_for(board):
    """What more to tell QEMU for a board that goes on from board/make's state; nothing where that does not fit."""
    path = board.part("booted", needed=False)
    try:
        with open(f"{path}/state.fits") as file:
            return ["-incoming", f"exec:cat {path}/state"] if file.read() == _same(board) else []
    except FileNotFoundError:
        return []


def wait_until_read(qemu):
    """Until QEMU has the state, and stands still."""
    patience.wait_for(lambda: "inmigrate" not in qemu.monitor.command("info status"),
                      "read the board's state", qemu.clock, pause=0.02)
