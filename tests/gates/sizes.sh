#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gate: no file in src and include is longer than 600 lines. Usage: sizes.sh SOURCE_ROOT
set -eu
cd "$1"
find src include -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    FNR == 601 { print FILENAME ": more than 600 lines. Split it by noun: what does each half own?"; bad = 1 }
    END { exit bad }'
