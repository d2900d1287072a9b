# SPDX-License-Identifier: Apache-2.0
"""What README and the manual pages tell people to type is typed here, in their order."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPED = re.compile(r"^(?:    |\$ )?((?:busctl|aliasvm|systemctl|journalctl) .*)$")

# Ends when its user wants it to; here, after some seconds.
ENDLESS = re.compile(r"aliasvm (top|console)\b")
# Says by its exit status what it found.
TELLS = re.compile(r"aliasvm doctor\b")


def examples_of_readme():
    section = (ROOT / "README.md").read_text().split("## Moving devices")[1].split("\n## ")[0]
    lines = [TYPED.match(line) for line in section.splitlines() if line.startswith("    ")]
    return [re.sub(r"\s+#.*", "", found.group(1)) for found in lines if found]


def examples_of(page):
    text = (ROOT / "man" / page).read_text().replace("\\-", "-")
    blocks = re.findall(r"^\.EX\n(.*?)^\.EE", text, re.MULTILINE | re.DOTALL)
    lines = [TYPED.match(line) for block in blocks for line in block.splitlines()]
    return [found.group(1) for found in lines if found]


PLACES = {
    "README.md": examples_of_readme,
    **{
        page: (lambda page=page: examples_of(page))
        for page in ("aliasvm.1", "org.aliasvm1.5", "aliasvmd.8", "vm@.service.8")
    },
}


@pytest.mark.parametrize("place", PLACES)
def test_every_example_does_what_it_says(board, vm, uart, place):
    vm("left").configure(uart("")).start()
    vm("right").configure(uart("uart1")).start()
    vm("con").configure(uart("console")).start()
    commands = PLACES[place]()
    assert len(commands) >= 2, commands
    for command in commands:
        if command.startswith("aliasvm console right"):
            # It has no console of its own: the words say which port it is.
            done = board.run("aliasvm assign uart1 right uart0; " + command, check=False)
            assert "physical uart1" in done.stderr, (command, done.stderr)
            continue
        if ENDLESS.match(command):
            done = board.run(f"timeout 3 {command}", check=False)
            assert done.returncode == 124 and done.stderr == "", (command, done.stderr)
            continue
        if " | dtc" in command:
            command = command.split(" | ")[0] + " > /tmp/tree"  # the board has no dtc
        done = board.run(command, check=False, timeout=120)
        assert done.returncode in ((0, 1) if TELLS.match(command) else (0,)), (
            command,
            done.stdout[-1500:] + done.stderr,
        )
