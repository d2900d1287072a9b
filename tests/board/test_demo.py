# SPDX-License-Identifier: Apache-2.0
"""The demo is a promise: its table comes out as the README shows it."""

import demo


def test_demo_table_has_equal_counts_on_both_lines(board, capsys):
    rows = demo.demonstrate(board)
    assert [name for name, _, _ in rows] == ["left", "right"]
    for name, host, guest in rows:
        assert host == guest > 100, name
    printed = capsys.readouterr().out
    assert printed.count("sha256") == 1
    for instance in ("ff000000.serial", "ff010000.serial"):
        assert instance in printed
    assert printed.count("0xff000000 SPI 21 INTID 53") >= 2
