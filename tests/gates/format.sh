#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gate: C files are laid out as .clang-format says. Usage: format.sh SOURCE_ROOT
set -eu
cd "$1"
if ! command -v clang-format-14 >/dev/null; then
    echo "clang-format-14 is missing: run packaging/install test"
    exit 1
fi
files=$(find src include tests examples -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
[ -n "$files" ] || exit 0
# shellcheck disable=SC2086,SC2016 # our file names hold no blanks; the inner shell expands "$@"
echo $files | xargs -P 2 -n 20 sh -c '
    said=$(clang-format-14 --dry-run -Werror --ferror-limit=1 "$@" 2>&1) && exit 0
    printf "%s\n" "$said" | sed -n "s/: error: .*/: not laid out as .clang-format says/p"
    exit 1' format && exit 0
echo "Mend with: clang-format-14 -i FILE..."
exit 1
