# SPDX-License-Identifier: Apache-2.0
# toml++, which meta-oe has in later releases than ours only.
SUMMARY = "TOML parser and serialiser for C++17"
DESCRIPTION = "A library that reads and writes TOML and knows the line and column of every value."
HOMEPAGE = "https://marzer.github.io/tomlplusplus/"
BUGTRACKER = "https://github.com/marzer/tomlplusplus/issues"
SECTION = "libs"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=90960f22c10049c117d56ed2ee5ee167"

SRC_URI = "git://github.com/marzer/tomlplusplus.git;protocol=https;branch=master"
SRCREV = "30172438cee64926dc41fdd9c11fb3ba5b2ba9de"
S = "${WORKDIR}/git"

inherit meson pkgconfig
