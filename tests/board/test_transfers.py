# SPDX-License-Identifier: Apache-2.0
"""Many moves, at random, under traffic, with failures and with the daemon killed: what always holds."""

import random
import re
import time

import pytest

from board import CommandFailed
from daemon import Daemon, Refused, leaks
from vm import host_interrupts, physical_register

# The same moves each time; a failure names its step.
SEED = 20261122
UARTS = {0: ("uart0", 53), 1: ("uart1", 54)}
VMS = ("left", "right", "third")


@pytest.fixture
def daemon(board):
    return Daemon(board)


class World:
    """Three VMs, two UARTs, and what the test has asked for."""

    def __init__(self, board, vm, uart, daemon):
        self.board, self.daemon = board, daemon
        self.vms = {name: vm(name).configure(uart("")) for name in VMS}
        for machine in self.vms.values():
            machine.start()
        self.holder = {"uart0": None, "uart1": None}
        self.paused = set()
        self.running = set(VMS)
        self.pauses = []

    def up_and_awake(self, name):
        return name in self.running and name not in self.paused

    def step(self, choice):
        """One random act; its words."""
        device = choice.choice(("uart0", "uart1"))
        name = choice.choice(VMS)
        act = choice.choice(("assign",) * 5 + ("release", "start", "stop", "pause", "resume", "reset"))
        try:
            self.do(act, device, name)
        except Refused as error:
            return f"{act} {device} {name}: refused, {error}", self.expected_refusal(act, device, name)
        return f"{act} {device} {name}", True

    def expected_refusal(self, act, device, name):
        other = self.holder["uart0" if device == "uart1" else "uart1"]
        if act == "assign":
            return other == name and name in self.running
        if act in ("pause", "resume", "reset"):
            return name not in self.running or (name in self.paused) == (act != "resume")
        return False

    def do(self, act, device, name):
        if act == "assign":
            loser = self.holder[device]
            self.daemon.assign(device, name, "uart0")
            for uart in self.holder:  # an alias of a stopped VM holds the last one assigned to it
                if self.holder[uart] == name:
                    self.holder[uart] = None
            self.holder[device] = name
            if loser in self.running and loser != name:
                self.pauses.append(self.daemon.of_machine(loser, "Statistics")["last_pause_usec"])
        elif act == "release":
            self.daemon.release(device)
            self.holder[device] = None
        elif act == "start":
            self.daemon.call("/org/aliasvm1", "Manager", "StartMachine", "s", name)
            self.running.add(name)
        elif act == "stop":
            if name in self.paused:
                self.do("resume", device, name)
            self.daemon.call("/org/aliasvm1", "Manager", "StopMachine", "s", name)
            self.running.discard(name)
        elif act == "pause":
            self.daemon.machine(name, "Pause")
            self.paused.add(name)
        elif act == "resume":
            self.daemon.machine(name, "Resume")
            self.paused.discard(name)
        elif act == "reset":
            if name in self.paused:
                raise Refused("not tried: a paused guest")
            self.daemon.machine(name, "Reset")

    def check(self, words):
        """At most one owner, exactly the owner hears, and interrupts flow."""
        for n, (device, intid) in UARTS.items():
            holder = self.holder[device]
            owner = self.daemon.device(device, "Owner")
            assert owner == (holder if holder in self.running else ""), words
            port = self.board.serial(n)
            port.drain()
            if holder and self.up_and_awake(holder):
                # A guest takes what waited in a UART just plugged in without an interrupt.
                self.answers(port, words)
                before = host_interrupts(self.board, intid)
                self.answers(port, words)
                assert host_interrupts(self.board, intid) > before, words
            else:
                word = self.say_word(port)
                time.sleep(0.2)
                assert word not in port.drain(), words

    def say_word(self, port):
        word = b"w%d" % random.randrange(10**9)
        port.send(b"\n" + word + b"\n")
        return word

    def answers(self, port, words):
        word = self.say_word(port)
        try:
            port.read_until(word, timeout=20)
        except TimeoutError as late:
            raise AssertionError(f"{words}: nobody answers: {late}") from late

    def settle(self):
        """Everybody up and awake, nothing assigned."""
        for device in ("uart0", "uart1"):
            self.do("release", device, None)
        for name in VMS:
            if name not in self.running:
                self.do("start", None, name)
            if name in self.paused:
                self.do("resume", None, name)


def test_random_moves_keep_what_must_always_hold(board, vm, uart, daemon, soak):
    world = World(board, vm, uart, daemon)
    choice = random.Random(SEED)
    world.settle()
    before = leaks(board, VMS)
    for number in range(300 if soak else 30):
        words, expected = world.step(choice)
        assert expected, f"step {number}: {words}"
        world.check(f"step {number}: {words}")
    world.settle()
    assert leaks(board, VMS) == before
    pauses = sorted(world.pauses)
    if pauses:
        print(f"{len(pauses)} VMs lost a UART and stood still for {pauses[0]} to {pauses[-1]} us, "
              f"median {pauses[len(pauses) // 2]} us")


