# SPDX-License-Identifier: Apache-2.0
# All that a host of VMs needs.
SUMMARY = "aliasvm, its guests, and what one needs beside them"
DESCRIPTION = "Daemon, VMM, command line, example guests, and socat for their emulated consoles."

inherit features_check packagegroup

REQUIRED_DISTRO_FEATURES = "kvm systemd"
COMPATIBLE_HOST = "aarch64.*-linux"

RDEPENDS:${PN} = " \
    aliasvm \
    aliasvm-guests \
    kernel-modules \
    socat \
"
