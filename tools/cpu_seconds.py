# SPDX-License-Identifier: Apache-2.0
"""Pytest plugin (-p cpu_seconds): what each file's tests cost in CPU time, emulated machines and all that they ran."""

import collections
import os

import pytest


def spent():
    """Seconds of CPU of this process, of its children that ended, and of those that run."""
    ticks, me = os.sysconf("SC_CLK_TCK"), str(os.getpid())
    running = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended in between
        if fields[1] == me:
            running += sum(map(int, fields[11:15]))
    return sum(os.times()[:4]) + running / ticks


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    before = spent()
    item.user_properties.append(("cpu_before", before))
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when == "teardown":
        report.user_properties = [("cpu_seconds", spent() - dict(item.user_properties)["cpu_before"])]


def pytest_terminal_summary(terminalreporter):
    by_file = collections.Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            by_file[getattr(report, "nodeid", "").split("::")[0]] += dict(
                getattr(report, "user_properties", [])).get("cpu_seconds", 0)
    terminalreporter.section("seconds of CPU")
    for file, seconds in by_file.most_common():
        if seconds:
            terminalreporter.line(f"{seconds:8.1f}  {file}")
    terminalreporter.line(f"{sum(by_file.values()):8.1f}  in all")
