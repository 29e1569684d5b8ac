#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gate: nothing unfinished is marked in the tree, and no path of somebody's own machine is written down.
# Usage: words.sh SOURCE_ROOT
set -eu
cd "$1"
bad=0
# Files of the project: what git knows, or would add; without git, all but build directories and caches.
files=$(git -c safe.directory='*' ls-files -co --exclude-standard 2>/dev/null | grep -v '^tests/fuzz/corpus/' ||
    find . -type f -not -path './build*' -not -path './.*' -not -path './tests/fuzz/corpus/*')

# look PATTERN SENTENCE: prints the places that match.
look() {
    # shellcheck disable=SC2086 # our file names hold no blanks
    found=$(grep -InE -- "$1" $files /dev/null 2>/dev/null | grep -v '^tests/gates/' || true)
    [ -z "$found" ] && return 0
    printf '%s\n' "$found" | cut -c 1-200
    echo "$2"
    bad=1
}
look '\b(TODO|FIXME|XXX|HACK)\b' 'Finish it, or open an issue: the tree holds no unfinished marks.'
look '(^|[^[:alnum:]_./$}-])/(home|Users|root|work)/[[:alnum:]]' 'A path of one machine: make it relative, or a setting.'
look "$(pwd)([^[:alnum:]]|\$)" 'The path of this very checkout: make it relative.'
look '^(<<<<<<<|>>>>>>>) ' 'A merge was left half done.'
exit $bad
