#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gate: documents read from the program's own tables are those that the program prints now.
# Usage: generated.sh SOURCE_ROOT BUILD_ROOT [--write]. docs/generated.txt has a line per document: FILE: ARGUMENTS OF granary
set -eu
root=$1
granary=$2/src/main/granary
list=$root/docs/generated.txt
[ -f "$list" ] || { echo "no docs/generated.txt: nothing is generated yet"; exit 77; }
[ -x "$granary" ] || { echo "$granary is missing: build first"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
while IFS=: read -r file arguments; do
    case $file in '#'* | '') continue ;; esac
    # shellcheck disable=SC2086 # the arguments are words
    "$granary" $arguments </dev/null >"$work/now"
    if [ "${3:-}" = --write ]; then
        mkdir -p "$(dirname "$root/$file")"
        cp "$work/now" "$root/$file"
    elif ! diff -u "$root/$file" "$work/now" >"$work/diff" 2>&1; then
        head -n 40 "$work/diff"
        echo "$file differs from: granary$arguments. Mend with: tests/gates/generated.sh . BUILD --write"
        bad=1
    fi
done <"$list"
exit $bad