def owners_of_both(daemon):
    """Nothing as long as there is no daemon to ask."""
    try:
        return {uart: daemon.device(uart, "Owner") for uart in ("uart0", "uart1")}
    except CommandFailed:
        return None


def test_random_moves_while_the_daemon_is_being_killed(board, vm, uart, daemon, soak):
    world = World(board, vm, uart, daemon)
    choice = random.Random(SEED + 1)
    world.settle()
    pids = {name: machine.pid() for name, machine in world.vms.items()}
    for number in range(50 if soak else 5):
        device, name = choice.choice(("uart0", "uart1")), choice.choice(VMS)
        delay = choice.random() * 0.3
        pid = daemon.pid()
        board.run(
            f"(sleep {delay:.3f}; kill -9 {pid}) & busctl call org.aliasvm1"
            f" /org/aliasvm1/device/{device} org.aliasvm1.Device Assign 'ssa{{sv}}' {name} uart0 0;"
            " wait; true",
            check=False,
        )
        # It was carried out or it was not; and the daemon knows which.
        owners = board.wait_for(lambda: owners_of_both(daemon), daemon.journal)
        world.holder = {uart: owner or None for uart, owner in owners.items()}
        held = [owner for owner in owners.values() if owner]
        assert len(held) == len(set(held)), owners
        world.check(f"round {number}, killed after {delay:.3f} s: {owners}")
    assert {name: machine.pid() for name, machine in world.vms.items()} == pids


STEPS = ("check", "record", "persist", "detach", "open", "quiesce", "attach", "commit")


def test_a_failure_at_any_step_leaves_everything_as_before(board, vm, uart, daemon):
    board.run(
        "mkdir -p /run/systemd/system/aliasvmd.service.d;"
        " printf '[Service]\\nExecStart=\\nExecStart=/usr/libexec/aliasvm-tests/faulty-daemon\\n'"
        " > /run/systemd/system/aliasvmd.service.d/faulty.conf;"
        " systemctl daemon-reload; systemctl stop aliasvmd"
    )
    left = vm("left").configure(uart("uart1")).start()
    right = vm("right").configure(uart("")).start()
    port = board.serial(1)
    port.read_until(rb"echo: ready", timeout=30)
    pids = left.pid(), right.pid()

    def state():
        registers = [physical_register(board, 0xFF010000 + n) for n in (4, 0x10, 0x18, 0x20, 0x34)]
        files = "cat /etc/aliasvm/*.toml; grep -v '^#' /run/aliasvm/assignments.toml; true"
        return {
            "device": daemon.device("uart1", "Owner", "Alias", "State", "Driver"),
            "bindings": (daemon.bindings("left"), daemon.bindings("right")),
            "registers": registers,
            "files": board.run(files).stdout,
            "leaks": leaks(board, ("left", "right")),
        }

    before = state()
    for step in STEPS:
        board.run(f"echo {step} > /run/aliasvm/fault")
        with pytest.raises(Refused, match=f"step {step}: fault injected.*everything is as before"):
            daemon.assign("uart1", "right", "uart0", persistent=True)
        assert state() == before, step
        port.send(b"\nafter %s\n" % step.encode())
        port.read_until(b"after " + step.encode(), timeout=30)
    board.run("rm /run/aliasvm/fault")
    assert (left.pid(), right.pid()) == pids
    daemon.assign("uart1", "right", "uart0")
    port.read_until(rb"echo: plugged in", timeout=30)


def test_a_peer_that_claims_another_vms_name_is_refused(board, vm, uart, daemon):
    vm("left").configure(uart("uart1")).start()
    board.serial(1).read_until(rb"echo: ready", timeout=30)
    probe = "/usr/libexec/aliasvm-tests/broker-probe left"
    refused = "org.freedesktop.DBus.Error.AccessDenied: register as machine left"
    done = board.run(f"systemd-run --quiet --pipe --wait {probe}", check=False)
    assert refused in done.stdout, done.stdout + done.stderr
    # And one who is a VM, but another.
    thief = vm("thief").configure(uart(""))
    thief.drop_in("Service", f"Type=exec\nRestart=no\nExecStart=\nExecStart={probe}")
    board.run("systemctl start vm@thief", check=False)
    thief.wait_for("ActiveState", "failed|inactive")
    assert refused in thief.journal()
    assert daemon.device("uart1", "Owner") == "left"
    board.serial(1).send(b"\nstill mine\n")
    board.serial(1).read_until(rb"still mine", timeout=30)
