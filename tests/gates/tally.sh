#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Test of tests/tally.py: what it counts, and that a stage which broke or ran nothing is never counted as passed.
# Usage: tally.sh SOURCE_ROOT
set -eu
tally=$1/tests/tally.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

# row RESULT STDOUT: one line of meson's JSON log.
row() { printf '{"name": "p:unit / t", "stdout": "%s", "result": "%s", "returncode": 1, "duration": 0.1}\n' "$2" "$1"; }

# expect NAME EXIT_CODE WORDS: the stage's line.
expect() {
    : >>"$1.log"
    said=$(/usr/bin/python3 "$tally" --stage "$1" --exit-code "$2" .)
    [ "$said" = "$3" ] && return 0
    echo "stage $1, exit code $2: said '$said', not '$3'"
    failures=1
}

row OK '' >one.json && expect one 0 '1 passed'
row OK '[  PASSED  ] 3 test(s).\n[  PASSED  ] 4 test(s).' >groups.json && expect groups 0 '7 passed'
row FAIL '[  PASSED  ] 3 test(s).\n[  FAILED  ] 2 test(s), listed below:' >some.json && expect some 1 '3 passed, 2 failed'
row FAIL '[  PASSED  ] 3 test(s).' >crashed.json && expect crashed 1 '3 passed, 1 failed'
row TIMEOUT '' >slow.json && expect slow 1 '0 passed, 1 failed'
row SKIP 'no root' >skip.json && expect skip 0 '0 passed, 1 skipped'
row OK 'seed 7\n98 passed, 2 failed' >seeds.json && expect seeds 0 '98 passed, 2 failed'
row OK '' >killed.json && expect killed 137 '1 passed, 1 failed'
expect nothing 0 '0 passed, 1 failed'
expect build-release 0 'ok'
expect build-asan 1 '0 passed, 1 failed'
cat >pytest.xml <<'X'
<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure message="m">text</failure></testcase>
<testcase name="c"><skipped message="no fuse"/></testcase><testcase name="d"><error message="setup"/></testcase></testsuite></testsuites>
X
expect pytest 1 '1 passed, 2 failed, 1 skipped'

closing=$(/usr/bin/python3 "$tally" --close .) && { echo "the close of a failed check exits with 0" && failures=1; }
[ "$(echo "$closing" | tail -n 1)" = '114 passed, 11 failed' ] || { echo "$closing" | tail -n 1 && failures=1; }
echo "$closing" | grep -q 'skipped  pytest: c: no fuse' || { echo "a skip is not explained" && failures=1; }
exit $failures
