#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gate: every C file begins with the licence line and a comment that says what it owns; every script has the licence line too.
# Usage: heads.sh SOURCE_ROOT
set -eu
cd "$1"
bad=0
for file in $(find src include tests examples -name '*.[ch]' 2>/dev/null | LC_ALL=C sort); do
    awk -v file="$file" '
        NR == 1 && $0 != "// SPDX-License-Identifier: Apache-2.0" { print file ":1: begin with: // SPDX-License-Identifier: Apache-2.0"; exit bad = 1 }
        NR == 2 && !/^\/\/ [A-Z"`.\/0-9a-z]/ { print file ":2: after the licence line, say in a sentence what the file owns and what it refuses to do."; exit bad = 1 }
        NR >= 2 && !/^\/\// { print file ": the comment at the head holds no whole sentence (no full stop)."; exit bad = 1 }
        NR >= 2 && /[.?!)]$|[.!?] / { exit }
        END { exit bad }' "$file" || bad=1
done
for file in run check .ci/run $(find packaging tests -name '*.sh' 2>/dev/null | LC_ALL=C sort); do
    [ -f "$file" ] || continue
    head -n 2 "$file" | grep -q '^# SPDX-License-Identifier: Apache-2.0$' && continue
    echo "$file:2: after the #! line, add: # SPDX-License-Identifier: Apache-2.0"
    bad=1
done
exit $bad
