#!/usr/bin/python3
"""Boot an emulated board that board/make made: a module for tests, a command for people."""
# SPDX-License-Identifier: Apache-2.0

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from harness.machine import Board, cache_folder  # noqa: E402
from harness.shell import CommandFailed  # noqa: E402
from harness.virt import VirtBoard  # noqa: E402

__all__ = ["Board", "CommandFailed", "VirtBoard", "cache_folder"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    boot = actions.add_parser("boot", help="boot and open a shell on the board; the board ends with the shell")
    run = actions.add_parser("run", help="boot, run one command, end with its exit code")
    save = actions.add_parser("save", help="boot, and write the state once it is up: what board/make does")
    for action in (boot, run):
        action.add_argument("--product", metavar="DIR", help="lay this tree over the root file system")
        action.add_argument("--package", metavar="DEB", action="append", default=[],
                            help="let dpkg install it once the board is up; may be repeated")
        action.add_argument("--console", action="store_true", help="show the kernel's console (takes UART0 away)")
        action.add_argument("--icount", action="store_true", help="virtual time counts instructions; slower")
        action.add_argument("--smp", type=int, default=4, metavar="N", help="CPUs (default: 4)")
        action.add_argument("--virt", action="store_true", help="not the ZCU102, but the board with an SMMU and PCI")
    run.add_argument("command", nargs=argparse.REMAINDER)
    save.add_argument("file")
    options = parser.parse_args()
    if options.action == "run" and not options.command:
        parser.error("run: which command?")
    try:
        if options.action == "save":
            with Board(keep=options.file):
                return 0
        kind = VirtBoard if options.virt else Board
        with kind(product=options.product, packages=options.package, smp=options.smp, icount=options.icount,
                  console=options.console) as board:
            if options.action == "boot":
                return board.shell()
            done = board.run(" ".join(options.command), check=False, timeout=None)
            sys.stdout.write(done.stdout)
            sys.stderr.write(done.stderr)
            return done.returncode
    except KeyboardInterrupt:
        return 130
    except (OSError, RuntimeError, ValueError, CommandFailed) as error:
        print(f"board: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
