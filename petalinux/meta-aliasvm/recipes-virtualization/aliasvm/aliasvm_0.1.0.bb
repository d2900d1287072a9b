# SPDX-License-Identifier: Apache-2.0
# aliasvm from the checkout around this layer, or from a repository that ALIASVM_SRC_URI names.
SUMMARY = "VMM and device daemon that alias devices of a Zynq UltraScale+"
DESCRIPTION = "Runs one guest binary in many KVM virtual machines, each on its own physical UART, GEM or TTC \
behind the same guest address and interrupt. Devices are owned by a D-Bus daemon and can change hands while VMs run."
SECTION = "console/utils"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

DEPENDS = "boost cli11 dtc dtc-native fmt libseccomp spdlog systemd tomlplusplus zlib"

# Empty: the checkout. Else a fetcher's address; then ALIASVM_SRCREV says which commit.
ALIASVM_SRC_URI ??= ""
ALIASVM_SRCREV ??= "INVALID"

SRC_URI = "${ALIASVM_SRC_URI} file://run-ptest"
SRCREV = "${ALIASVM_SRCREV}"
S = "${WORKDIR}/git"
EXTERNALSRC = "${@'' if d.getVar('ALIASVM_SRC_URI') else os.path.realpath(d.getVar('ALIASVM_TREE'))}"
# No links to build folders in somebody's checkout.
EXTERNALSRC_SYMLINKS = ""

inherit externalsrc features_check meson pkgconfig ptest systemd useradd

REQUIRED_DISTRO_FEATURES = "kvm systemd"
COMPATIBLE_HOST = "aarch64.*-linux"

PACKAGECONFIG ??= "${@bb.utils.contains('PTEST_ENABLED', '1', 'tests', '', d)}"
PACKAGECONFIG[tests] = "-Dtests=true,-Dtests=false,googletest"
EXTRA_OEMESON = "-Db_ndebug=true"

python () {
    tree = d.getVar('EXTERNALSRC')
    if tree and not os.path.exists(os.path.join(tree, 'meson.build')):
        raise bb.parse.SkipRecipe('no aliasvm in %s: set ALIASVM_TREE to a checkout, or ALIASVM_SRC_URI '
                                  'and ALIASVM_SRCREV to a repository' % tree)
}

do_install:append() {
    # Without usrmerge, systemd.bbclass looks for units below /lib only, and so does kmod for options.
    if [ "${nonarch_base_libdir}" != "${nonarch_libdir}" ]; then
        install -d ${D}${systemd_system_unitdir} ${D}${nonarch_base_libdir}/modprobe.d
        mv ${D}${nonarch_libdir}/systemd/system/* ${D}${systemd_system_unitdir}/
        mv ${D}${nonarch_libdir}/modprobe.d/* ${D}${nonarch_base_libdir}/modprobe.d/
        rmdir ${D}${nonarch_libdir}/modprobe.d
        rmdir -p --ignore-fail-on-non-empty ${D}${nonarch_libdir}/systemd/system
    fi
}

SYSTEMD_SERVICE:${PN} = "aliasvmd.socket vms.target"

# The daemon is root without root's powers, and a VM has a user of its own for as long as it runs.
USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system kvm; --system aliasvm"

PACKAGE_BEFORE_PN += "${PN}-guests"
FILES:${PN} += " \
    ${datadir}/bash-completion \
    ${datadir}/dbus-1 \
    ${datadir}/polkit-1 \
    ${nonarch_base_libdir}/modprobe.d \
    ${nonarch_libdir}/aliasvm \
    ${nonarch_libdir}/sysusers.d \
    ${nonarch_libdir}/tmpfiles.d \
    ${nonarch_libdir}/udev/rules.d \
    ${systemd_system_unitdir} \
"
FILES:${PN}-guests = "${datadir}/aliasvm/guests"
FILES:${PN}-ptest += "${libexecdir}/aliasvm-tests"

RDEPENDS:${PN} = "dbus"
# Not where they are built in.
RRECOMMENDS:${PN} = "kernel-module-vfio-iommu-type1 kernel-module-vfio-platform"
RDEPENDS:${PN}-guests = "bash"
RDEPENDS:${PN}-ptest = "${PN}-guests"
