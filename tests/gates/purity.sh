#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gate: the pure folders, linked together, need nothing from outside but what pure-symbols.txt allows.
# Usage: purity.sh SOURCE_ROOT BUILD_ROOT. Pure folders are those above the line "# world" in LAYERS.
set -eu
root=$1
build=$2
allowed=$(dirname "$0")/pure-symbols.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

libs=$(find "$build/proto" -name '*.a' 2>/dev/null || true)
for folder in $(awk '/^# world/ { exit } !/^#/ && NF { sub(/:$/, "", $1); print $1 }' "$root/LAYERS"); do
    lib=$build/src/$folder/lib$folder.a
    if [ -f "$lib" ]; then
        libs="$libs $lib"
    elif ls "$root/src/$folder"/*.c >/dev/null 2>&1; then
        echo "src/$folder has sources, but the build made no $lib. Give it a meson.build with one static library of its name."
        exit 1
    fi
done

# shellcheck disable=SC2086 # paths of the build hold no blanks
ld -r --whole-archive $libs -o "$work/pure.o"
nm -u "$work/pure.o" | awk '{ print $2 }' | LC_ALL=C sort -u >"$work/needed"
sed 's/#.*//' "$allowed" | tr -s ' \t' '\n' | LC_ALL=C sort -u >"$work/allowed"
LC_ALL=C comm -23 "$work/needed" "$work/allowed" >"$work/impure"
[ -s "$work/impure" ] || exit 0

while read -r symbol; do
    # shellcheck disable=SC2086
    users=$(nm -A -u $libs 2>/dev/null | awk -v s="$symbol" '$NF == s { n = split($1, p, /[\/:]/); print p[n - 1] == "" ? p[n - 2] : p[n - 1] }' |
        sort -u | tr '\n' ' ')
    echo "$symbol: a pure folder may not need it; used by ${users:-?}"
done <"$work/impure"
echo "Pure code gets time, chance and the world's answers as inputs. If the function is pure, add it to tests/gates/pure-symbols.txt."
exit 1
