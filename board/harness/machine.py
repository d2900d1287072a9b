"""The emulated ZCU102 as a whole: from what board/make made to a system that takes commands."""
# SPDX-License-Identifier: Apache-2.0

import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time

from . import archive, booted, patience
from .memory import size_of, tree_with
from .qemu import Qemu
from .remote import Remote
from .serial_port import SerialPort


def cache_folder():
    """The same rule as in board/steps/common.sh."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.environ.get("ALIASVM_CACHE") or os.path.join(cache, "aliasvm")


def _private_folder():
    """A folder for sockets; those of owners that were killed are removed first."""
    # The path of a socket has room for 108 characters, and ssh adds some of its own.
    top = tempfile.gettempdir() if len(tempfile.gettempdir()) < 50 else "/tmp"
    for name in os.listdir(top):
        owner = re.fullmatch(r"aliasvm-board-(\d+)-\w+", name)
        if owner and not os.path.exists(f"/proc/{owner[1]}"):
            shutil.rmtree(os.path.join(top, name), ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"aliasvm-board-{os.getpid()}-", dir=top)


def _terminated(number, _frame):
    # As an exception, so that "with Board()" ends the way it ends for every other reason.
    sys.exit(128 + number)


class Board:
    """A booted board inside a "with"; several can run at once. Start it on a thread that outlives it.

    memory: as "512M" or "4G". product: folder laid over the root file system. packages: .deb files that dpkg
    installs once it is up. icount: virtual time counts instructions. console: UART0 is the kernel's console instead
    of a port to give away. dtb: another device tree than board/make's. keep: a file for the board's state as soon as
    it is up; then it stands still, and nobody logs in. fresh: boot, also where there is such a state to go on from.
    """

    # What another machine has otherwise (virt.py).
    PARTS = ("Image", "initrd.img", "sd.img", "ssh_key", "board.dtb", "console.dtb")
    UARTS = (0, 1)
    CONSOLE = "ttyPS0"

    def __init__(self, product=None, smp=4, memory="2G", icount=False, console=False, extra_args=(),
                 extra_cmdline="", dtb=None, packages=(), timeout=None, keep=None, fresh=False, progress=sys.stderr):
        size_of(memory)  # refuses what is none
        self._product, self._smp, self._memory, self._icount = product, smp, memory, icount
        self._console, self._extra_args, self._extra_cmdline = console, extra_args, extra_cmdline
        self._dtb, self._packages, self._keep, self._fresh, self._progress = dtb, packages, keep, fresh, progress
        self._timeout = timeout or (900 if icount else 240)
        self.folder = self.arguments = self.qemu = self._remote = self._ready = self._old_handler = None
        self._ports = []
        self.boot_seconds = None

    # A board that is not there explains itself before QEMU does.
    def part(self, name, needed=True):
        path = os.path.realpath(os.path.join(cache_folder(), "board", name))
        if needed and not os.path.exists(path):
            raise FileNotFoundError(f"boot the board: {name} is not in {cache_folder()}/board; run board/make")
        return path

    def _machine(self, parts):
        """QEMU's arguments for the machine, its disk and the network, whose forwarding has port 0: any free one."""
        tree = tree_with(self._dtb or parts["console.dtb" if self._console else "board.dtb"], self._memory,
                         os.path.join(self.folder, "board.dtb"))
        arguments = ["-M", "xlnx-zcu102,virtualization=on", "-dtb", tree]
        # The n-th -nic is GEM n, and "-nic none" does not count. One hub is the wire between all that
        # are given away.
        for number in (0, 1, 2):
            arguments += ["-nic", f"hubport,hubid=0,id=gem{number}"]
        return arguments + ["-nic", "user,id=gem3,hostfwd=tcp:127.0.0.1:0-:22",
                            "-drive", f"if=sd,index=1,format=raw,snapshot=on,file={parts['sd.img']}"]

    def _cmdline(self):
        """What the machine's kernel has to be told."""
        return []

    def _arguments(self):
        parts = {name: self.part(name) for name in self.PARTS}
        initramfs = parts["initrd.img"]
        if self._product:
            initramfs = os.path.join(self.folder, "initrd.img")
            archive.with_product(parts["initrd.img"], self._product, initramfs)
        # panic=-1: a panic resets the machine at once, and -no-reboot turns that into the end of QEMU.
        # The host's network stays eth0: udev's own names depend on its version.
        words = [f"board.ready={self._ready.getsockname()[1]}",
                 "rdinit=/init", "panic=-1", "net.ifnames=0", "apparmor=0", "audit=0",
                 # The emulator translates code anew wherever it finds it: a program that lies where it lay before
                 # starts in half the time.
                 "norandmaps",
                 f"console={self.CONSOLE} systemd.show_status=1" if self._console else "quiet",
                 *self._cmdline(), self._extra_cmdline]
        arguments = [*self._machine(parts), "-smp", str(self._smp), "-m", self._memory,
                     "-display", "none", "-no-reboot", "-audiodev", "none,id=silence"]
        for number in self.UARTS:
            arguments += ["-serial", f"unix:{self.folder}/serial{number},server=on,wait=off"]
        arguments += ["-kernel", parts["Image"], "-initrd", initramfs, "-append", " ".join(filter(None, words))]
        if self._icount:
            # One tick of the counter is one instruction, however busy the machine is.
            arguments += ["-icount", "shift=0,sleep=off,align=off", "-seed", "1",
                          "-global", "cortex-a53-arm-cpu.cntfrq=1000000000"]
        return arguments + list(self._extra_args)

    def _say(self, text):
        if self._progress:
            print(f"board: {text}", file=self._progress, flush=True)

    def _failure(self, what):
        text = f"boot the board: {what}\nQEMU said: {self.qemu.words() or 'nothing'}"
        printed = self.serial(0).transcript[-3000:].decode(errors="replace") if self._console else ""
        return f"{text}\n" + (printed or "its kernel has no console: Board(console=True) or --console shows more")

    def _wait_until_up(self):
        """The board connects to our port when its last unit has started (board-ready.service)."""
        started = told = time.monotonic()
        deadline = patience.Deadline(self.clock, self._timeout)
        while True:
            late = deadline.passed()
            try:
                self._ready.accept()[0].close()
                return
            except socket.timeout:
                now = time.monotonic()
            if not self.qemu.alive():
                raise RuntimeError(self._failure(f"QEMU ended after {now - started:.0f} s (a panic resets, a reset "
                                                 "ends it)"))
            if late:
                raise TimeoutError(self._failure(f"not up within {self._timeout} s"))
            if now - told >= 10:
                told = now
                self._say(f"booting … {now - started:.0f} s")

    def _log_in(self):
        # QEMU picked a free port for us; its monitor knows which.
        port = int(re.search(r"HOST_FORWARD\]\s+\S+\s+\S+\s+(\d+)", self.monitor("info usernet"))[1])
        return Remote(port, self.part("ssh_key"), self.folder, self.clock, timeout=self._timeout)

    def __enter__(self):
        if threading.current_thread() is threading.main_thread() and \
                signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            self._old_handler = signal.signal(signal.SIGTERM, _terminated)
        self.folder = _private_folder()
        try:
            self._ready = socket.create_server(("127.0.0.1", 0))
            self._ready.settimeout(0.5)
            started = time.monotonic()
            self.arguments = self._arguments()
            state = [] if self._fresh or self._keep else booted.arguments_for(self)
            self.qemu = Qemu(self.arguments + state, self.folder)
            for number in self.UARTS:
                echo = sys.stderr if self._console and number == 0 else None
                self._ports.append(SerialPort(f"{self.folder}/serial{number}", f"UART{number}", self.clock, echo))
            if state:
                booted.wait_until_read(self.qemu)
            self.monitor("cont")
            if not state:
                self._wait_until_up()
            if self._keep:
                booted.save(self, self._keep)
                return self
            self._remote = self._log_in()
            self.run("test -c /dev/kvm")
            self.boot_seconds = time.monotonic() - started
            self._say(f"up after {self.boot_seconds:.0f} s")
            if self._packages:
                self.install(*self._packages)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_reason):
        for part in (self._remote, self._ready, *self._ports):
            if part:
                part.close()
        if self.qemu:
            self.qemu.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._old_handler is not None:
            signal.signal(signal.SIGTERM, self._old_handler)

    @property
    def clock(self):
        """By which all bounds are counted: see patience.py."""
        return self.qemu.clock

    def wait_for(self, condition, what, timeout=60, pause=0.2):
        return patience.wait_for(condition, what, self.clock, timeout, pause)

    def serial(self, number):
        """A UART of UARTS, from outside."""
        return self._ports[number]

    def monitor(self, line):
        """The answer of QEMU's human monitor."""
        return self.qemu.monitor.command(line)

    def run(self, command, **options):
        return self._remote.run(command, **options)

    def put(self, local, path, **options):
        self._remote.put(local, path, **options)

    def install(self, *packages, timeout=180):
        """Packages of Debian, as dpkg on the board installs them."""
        folder = "/tmp/packages"
        self.run(["mkdir", "-p", folder])
        there = [f"{folder}/{os.path.basename(package)}" for package in packages]
        for package, place in zip(packages, there):
            self.put(package, place)
        self.run(["dpkg", "--install", *there], timeout=timeout)
        self.run(["rm", "-r", folder])

    def get(self, path, **options):
        return self._remote.get(path, **options)

    def shell(self, command=None):
        return self._remote.shell(command)
