#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Parses the golden pictures as XML, and looks whether what they draw is inside the page."""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def faults(file):
    try:
        root = ElementTree.parse(file).getroot()
    except ElementTree.ParseError as error:
        yield f"{file}: {error}"
        return
    width, height = int(root.get("width")), int(root.get("height"))
    boxes = [{k: int(box.get(k)) for k in ("x", "y", "width", "height")} for box in root.iter(SVG + "rect")]
    for box in boxes:
        if box["x"] + box["width"] > width or box["y"] + box["height"] > height:
            yield f"{file}: a box at {box['x']},{box['y']} leaves the page"
    for line in root.iter(SVG + "line"):
        for x, y in ((line.get("x1"), line.get("y1")), (line.get("x2"), line.get("y2"))):
            touches = any(
                int(x) in (box["x"], box["x"] + box["width"]) and box["y"] <= int(y) <= box["y"] + box["height"]
                for box in boxes
            )
            if not touches:
                yield f"{file}: a line ends at {x},{y}, where no box is"
    for a in boxes:
        for b in boxes:
            if a["x"] == b["x"] and a["y"] < b["y"] < a["y"] + a["height"]:
                yield f"{file}: boxes at {a['y']} and {b['y']} overlap"
    for text in root.iter(SVG + "text"):
        x, y = int(text.get("x")), int(text.get("y"))
        if text.get("class") not in ("name", "range", "interrupt"):
            continue
        # The digits of bold DejaVu Sans are 8.4 pixels wide at 12, and small letters are no wider.
        fits = any(
            box["x"] < x
            and x + 8.4 * len(text.text) < box["x"] + box["width"]
            and box["y"] + 10 < y < box["y"] + box["height"]
            for box in boxes
        )
        if not fits:
            yield f"{file}: \"{text.text}\" leaves its box"
    if not boxes:
        yield f"{file}: draws nothing"


def main():
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.svg"))
    found = [fault for file in files for fault in faults(file)]
    print("\n".join(found) or f"{len(files)} pictures are well-formed")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
