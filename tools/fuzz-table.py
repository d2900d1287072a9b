#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what libFuzzer's logs say of each target: LOGS FINDINGS TARGET…"""

import pathlib
import re
import sys

# "#1234  NEW    cov: 50 ft: 80 corp: 12/345b lim: 4 exec/s: 100 rss: 40Mb": the last such line counts.
STATUS = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)/(\w+)", re.MULTILINE)
EXECUTIONS = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
RATE = re.compile(r"^stat::average_exec_per_sec:\s*(\d+)", re.MULTILINE)
HEADING = ("target", "executions", "per second", "edges", "features", "inputs", "bytes", "findings")


def row(target, log, findings):
    status = STATUS.findall(log)
    executed, edges, features, inputs, size = status[-1] if status else ("0", "?", "?", "?", "?")
    told = EXECUTIONS.findall(log)
    rate = RATE.findall(log)
    return (
        target,
        told[-1] if told else executed,
        rate[-1] if rate else "?",
        edges,
        features,
        inputs,
        size,
        str(len(findings)),
    )


def main():
    logs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rows = [HEADING]
    found = []
    for target in sys.argv[3:]:
        # Names end in a hash: those of config_edit are none of config.
        names = re.compile(rf"{re.escape(target)}-(crash|leak|timeout|oom|slow-unit)-[0-9a-f]+")
        findings = sorted(path for path in folder.iterdir() if names.fullmatch(path.name))
        rows.append(row(target, (logs / target).read_text(errors="replace"), findings))
        found += findings
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEADING))]
    for line in rows:
        print("  ".join(cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(line, widths))))
    for path in found:
        print(f"finding: {path}")


if __name__ == "__main__":
    main()
