# SPDX-License-Identifier: Apache-2.0
"""The Debian packages on a running system: what dpkg installs, replaces and takes away again."""

import package
import pytest

EXAMPLES = "/usr/share/aliasvm/examples"


@pytest.fixture
def left(board, vm):
    """VM left as the package's examples have it, and its guest has spoken."""
    board.run(f"cp {EXAMPLES}/left.toml /etc/aliasvm/")
    started = vm("left").start()
    board.serial(0).read_until(rb"echo: ready", timeout=30)
    return started


@pytest.fixture
def reinstalled(board):
    """Whatever a test takes away is there again after it."""
    yield
    board.install(*package.files())


def test_dpkg_has_no_complaint(board):
    assert board.run("dpkg --audit aliasvm aliasvm-doc; dpkg --verify aliasvm aliasvm-doc 2>&1").stdout == ""
    states = board.run("dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' 'aliasvm*'").stdout
    assert states.split() == ["aliasvm", "ii", "aliasvm-doc", "ii"]


def test_what_runs_came_with_the_package(board, left):
    for unit, program in (("vm@left", "aliasvm-vmm"), ("aliasvmd", "aliasvmd")):
        pid = board.run(f"systemctl show -P MainPID {unit}").stdout.strip()
        path = board.run(f"readlink /proc/{pid}/exe").stdout.strip()
        assert path.endswith("/" + program)
        assert board.run(f"dpkg --search {path}").stdout.startswith("aliasvm: ")
    board.serial(0).send(b"installed\n")
    board.serial(0).read_until(rb"installed", timeout=30)


def test_units_are_verified_without_a_word(board):
    units = " ".join(unit.replace("@.", "@left.") for unit in package.UNITS)
    # The board has no man, which would be asked for the pages.
    done = board.run(f"systemd-analyze verify --man=no {units}", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_installing_makes_group_socket_and_target(board):
    assert board.run("stat -c '%U %G %a' /run/aliasvm/broker").stdout == "root aliasvm 660\n"
    assert board.run("stat -c '%U %G %a' /etc/aliasvm").stdout == "root root 755\n"
    for unit in ("aliasvmd.socket", "vms.target"):
        assert board.run(f"systemctl is-enabled {unit}").stdout == "enabled\n"
        board.run(f"systemctl is-active {unit}")


@pytest.fixture
def without_the_boards_options(board):
    """The board's own options of VFIO's modules do not count, and no such module is loaded."""
    options, unload = "/etc/modprobe.d/vfio.conf", "modprobe -r vfio_platform vfio_iommu_type1"
    board.run(f"systemctl stop aliasvmd.service && {unload} && mv {options} {options}.away")
    yield
    board.run(f"{unload}; mv {options}.away {options} && modprobe vfio_iommu_type1 && modprobe vfio_platform")


def test_a_given_device_has_vfio_platform_loaded_with_its_options(board, without_the_boards_options):
    board.run(
        "udevadm trigger --settle --action=add /sys/bus/platform/devices/ff000000.serial"
        " && grep -q '^vfio_platform ' /proc/modules && modprobe vfio_iommu_type1"
    )
    assert board.run("cat /sys/module/vfio_platform*/parameters/reset_required").stdout == "N\n"
    assert board.run("cat /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts").stdout == "Y\n"


def test_an_upgrade_replaces_the_daemon_and_no_vm(board, left):
    vmm, daemon = left.pid(), board.run("systemctl show -P MainPID aliasvmd").stdout
    board.install(*package.files())
    assert left.pid() == vmm and left.value("ActiveState") == "active"
    assert board.run("systemctl show -P MainPID aliasvmd").stdout not in (daemon, "0\n")
    # The new daemon knows the VM, and can take its device away.
    board.run("aliasvm release uart0")
    board.run("aliasvm assign uart0 left uart0")
    board.serial(0).send(b"still here\n")
    board.serial(0).read_until(rb"still here", timeout=30)


@pytest.mark.parametrize("target", ["active", "stopped"])
def test_removal_stops_vms_and_daemon(board, left, reinstalled, target):
    if target == "stopped":
        board.run("systemctl stop vms.target")
        left.start()
    pids = [left.pid(), board.run("systemctl show -P MainPID aliasvmd").stdout.strip()]
    board.run("dpkg --remove aliasvm aliasvm-doc", timeout=120)
    for pid in pids:
        assert board.run(f"test -e /proc/{pid}", check=False).returncode != 0
    board.run("systemctl is-active aliasvmd.socket && exit 1; ! systemctl is-active vms.target")
    # As long as it is not purged, what systemd and dpkg keep for the next installation stays.
    assert board.run("ls /etc/aliasvm").stdout == "left.toml\n"


def test_purge_leaves_what_the_user_made(board, the_board, left, reinstalled):
    board.run("systemctl enable vm@left && cp /etc/aliasvm/left.toml /etc/aliasvm/mine.toml")
    board.run("aliasvm release uart0 && aliasvm assign uart1 left uart0")
    board.run("test -e /run/aliasvm/assignments.toml")
    board.run("dpkg --purge aliasvm aliasvm-doc", timeout=120)
    after = package.traces(board)
    board.run("rm -r /etc/systemd/system/vms.target.wants")
    new = sorted(line for line in after - the_board.before_packages)
    gone = sorted(line for line in the_board.before_packages - after)
    made = ("/etc/aliasvm", "/etc/systemd/system/vms.target.wants")
    assert gone == [] and len(new) == 7, (gone, new)
    assert [line for line in new if not any(name in line for name in made)] == []
    assert board.run("getent group aliasvm", check=False).returncode == 2
    assert board.run("ls /var/lib/dpkg/info | grep aliasvm", check=False).stdout == ""
    units = board.run(f"systemctl list-unit-files --no-legend {' '.join(package.UNITS)}", check=False)
    assert units.stdout == ""
