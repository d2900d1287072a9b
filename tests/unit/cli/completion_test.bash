#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Completes command lines with a stand-in for aliasvm, and compares.
#
#     completion_test.bash COMPLETION PROGRAM
set -euo pipefail
completion=$(realpath "$1") program=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/aliasvm" <<'FAKE'
#!/bin/sh
case "$*" in
"list --names") printf 'left\nright\n' ;;
"devices --names") printf 'gem3\nuart0\nuart1\n' ;;
"map right --names") printf 'uart0\ngem0\n' ;;
*) echo "asked for something else: $*" >&2; exit 1 ;;
esac
FAKE
chmod +x "$folder/aliasvm"
# shellcheck source=completion/aliasvm
source "$completion"
cd "$folder"
touch right.toml notes.txt
mkdir sub

failed=0
# expect REPLY WORD…: the last word is the one under the cursor
expect()
{
    local reply=$1
    shift
    COMP_WORDS=("$folder/aliasvm" "$@")
    COMP_CWORD=$#
    _aliasvm
    if [[ "${COMPREPLY[*]}" != "$reply" ]]; then
        printf 'aliasvm %s: "%s", not "%s"\n' "$*" "${COMPREPLY[*]}" "$reply"
        failed=1
    fi
}

expect "list" li
expect "start stop" st
expect "left right" start ""
expect "right" start left ri
expect "left right" stop --now ""
expect "--now" stop --n
expect "uart0 uart1" assign ua
expect "left right" assign uart1 ""
expect "uart0 gem0" assign uart1 right ""
expect "" assign uart1 right uart0 ""
expect "--persistent" assign uart1 right uart0 --p
expect "gem3" release --persistent g
expect "" release uart1 ""
expect "left right" console --escape ^a ""
expect "" console --escape ""
expect "" console left ""
expect "right.toml" dump-dtb left -o right
expect "right right.toml" check r
expect "sub/" check s
expect "" doctor ""
expect "--json" doctor --j
expect "" nonsense ""

# Without aliasvmd there are no names, and no noise.
COMP_WORDS=("$folder/nothing" start "")
COMP_CWORD=2
noise=$(_aliasvm 2>&1)
if [[ -n $noise ]]; then
    echo "without aliasvmd: $noise"
    failed=1
fi

# It knows the commands and options that the program has, and no others.
"$program" --help | awk '/^Subcommands:/ { on = 1; next } on && /^  [a-z]/ { print $1 }' |
    sort >commands
_aliasvm_words '' | tr ' ' '\n' | sort >known
diff commands known || failed=1
while read -r command; do
    "$program" "$command" --help | grep -oE -- '--[a-z-]+' | sort -u >options
    _aliasvm_options "$command" | tr ' ' '\n' | grep -- '^--' | sort >known
    diff options known || { echo "options of $command"; failed=1; }
done <commands
exit $failed
