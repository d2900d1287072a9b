# SPDX-License-Identifier: Apache-2.0
"""The board with one program and nothing from outside, so that its clock counts the same instructions each time."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "board"))

from harness import archive, patience  # noqa: E402  (found by the path above)
from harness.machine import cache_folder  # noqa: E402
from harness.qemu import dies_with_us  # noqa: E402

CACHE = pathlib.Path(cache_folder())
LIBRARIES = "usr/lib/aarch64-linux-gnu"
LOADER = "ld-linux-aarch64.so.1"
GUESTS = "/usr/share/aliasvm/guests"

# In the order in which they are loaded, and what the board's modprobe gives them.
MODULES = {
    "vfio.ko": "enable_unsafe_noiommu_mode=1",
    "vfio_iommu_type1.ko": "",
    "vfio-platform-base.ko": "",
    "vfio-platform.ko": "reset_required=0",
}

# name: (memory, kernel, uart0, more)
VMS = {
    "passthrough": ("32M", f"{GUESTS}/bench.elf", "uart1", ""),
    "emulated": ("32M", f"{GUESTS}/bench.elf", "console", ""),
    "first": ("64M", f"{GUESTS}/first.elf", "uart1", ""),
    "tiny": ("64M", f"{GUESTS}/first.elf", "uart1", ""),
    "linux": ("256M", "/boot/Image", "uart1", ""),
    "one": ("64M", f"{GUESTS}/echo.elf", "uart1", ""),
    "four": ("64M", f"{GUESTS}/echo.elf", "uart1", "vcpus = 4\n"),
}

# One tick of the counter is one instruction, however busy the building machine is.
COUNTED = ["-icount", "shift=0,sleep=off,align=off", "-seed", "1",
           "-global", "cortex-a53-arm-cpu.cntfrq=1000000000", "-rtc", "base=2026-01-01,clock=vm"]
SILENT = ["-smp", "1", "-display", "none", "-monitor", "none", "-audiodev", "none,id=silence",
          "-nic", "none", "-no-reboot"]


def _needed(program):
    """The shared libraries that a program or library names."""
    text = subprocess.run(["aarch64-linux-gnu-readelf", "-d", program], check=True,
                          capture_output=True, text=True).stdout
    return [line.split("[")[1].rstrip("]") for line in text.splitlines() if "(NEEDED)" in line]


def _add_libraries(tree, programs):
    """All libraries of programs, theirs included, from the packages that the board's root is made of."""
    folder = CACHE / "sysroot" / LIBRARIES
    wanted, have = [name for program in programs for name in _needed(program)], {LOADER}
    (tree / LIBRARIES).mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / LOADER, tree / LIBRARIES / LOADER)
    (tree / "usr/lib" / LOADER).symlink_to(f"aarch64-linux-gnu/{LOADER}")
    while wanted:
        name = wanted.pop()
        if name not in have:
            have.add(name)
            shutil.copy(folder / name, tree / LIBRARIES / name)
            wanted += _needed(folder / name)


def _make_tree(tree, product, programs):
    """What the board finds as its root: the product, libraries, modules, configurations, the script."""
    shutil.copytree(product, tree, symlinks=True)
    for name in ("dev", "proc", "sys", "boot", "usr/bin", "bench/modules"):
        (tree / name).mkdir(parents=True, exist_ok=True)  # the product has commands of its own
    shutil.copy(CACHE / "sysroot/usr/bin/busybox", tree / "usr/bin/busybox")
    _add_libraries(tree, [*sorted((tree / "usr/libexec/aliasvm").iterdir()), *programs])

    image = os.path.realpath(CACHE / "board/Image")
    shutil.copy(image, tree / "boot/Image")
    bench = tree / "bench"
    for name in MODULES:
        shutil.copy(next(pathlib.Path(image).parent.rglob(name)), bench / "modules" / name)
    (bench / "modules/order").write_text("".join(f"{m} {o}\n" for m, o in MODULES.items()))
    for name, (memory, kernel, uart, more) in VMS.items():
        (bench / f"{name}.toml").write_text(f'memory = "{memory}"\nkernel = "{kernel}"\n{more}'
                                            f'alias = {{ uart0 = "{uart}" }}\n')
    for program in programs:
        shutil.copy(program, bench)
    shutil.copy(HERE / "board/init", bench / "init")


def _run(arguments, seconds):
    """Both UARTs' words, when the machine has switched itself off."""
    with tempfile.TemporaryDirectory(prefix="aliasvm-bench-") as folder:
        ports = [pathlib.Path(folder, f"uart{n}") for n in (0, 1)]
        errors = pathlib.Path(folder, "errors")
        command = ["qemu-system-aarch64", *arguments, *COUNTED, *SILENT]
        for port in ports:
            command += ["-serial", f"file:{port}"]
        with open(errors, "wb") as output, \
                subprocess.Popen(dies_with_us(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output) as qemu:
            try:
                patience.wait_for(lambda: qemu.poll() is not None, "switch off", patience.Clock(qemu.pid), seconds)
                ended = f"QEMU ended with {qemu.returncode}: {errors.read_text(errors='replace')}"
            except AssertionError as late:
                ended = str(late)
            finally:
                qemu.kill()
        words = [port.read_text(errors="replace").replace("\r", "") for port in ports]
    if qemu.returncode != 0:
        raise RuntimeError(f"measure: {ended}\n" + "\n".join(word[-2000:] for word in words))
    return words


def on_bare_machine(guest, seconds=300):
    """What a guest prints that has the emulated machine to itself."""
    return _run(["-M", "xlnx-zcu102", "-m", "1G", "-device", f"loader,file={guest},cpu-num=0"], seconds)[0]


def pack(product, programs, initramfs):
    """Writes all that the board has: minutes before it is needed, so that what is missing is told at once."""
    with tempfile.TemporaryDirectory(prefix="aliasvm-bench-") as folder:
        tree = pathlib.Path(folder, "tree")
        _make_tree(tree, product, programs)
        archive.with_product(CACHE / "board/initrd.img", str(tree), initramfs)


def on_board(initramfs, seconds=1800):
    """What tests/bench/board/init prints on UART0, and the guests on UART1."""
    return _run(["-M", "xlnx-zcu102,virtualization=on", "-m", "2G",
                 "-kernel", os.path.realpath(CACHE / "board/Image"), "-initrd", str(initramfs),
                 "-dtb", os.path.realpath(CACHE / "board/console.dtb"),
                 "-append", "rdinit=/product/bench/init panic=-1 apparmor=0 audit=0 quiet console=ttyPS0"],
                seconds)
