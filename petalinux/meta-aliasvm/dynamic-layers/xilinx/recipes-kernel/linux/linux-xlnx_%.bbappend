# SPDX-License-Identifier: Apache-2.0
# The kernel's features for VMs: a host's, and a guest's, as one Image serves as both.
FILESEXTRAPATHS:prepend := "${THISDIR}/linux-xlnx:"

ALIASVM_KMETA = "file://aliasvm-kmeta;type=kmeta;name=aliasvm-kmeta;destsuffix=aliasvm-kmeta"
ALIASVM_KERNEL_FEATURES = "features/aliasvm/aliasvm-host.scc features/aliasvm/aliasvm-guest.scc"

SRC_URI:append:aarch64 = " ${@bb.utils.contains('DISTRO_FEATURES', 'kvm', '${ALIASVM_KMETA}', '', d)}"
KERNEL_FEATURES:append:aarch64 = " ${@bb.utils.contains('DISTRO_FEATURES', 'kvm', '${ALIASVM_KERNEL_FEATURES}', '', d)}"
