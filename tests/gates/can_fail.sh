#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Test of the gates: each passes on a small clean tree and fails, naming the place, on a tree with one thing wrong.
# Usage: can_fail.sh SOURCE_ROOT
set -eu
gates=$1/tests/gates
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# A tree of two folders, one pure and one not, and a build of the pure one.
fresh() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree/src/calm" "$work/tree/src/noisy" "$work/tree/include" "$work/tree/build/src/calm"
    cd "$work/tree"
    cp "$1/.clang-format" .
    printf '%s\n' 'calm:' '# world' 'noisy: calm' >LAYERS
    head='// SPDX-License-Identifier: Apache-2.0
// Adds. Never asks the time.'
    printf '%s\n' "$head" '#ifndef CALM_ADD_H' '#define CALM_ADD_H' 'int add(int a, int b);' '#endif' >src/calm/add.h
    printf '%s\n' "$head" '#include "calm/add.h"' 'int add(int a, int b) {' '    return a + b;' '}' >src/calm/add.c
    printf '%s\n' "$head" '#include "calm/add.h"' >src/noisy/ask.c
    echo '[{"command": "cc -I../src -c x.c"}]' >build/compile_commands.json
    archive
}

archive() {
    gcc -w -I src -c src/calm/add.c -o build/add.o
    rm -f build/src/calm/libcalm.a
    ar rc build/src/calm/libcalm.a build/add.o
}

# expect GATE WORDS: the gate fails and says the words.
expect() {
    if "$gates/$1" "$work/tree" "$work/tree/build" >"$work/said" 2>&1; then
        echo "$1: let this pass: $2"
        failures=1
    elif ! grep -q -- "$2" "$work/said"; then
        echo "$1: failed, but did not say '$2'. It said:"
        cat "$work/said"
        failures=1
    fi
}

fresh "$1"
for gate in layers.sh purity.sh headers.sh banned.py format.sh heads.sh sizes.sh words.sh; do
    "$gates/$gate" "$work/tree" "$work/tree/build" >"$work/said" 2>&1 && continue
    echo "$gate: fails on a clean tree:"
    cat "$work/said"
    failures=1
done

fresh "$1" && echo '#include "noisy/ask.h"' >>src/calm/add.c
expect layers.sh 'src/calm/add.c:7: calm may not include noisy/'
fresh "$1" && echo '#include "add.h"' >>src/calm/add.c
expect layers.sh 'write "calm/add.h"'
fresh "$1" && mkdir src/stray && cp src/noisy/ask.c src/stray/
expect layers.sh 'src/stray: not listed'
fresh "$1" && echo '#include "calm/add.h"' >include/api.h
expect layers.sh 'include may not include calm/'
fresh "$1" && echo '#include <time.h>
long now(void) { return time(0); }' >>src/calm/add.c && archive
expect purity.sh 'time: a pure folder may not need it; used by .*add'
fresh "$1" && rm build/src/calm/libcalm.a
expect purity.sh 'the build made no'
fresh "$1" && echo 'size_t much(void);' >>src/calm/add.h
expect headers.sh 'add.h: does not compile alone'
fresh "$1" && echo 'void f(char *a, const char *b) { strcpy(a, b); }' >>src/noisy/ask.c
expect banned.py 'src/noisy/ask.c:4: strcpy is not used here'
fresh "$1" && printf 'int   x;\n' >>src/noisy/ask.c
expect format.sh 'src/noisy/ask.c:4:4'
fresh "$1" && echo 'int x;' >src/noisy/ask.c
expect heads.sh 'src/noisy/ask.c:1: begin with'
fresh "$1" && sed -i '2d' src/noisy/ask.c
expect heads.sh 'src/noisy/ask.c:2: after the licence line'
fresh "$1" && yes '//' | head -n 601 >>src/noisy/ask.c
expect sizes.sh 'src/noisy/ask.c: more than 600 lines'
fresh "$1" && printf '// %s: later\n' 'TO''DO' >>src/noisy/ask.c
expect words.sh 'src/noisy/ask.c:4:// TO''DO'
fresh "$1" && printf '// see /%s/somebody/notes\n' home >>src/noisy/ask.c
expect words.sh 'A path of one machine'
exit $failures
