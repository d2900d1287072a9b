# SPDX-License-Identifier: Apache-2.0
"""What the other test guests see of their machine."""

import re
import subprocess

import pytest

from vm import host_interrupts, physical_register


@pytest.mark.parametrize("guest", ["irqs.elf", "irqs-noicfgr.elf"])
def test_ten_thousand_interrupts_and_none_lost_or_extra(board, vm, uart, guest):
    before = host_interrupts(board, 54)
    right = vm("right").configure(uart("uart1", guest)).start()
    board.serial(1).read_until(rb"irqs: sent 10000 taken 10000 empty 0 wrong 0", timeout=120)
    right.wait_for("ActiveState", "inactive")
    assert right.value("Result") == "success"
    assert host_interrupts(board, 54) - before == 10_000


def test_smp_guest_starts_and_stops_its_cpus_and_powers_off(board, vm, uart):
    right = vm("right").configure(uart("uart1", "smp.elf", "vcpus = 4")).start()
    port = board.serial(1)
    text = port.read_until(rb"smp: again 3", timeout=60)
    mpidrs = {int(m, 16) & 0xFF for m in re.findall(rb"smp: cpu \d+ mpidr 0x([0-9a-f]+)", text)}
    assert mpidrs == {0, 1, 2, 3}
    assert b"smp: all off 3" in text
    assert len(board.run(f"ls /proc/{right.pid()}/task").stdout.split()) == 4 + 1
    port.send(b"off\n")
    right.wait_for("ActiveState", "inactive")
    assert right.show("Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}


def test_a_reset_is_restarted_by_systemd(board, vm, uart):
    right = vm("right").configure(uart("uart1", "smp.elf", "vcpus = 4")).start()
    port = board.serial(1)
    port.read_until(rb"smp: again 3", timeout=60)
    port.send(b"reset\n")
    right.wait_for("NRestarts", "1")
    port.read_until(rb"smp: again 3", timeout=60)


def test_machine_facts(board, vm, uart):
    right = vm("right").configure(uart("uart1", "facts.elf", memory="48M")).start()
    text = board.serial(1).read_until(rb"facts: end", timeout=30).decode()
    right.wait_for("ActiveState", "inactive")
    assert "facts: el 1" in text
    assert "facts: dtb magic 0xd00dfeed" in text
    assert "facts: ram 48 MiB" in text
    assert re.search(r"facts: unmapped 0x0+\b", text)
    # GIC-400 resets its SPIs to level, and so does this machine for a passed-through one.
    assert re.search(r"facts: icfgr53 0x0+\b", text)
    assert "where nothing is" in right.journal()


def test_an_emulated_uart_is_found_as_a_physical_one_is(board, vm, uart):
    def found(text):
        return re.findall(r"facts: uart (0x\w+) found (0x\w+)", text)

    right = vm("right").configure(uart("uart1", "facts.elf")).start()
    physical = found(board.serial(1).read_until(rb"facts: end", timeout=30).decode())
    right.wait_for("ActiveState", "inactive")
    right.configure(uart("console", "facts.elf")).start()
    emulated = found(board.run("timeout 100 socat -u UNIX-CONNECT:/run/aliasvm/right/uart0.sock -",
                               check=False, timeout=120).stdout)
    assert len(physical) == 15
    assert emulated == physical


def test_edge_interrupts_of_a_timer(board, vm):
    right = vm("right").configure(
        'memory = "32M"\nkernel = "/usr/share/aliasvm/guests/edge.elf"\n'
        '[alias]\nuart0 = "uart1"\nttc0 = "ttc3"\n'
    )
    right.start()
    tree = board.run("aliasvm dump-dtb right", text=False).stdout
    board.serial(1).read_until(rb"edge: taken 1000 empty 0 ", timeout=60)
    right.wait_for("ActiveState", "inactive")
    text = subprocess.run(["dtc", "-q", "-I", "dtb"], input=tree, check=True, capture_output=True).stdout.decode()
    lines = re.search(r"timer@ff110000 \{.*?interrupts = <([^>]*)>", text, re.S).group(1).split()
    assert [int(cell, 16) for cell in lines[2::3]] == [1, 1, 1], "what the host's tree says of TTC3"


def test_raw_binary_runs_like_the_elf(board, vm, uart):
    vm("right").configure(uart("uart1", "echo.bin")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    port.send(b"raw\n")
    port.read_until(rb"raw", timeout=30)


def test_hostile_guest_harms_nobody(board, vm, uart, soak):
    left = vm("left").configure(uart("uart0")).start()
    quiet = board.serial(0)
    quiet.read_until(rb"echo: ready", timeout=30)
    guest = "hostile-soak.elf" if soak else "hostile.elf"
    right = vm("right").configure(uart("uart1", guest, "vcpus = 2")).start()
    quiet.send(b"while it rages\n")
    quiet.read_until(rb"while it rages", timeout=60)
    board.serial(1).read_until(rb"hostile: alive", timeout=1200 if soak else 240)
    right.wait_for("ActiveState", "inactive")
    assert right.value("Result") == "success"
    assert physical_register(board, 0xFF010010) == 0, "IMR, reserved bits and all"
    quiet.send(b"and after\n")
    quiet.read_until(rb"and after", timeout=30)
    assert left.value("NRestarts") == "0"


def test_reset_loop_ends_with_a_stated_reason(board, vm, uart):
    left = vm("left").configure(uart("uart0")).start()
    right = vm("right").configure(uart("uart1", "resetloop.elf"))
    right.drop_in("Unit", "StartLimitBurst=4")
    board.run(f"systemctl start {right.unit}", check=False)
    right.wait_for("ActiveState", "failed", timeout=120)
    assert right.value("Result") == "start-limit-hit"
    assert "the guest asked for a reset" in right.journal()
    board.serial(0).send(b"unmoved\n")
    board.serial(0).read_until(rb"unmoved", timeout=30)
    assert left.value("NRestarts") == "0"


@pytest.mark.parametrize("instance, rate", [("uart0", 99_990_000), ("uart1", 99_985_000)])
def test_guest_is_told_the_clock_rate_of_the_uart_that_it_really_has(board, vm, uart, instance, rate):
    assert board.run(f"cat /sys/kernel/debug/clk/{instance}_ref/clk_rate").stdout == f"{rate}\n"
    vm("right").configure(uart(instance)).start()
    tree = board.run("aliasvm dump-dtb right", text=False).stdout
    text = subprocess.run(["dtc", "-q", "-I", "dtb"], input=tree, check=True, capture_output=True).stdout.decode()
    phandle = re.search(r"serial@ff000000 {.*?clocks = <(0x[0-9a-f]+) ", text, re.DOTALL)[1]
    clock = re.search(rf"clock-frequency = <(0x[0-9a-f]+)>;\s+phandle = <{phandle}>", text)
    assert int(clock[1], 16) == rate
