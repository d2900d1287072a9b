# SPDX-License-Identifier: Apache-2.0
# Shared by the entry scripts: progress, root, packages. Sourced, with `top` set.
# shellcheck shell=bash

export LC_ALL=C.UTF-8
build=$top/build

say() { printf '== %s\n' "$*"; }

need_root() {
    [ "$(id -u)" = 0 ] && return
    echo "$1: run it as root (sudo $1): it installs Debian packages with apt-get" >&2
    exit 1
}

# Installs what the named lists have and the machine has not. Touches nothing when all is there.
install_packages() {
    local -a missing=()
    local package
    while read -r package; do
        dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
            missing+=("$package")
    done < <(sed 's/#.*//' "$@" | awk 'NF { print $1 }' | sort -u)
    [ ${#missing[@]} = 0 ] && return
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    apt-get update -q >"$build/apt.log" 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        "${missing[@]}" >>"$build/apt.log" 2>&1 || {
        tail -n 20 "$build/apt.log" >&2
        echo "install packages: apt-get failed; the whole log is $build/apt.log" >&2
        exit 1
    }
}

# configure FOLDER OPTIONS…: sets a build folder up, anew when the options or a cross file changed.
configure() {
    local folder=$1 key
    shift
    key=$(printf '%s\n' "$@"; cat "$top/meson_options.txt"; for word; do
        case $word in --cross-file=*) cat "${word#*=}" ;; esac
    done)
    [ -f "$folder/build.ninja" ] && [ "$(cat "$folder/.options" 2>/dev/null)" = "$key" ] && return
    rm -rf "$folder"
    meson setup "$folder" "$top" "$@" >"$folder.log" 2>&1 || {
        tail -n 30 "$folder.log" >&2
        exit 1
    }
    printf '%s\n' "$key" >"$folder/.options"
}

# compile FOLDER [TARGETS…]: quiet unless it fails.
compile() {
    local folder=$1
    shift
    ninja -C "$folder" "$@" >"$folder.log" 2>&1 || {
        grep -A 20 'FAILED\|error:' "$folder.log" | head -n 60 >&2
        echo "compile: failed; the whole log is $folder.log" >&2
        exit 1
    }
}
