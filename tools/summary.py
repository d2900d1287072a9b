#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up JUnit files: names what failed, and ends with "N passed, N failed"."""

import sys
import xml.etree.ElementTree as ElementTree


def main(files):
    passed, failed, skipped = 0, [], 0
    for file in files:
        for case in ElementTree.parse(file).iter("testcase"):
            name = f"{case.get('classname')}: {case.get('name')}"
            fault = case.find("failure")
            if fault is None:
                fault = case.find("error")
            if fault is not None:
                words = (fault.get("message") or fault.text or "").strip().splitlines()
                failed.append(f"{name}: {words[0]}" if words else name)
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                passed += 1
    for name in failed:
        print(f"FAILED {name}")
    print(f"{passed} passed, {len(failed)} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
