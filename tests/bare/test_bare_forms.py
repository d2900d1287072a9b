# SPDX-License-Identifier: Apache-2.0
"""forms.elf on the bare emulated machine: what a VM is compared with."""

import re

from machine import PRODUCT, Folder, Machine, guest, stream

FORMS = PRODUCT / "usr/share/aliasvm/guests/forms.elf"


def test_each_form_does_at_a_device_what_it_does_in_memory():
    with Folder() as folder, Machine(folder, 1, stream(folder, 1), guest(FORMS)) as machine:
        text = machine.run().port.read_until(rb"forms: end", timeout=60).decode()
    assert "DIFFERS" not in text, text
    found = re.findall(r"forms: (\w+) mmu (\w+) tried \d+ differ 0\b", text)
    assert found == [(place, mmu) for mmu in ("off", "4K", "64K") for place in ("uart", "gicd")]
    assert text.count("pending") == 3
