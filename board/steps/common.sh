# What every step of board/make shares: messages, the cache, the private apt.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -euo pipefail

# Interrupted jobs and sorted lists must not depend on the caller's language.
export LC_ALL=C

cache=${ALIASVM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aliasvm}
board=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export board cache

# The kernel of the board: the newest that this suite of Debian has for arm64.
kernel_series=6.12
kernel_suite=bookworm-backports
base_suite=bookworm
target=aarch64-linux-gnu
export kernel_series kernel_suite base_suite target

say() { printf 'board: %s\n' "$*"; }

fail()
{
    printf 'board: %s\n' "$*" >&2
    exit 1
}

# The lines of a list without comments and blanks.
entries() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$@"; }

# apt with our own sources, lists and cache; the user's system is neither read nor changed.
private_apt() { "$1" -c "$cache/apt/apt.conf" "${@:2}"; }

# Unpack Debian packages without running anything of theirs: unpack ROOT DEB... [-- TAR-OPTION...]
unpack()
{
    local root=$1 deb debs=()
    shift
    while (($#)) && [[ $1 != -- ]]; do
        debs+=("$1")
        shift
    done
    (($#)) && shift
    for deb in "${debs[@]}"; do
        # Without --keep-directory-symlink a package's /lib would replace the merged-/usr link.
        dpkg-deb --fsys-tarfile "$deb" |
            tar -C "$root" --keep-directory-symlink --no-same-owner -x "$@" ||
            fail "unpack $deb: damaged or no room; remove it and run board/make again"
    done
}
