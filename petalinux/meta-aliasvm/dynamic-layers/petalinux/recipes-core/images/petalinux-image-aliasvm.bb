# SPDX-License-Identifier: Apache-2.0
# PetaLinux' minimal image with VMs.
DESCRIPTION = "petalinux-image-minimal with aliasvm, and ssh for a host whose UARTs belong to VMs."
LICENSE = "MIT"

require recipes-core/images/petalinux-image-minimal.bb

inherit features_check

REQUIRED_DISTRO_FEATURES = "kvm systemd"

IMAGE_FEATURES += "ssh-server-openssh"
IMAGE_INSTALL:append = " packagegroup-aliasvm"
