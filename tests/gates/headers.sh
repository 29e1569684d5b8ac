#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gate: every header compiles alone, and twice in a row, with the flags of the build.
# Usage: headers.sh SOURCE_ROOT BUILD_ROOT. The include paths are read from the build's own list of compile commands.
set -eu
cd "$2"
root=$1
flags=$(grep -oE -- '-I[^ "]+|-isystem [^ "]+' compile_commands.json | LC_ALL=C sort -u | tr '\n' ' ')
warnings='-Wall -Wextra -Wconversion -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers -Werror'

export flags warnings root
find "$root/src" "$root/include" -name '*.h' | LC_ALL=C sort | xargs -P 2 -n 1 sh -c '
    # shellcheck disable=SC2086
    printf "#include \"%s\"\n#include \"%s\"\n" "$1" "$1" |
        gcc -fsyntax-only -x c -std=gnu17 -D_GNU_SOURCE $warnings $flags -I"$root/src" -I"$root/include" - 2>&1 && exit 0
    echo "$1: does not compile alone. Include what it names, and guard it."
    exit 1' header
