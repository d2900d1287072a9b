# SPDX-License-Identifier: Apache-2.0
"""What a pause takes of a guest's time: nothing, or all of it."""

import re

from harness.patience import Stopwatch  # conftest has put the board on the path


def longest_step(board, seconds, options=""):
    """In microseconds, of the guest's clock between two looks at it, around a pause."""
    port = board.serial(1)
    port.read_until(rb"(?:longest step \d+ us\D+){2}", timeout=60)
    watch = Stopwatch(board.clock)
    board.run(f"aliasvm pause {options} right && sleep {seconds} && aliasvm resume right", timeout=seconds + 60)
    text = port.read_until(rb"(?:longest step \d+ us\D+){3}", timeout=60).decode()
    longest = max(int(step) for step in re.findall(r"step (\d+) us", text))
    print(f"pause of {seconds} s {options}: {longest / 1000:.1f} ms, with {watch.share():.0%} of the CPUs' time")
    return longest


def test_a_pause_takes_no_time_from_the_guest_unless_that_is_wanted(board, vm, uart, soak):
    vm("right").configure(uart("uart1", "pause.elf")).start()
    seconds = 60 if soak else 5
    # A busy machine makes the steps longer, but not by a pause that the guest does not see.
    assert longest_step(board, seconds) < seconds * 1e6 / 2
    assert longest_step(board, 5, "--time=runs") > 4.5e6
