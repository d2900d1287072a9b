# SPDX-License-Identifier: Apache-2.0
"""Accesses that the CPU does not describe: taken at every device, as the bare machine takes them."""

import re

import pytest

CONSOLE = "/run/aliasvm/right/uart0.sock"


def results(text):
    return {(place, mmu): (int(tried), int(differ)) for place, mmu, tried, differ in
            re.findall(r"forms: (\w+) mmu (\w+) tried (\d+) differ (\d+)", text)}


@pytest.mark.parametrize("instance", ["console", "uart1"])
def test_each_form_does_at_a_device_what_it_does_in_memory(board, vm, uart, instance):
    right = vm("right").configure(uart(instance, "forms.elf") + 'ttc0 = ""\n').start()
    if instance == "console":
        text = board.run(f"timeout 100 socat -u UNIX-CONNECT:{CONSOLE} -", check=False, timeout=120).stdout
    else:
        text = board.serial(1).read_until(rb"forms: end", timeout=120).decode()
    assert "forms: end" in text, text + right.journal()
    assert "DIFFERS" not in text, text
    found = results(text)
    places = {"uart": 50, "gpio": 50, "gicd": 85, "empty": 85, "nobody": 85}
    assert set(found) == {(place, mmu) for place in places for mmu in ("off", "4K", "64K")}
    assert all(tried >= places[place] and differ == 0 for (place, _), (tried, differ) in found.items()), found
    assert re.findall(r"forms: sgi mmu (\w+) (\w+)", text) == [(mmu, "pending") for mmu in ("off", "4K", "64K")]
    right.wait_for("ActiveState", "inactive")
    assert "cannot be performed" not in right.journal()
