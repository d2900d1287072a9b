# SPDX-License-Identifier: Apache-2.0
# Gives away what ALIASVM_GIVE_AWAY lists ("uart1 ttc0 ttc1"), and switches the SMMU on. Empty: nothing changes.
ALIASVM_GIVE_AWAY ??= ""
ALIASVM_GIVES = "${@'1' if d.getVar('ALIASVM_GIVE_AWAY').split() and bb.utils.contains('DISTRO_FEATURES', 'kvm', True, False, d) else ''}"

FILESEXTRAPATHS:prepend := "${@os.path.realpath(d.getVar('ALIASVM_TREE'))}/dts/host:"
EXTRA_DT_INCLUDE_FILES:append = "${@' aliasvm-host.dtsi aliasvm-host-gpu.dtsi' if d.getVar('ALIASVM_GIVES') else ''}"
EXTRA_DT_INCLUDE_FILES:append = "${@''.join(' aliasvm-give-%s.dtsi' % name for name in d.getVar('ALIASVM_GIVE_AWAY').split()) if d.getVar('ALIASVM_GIVES') else ''}"
