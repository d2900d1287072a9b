# SPDX-License-Identifier: Apache-2.0
"""aliasvm-vmm --check on the board."""

VMM = "/usr/libexec/aliasvm/aliasvm-vmm"


def test_check_prints_host_and_guest_and_touches_no_device(board, vm, uart):
    vm("right").configure(uart("uart1"))
    done = board.run(f"{VMM} --check /etc/aliasvm/right.toml")
    assert "[ff010000.serial 0xff010000" in done.stdout
    assert "-> [0xff000000" in done.stdout
    assert "SPI 22 INTID 54" in done.stdout and "SPI 21 INTID 53" in done.stdout
    assert board.run("ls /dev/vfio").stdout.split() == ["vfio"]


def test_check_prints_every_problem_and_exits_78(board, vm):
    vm("right").configure('memory = "100"\nvcpus = 9\nkernel = "/x"\n[alias]\nuart7 = "uart1"\n')
    done = board.run(f"{VMM} --check /etc/aliasvm/right.toml", check=False)
    assert done.returncode == 78
    for place in ("right.toml:1:", "right.toml:2:", "right.toml:3:", "right.toml:5:"):
        assert place in done.stderr
