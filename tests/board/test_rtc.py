# SPDX-License-Identifier: Apache-2.0
"""The time of day of a guest: the host's, in an emulated real-time clock."""

import re

YEAR_2000 = 946684800
HOUR = 3600


def time_of(board):
    return int(board.run("date +%s").stdout)


def numbers(text):
    return [int(found) for found in re.findall(r"\d+", text)]


def test_a_guest_has_the_hosts_time_its_seconds_and_alarms(board, vm, uart):
    right = vm("right").configure(uart("uart1", "rtc.elf") + 'rtc = "clock"\n')
    before = time_of(board)
    right.start()
    port = board.serial(1)
    time, status = numbers(port.read_until(rb"rtc: time \d+ status \d+", timeout=60).decode())
    assert before <= time <= time_of(board) and status & 1
    shown = board.run("aliasvm map right").stdout
    for place in ("0xffa60000+0x1000", "SPI 26 INTID 58", "SPI 27 INTID 59"):
        assert re.search(rf"rtc +\[clock\] +-> \[{re.escape(place)}\]", shown), shown

    seconds, empty = numbers(port.read_until(rb"rtc: seconds [^\n]*\n", timeout=60).decode())
    assert seconds >= 2 and empty == 0
    asked, rang = numbers(port.read_until(rb"rtc: alarm of [^\n]*\n", timeout=60).decode())
    # The alarm's second may be over when a busy board lets the guest look.
    assert asked <= rang <= asked + 2
    was, reads = numbers(port.read_until(rb"rtc: set [^\n]*\n", timeout=60).decode())
    assert was == YEAR_2000 and was < reads <= was + 3
    assert abs(time_of(board) - before) < HOUR, "the guest has set the host's clock"

    # Somebody sets the host's clock, and the guest's alarm, an hour off, is past.
    late = numbers(port.read_until(rb"rtc: asleep until [^\n]*\n", timeout=60).decode())[0]
    try:
        board.run("date -s @$(($(date +%%s) + %d))" % (HOUR + 10))
        awake = numbers(port.read_until(rb"rtc: awake at \d+\r", timeout=30).decode())[0]
    finally:
        board.run("date -s @$(($(date +%%s) - %d))" % (HOUR + 10))
    assert late <= awake < late + 60
    port.read_until(rb"rtc: end", timeout=30)
    right.wait_for("ActiveState", "inactive")
