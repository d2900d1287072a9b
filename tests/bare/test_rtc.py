# SPDX-License-Identifier: Apache-2.0
"""rtc.elf on the bare emulated machine, whose clock has the time and nothing else: it neither interrupts nor is set."""

import re
import time

from machine import PRODUCT, Folder, Machine, guest, stream

RTC = PRODUCT / "usr/share/aliasvm/guests/rtc.elf"


def test_a_guest_finds_the_time_of_day():
    before = int(time.time())
    with Folder() as folder, Machine(folder, 1, stream(folder, 1), guest(RTC)) as machine:
        text = machine.run().port.read_until(rb"rtc: time \d+ status", timeout=60).decode()
        found = int(re.search(r"time (\d+)", text).group(1))
        assert before - 1 <= found <= time.time() + 1
