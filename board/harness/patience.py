"""How long to wait for what an emulated machine does: in seconds that it had, not in seconds that passed."""
# SPDX-License-Identifier: Apache-2.0

import os
import select
import threading
import time


class Clock:
    """Counts the seconds of a process: all that pass, but for its share of those in which it had to wait for a CPU.

    On a quiet machine that is the wall's clock. Beside others who take nine tenths of the CPUs whatever an emulated
    machine does takes ten times as long, and this clock is as slow. For a machine that hangs it goes on: one that
    idles waits for no CPU, and one that spins has what it is given.
    """

    def __init__(self, pid):
        self._tasks = f"/proc/{pid}/task"
        self._lock = threading.Lock()
        self._threads = self._look()  # (seconds it ran, seconds it was ready and did not run), by thread
        self._wall = time.monotonic()
        self._now = 0.0

    def _look(self):
        """Of each thread, what the kernel has counted; nothing where it does not count, or the process is gone."""
        found = {}
        try:
            for thread in os.listdir(self._tasks):
                with open(f"{self._tasks}/{thread}/schedstat") as file:
                    ran, waited, _ = map(int, file.read().split())
                found[thread] = ran / 1e9, waited / 1e9
        except (FileNotFoundError, ProcessLookupError):
            pass  # a thread that ended in between: what it did is not counted
        return found

    def ran(self):
        """Seconds of CPU that its threads have had."""
        return sum(run for run, _ in self._look().values())

    def now(self):
        """Seconds since the clock was made."""
        with self._lock:
            threads, wall = self._look(), time.monotonic()
            passed = wall - self._wall
            ran = waited = 0.0
            for thread, (run, wait) in threads.items():
                before = self._threads.get(thread, (0.0, 0.0))
                ran, waited = ran + run - before[0], waited + wait - before[1]
            # Threads that work in turn wait in turn, and threads that work at once wait at once: either way they
            # got on as fast as the CPUs' share says that they had.
            wanted = min(passed, ran + waited)
            if waited > 0:
                passed += wanted * (ran / (ran + waited) - 1)
            self._threads, self._wall = threads, wall
            self._now += passed
            return self._now


class Deadline:
    """So many seconds from now on, of a clock; None is never."""

    def __init__(self, clock, seconds):
        self._clock, self.seconds = clock, seconds
        self._end = None if seconds is None else clock.now() + seconds

    def passed(self):
        return self._end is not None and self._clock.now() >= self._end

    def slice(self):
        """How long to sleep, of the wall, before it is worth asking again."""
        return 1.0 if self._end is None else min(1.0, max(0.01, self._end - self._clock.now()))


class Stopwatch:
    """What the machine had of the time since the watch was made, from 0 to 1: to judge a time that it took itself."""

    def __init__(self, clock):
        self._clock, self._own, self._wall = clock, clock.now(), time.monotonic()

    def share(self):
        return min(1.0, (self._clock.now() - self._own) / (time.monotonic() - self._wall))


def receive(socket, clock, seconds=60, size=65536):
    """What a socket to the machine has; nothing at its end."""
    deadline = Deadline(clock, seconds)
    while True:
        late = deadline.passed()
        if select.select([socket], [], [], deadline.slice())[0]:
            return socket.recv(size)
        if late:
            raise TimeoutError(f"wait for QEMU: no word within {seconds} s")


def wait_for(condition, what, clock, seconds=60, pause=0.2):
    """Asks until the condition holds, and returns what it said; `what` (text or who makes it) says what was missed."""
    deadline = Deadline(clock, seconds)
    while True:
        late = deadline.passed()
        if found := condition():
            return found
        if late:
            raise AssertionError(f"{what() if callable(what) else what}: not within {seconds} s")
        time.sleep(pause)
