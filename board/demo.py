#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows on the board what aliasvm is for: one binary, two VMs, each on its own physical UART."""

import argparse
import re
import sys

from board import Board

EXAMPLES = "/usr/share/aliasvm/examples"
GUEST = "/usr/lib/aliasvm/examples/echo.elf"
LINES = 120
VMS = {
    # name: (serial port of the board, its device, its SPI)
    "left": (0, "ff000000.serial", 21),
    "right": (1, "ff010000.serial", 22),
}


def say(text):
    print(text, flush=True)


def host_interrupts(board, intid):
    """The kernel's count of one interrupt of the physical GIC, over all CPUs."""
    for line in board.run("cat /proc/interrupts").stdout.splitlines():
        found = re.match(r"\s*\d+:((?:\s+\d+)+)\s+GIC\S*\s+(\d+)\s", line)
        if found and int(found.group(2)) == intid:
            return sum(map(int, found.group(1).split()))
    return 0


def type_into(port, name):
    """Types lines and takes each one's echo. The first and the last are shown."""
    for n in range(LINES):
        line = f"hello {name}, line {n}"
        port.send(line + "\n")
        echo = port.read_until(re.escape(line), timeout=30).decode(errors="replace").strip()
        if n in (0, LINES - 1):
            say(f"   {port.name}  typed {line!r}, came back {echo!r}")


def guest_interrupts(port):
    """What the guest itself counted, as it prints it."""
    port.send("?\n")
    text = port.read_until(r"echo: irqs \d+ lines \d+ chars \d+ spurious \d+", timeout=30)
    return int(re.search(rb"irqs (\d+)", text).group(1))


def demonstrate(board):
    """Runs both VMs and prints the table; returns its rows as (VM, host count, guest count)."""
    digest = board.run(f"sha256sum {GUEST}").stdout.split()[0]
    say(f"== both VMs run echo.elf, sha256 {digest}")
    board.run(f"cp {EXAMPLES}/*.toml /etc/aliasvm/")
    say("== systemctl start vm@left vm@right")
    board.run("systemctl start vm@left vm@right", timeout=120)
    for name in VMS:
        status = board.run(f"systemctl show -P StatusText vm@{name}").stdout.strip()
        say(f"   vm@{name}: {status}")
    before = {}
    for name, (port, _, spi) in VMS.items():
        board.serial(port).read_until("echo: ready", timeout=60)
        before[name] = host_interrupts(board, spi + 32)
        type_into(board.serial(port), name)

    say("")
    say(f"{'VM':6} {'ALIAS':6} {'GUEST':27} {'INSTANCE':17} {'HOST':27} IRQS host/guest")
    rows = []
    for name, (port, device, spi) in VMS.items():
        guest_count = guest_interrupts(board.serial(port))
        host_count = host_interrupts(board, spi + 32) - before[name]
        # Where the guest sees its UART, as its own device tree and the VMM's plan say it.
        plan = board.run(
            f"/usr/libexec/aliasvm/aliasvm-vmm --check /etc/aliasvm/{name}.toml"
        ).stdout
        seen = guest_side(plan)
        address = device.split(".")[0]
        say(
            f"{name:6} {'uart0':6} {seen:27} {device:17} "
            f"{f'0x{address} SPI {spi} INTID {spi + 32}':27} {host_count}/{guest_count}"
        )
        rows.append((name, host_count, guest_count))
    return rows


def guest_side(plan):
    """The right-hand sides of uart0's two lines in the table of --check."""
    window = re.search(r"^\s*uart0\s.*-> \[(0x[0-9a-f]+)", plan, re.MULTILINE).group(1)
    line = re.search(r"^\s*uart0\s.*-> \[(SPI \d+ INTID \d+)", plan, re.MULTILINE).group(1)
    return f"{window} {line}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="+", help="Debian packages to install on the board")
    parser.add_argument("--shell", action="store_true", help="stay in a shell on the board")
    options = parser.parse_args()
    say("== booting the emulated ZCU102")
    with Board(packages=options.packages) as board:
        rows = demonstrate(board)
        if options.shell:
            say("")
            say("== a shell on the board; both VMs run on. Try: systemctl status vm@right,")
            say("   journalctl -u vm@left, cat /proc/interrupts. exit ends the board.")
            board.shell()
    return 0 if all(host == guest > 100 for _, host, guest in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
