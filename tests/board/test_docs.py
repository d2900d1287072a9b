# SPDX-License-Identifier: Apache-2.0
"""The guides are followed word by word: what they say to type is typed, and prints what they show."""

import pathlib
import re

import package
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOWN = "▣"


def blocks(text):
    """(the paragraph before it, the lines of an indented block) one after the other."""
    found = []
    for paragraph in re.split(r"\n(?:[ ]*\n)+", text.strip("\n")):
        lines = paragraph.splitlines()
        if not all(line.startswith("    ") for line in lines):
            found.append((paragraph, []))
            continue
        block = found[-1][1]
        block += ([""] if block else []) + [line[4:].rstrip() for line in lines]
    return [(before, block) for before, block in found if block]


def steps(text):
    """(command, or what is typed on a serial port), (output that is shown), whether that is all of it."""
    done = []
    for before, block in blocks(text):
        if SHOWN in before:
            typed = re.search(r"type `([^`]+)`", before)
            if typed:
                done.append([("type", typed[1]), None, True])
            done[-1][1:] = [block, "in part" not in before]
        else:
            done += [[("run", line[2:]), None, True] for line in block if line.startswith("# ")]
    return done


def printed(board, how, what):
    if how == "run":
        done = board.run(re.sub(r"\s{2,}#.*", "", what), check=False, timeout=120)
        assert done.returncode == 0 or what.startswith("aliasvm doctor"), (what, done.stdout + done.stderr)
        return [re.sub(r"^\[ *\d+\.\d+\] ", "", line.rstrip()) for line in done.stdout.splitlines()]
    port = board.serial(1)
    heard = port.read_until(rb"ready\r?\n")
    port.send(what.encode() + b"\r")
    heard += port.read_until(what.encode())
    return heard.decode().split("\n")


def test_petalinux_guide_prints_what_it_shows(board, vm):
    guide = (ROOT / "docs/petalinux.md").read_text().split("\n## 4. ")[1]
    todo = steps(guide)
    assert sum(shown is not None for _, shown, _ in todo) >= 8
    for action, shown, whole in todo:
        lines = printed(board, *action)
        if shown is None:
            continue
        if whole:
            assert [line.strip("\r") for line in lines] == shown, action
        else:
            there = [line.strip() for line in lines]
            assert [line for line in shown if line.strip() not in there] == [], (action, lines)
    board.serial(1).read_until(re.search(r"says `(echo: [^`]+)`", guide)[1])


def test_readmes_first_steps_run(board):
    section = (ROOT / "README.md").read_text().split("\n## Installing")[1].split("\n## ")[0]
    ((_, (install, *commands)),) = blocks(section)
    names = [pathlib.Path(file).name for file in package.files()]
    assert install == "apt install " + " ".join(f"./{name}" for name in reversed(names))
    for command in commands:
        printed(board, "run", command)
    board.serial(0).read_until(rb"echo: ready")


@pytest.mark.parametrize("page", ["README.md", "docs/petalinux.md", "docs/zcu102.md", "docs/limits.md",
                                  "docs/guests.md"])
def test_what_a_page_names_is_there(board, page):
    """Files of the packages and commands, wherever a page speaks of them."""
    text = (ROOT / page).read_text()
    for path in sorted(set(re.findall(r"/usr/[\w./@-]*aliasvm[\w./@-]*[\w]", text))):
        board.run(["test", "-e", path])
    for command in sorted(set(re.findall(r"`(aliasvm [a-z-]+)", text))):
        assert board.run(f"{command} --help", check=False).returncode == 0, command
