#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Test: the command that docs/write-a-driver.md gives builds the example driver, without a warning, and the driver passes
# the conformance suite. Usage: example_driver.sh SOURCE_ROOT CONFORM_PROGRAM
set -eu
case $2 in
/*) program=$2 ;;
*) program=$PWD/$2 ;;
esac
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command=$(awk '/^    cc / { sub(/^ +/, ""); print; n++ } END { exit n != 1 }' docs/write-a-driver.md) ||
    { echo "docs/write-a-driver.md: give exactly one command that begins with cc"; exit 1; }
case $command in
*' -o example.so '*) ;;
*) echo "docs/write-a-driver.md: its command makes no example.so: $command"; exit 1 ;;
esac
sh -c "$(printf '%s' "$command" | sed "s| -o example.so | -o $work/example.so |")" 2>"$work/said" || { cat "$work/said"; exit 1; }
[ -s "$work/said" ] && { cat "$work/said"; exit 1; }
"$program" "$work/example.so"
