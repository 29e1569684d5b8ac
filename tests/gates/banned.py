#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: no call in src and include to functions that have a safer or clearer one. Usage: banned.py SOURCE_ROOT"""
import pathlib
import re
import sys

INSTEAD = {
    "strcpy strcat sprintf vsprintf stpcpy gets": "base/text.h, or snprintf",
    "strtok strtok_r": "strsep or strcspn on the caller's own bytes",
    "atoi atol atoll atof": "a parser that says what is wrong: base/quantity.h, or strtoll with its end checked",
    "localtime localtime_r ctime ctime_r asctime asctime_r": "UTC: gmtime_r and strftime",
    "gmtime": "gmtime_r",
    "alloca": "an arena (base/arena.h)",
    "system popen": "sys: run a program without a shell",
    "tmpnam tempnam mktemp": "mkstemp or mkdtemp",
    "rand srand random srandom drand48": "entropy that the command carries",
    "setjmp longjmp sigsetjmp siglongjmp": "struct err and TRY",
}
REASON = {name: instead for names, instead in INSTEAD.items() for name in names.split()}
CALL = re.compile(r"(?<![\w.])(?<!->)(" + "|".join(REASON) + r")\s*\(")
# Comments and literals are blanked, newlines kept, so that line numbers stay right.
SILENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def main(root):
    bad = 0
    for folder in ("src", "include"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            code = SILENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), path.read_text())
            for call in CALL.finditer(code):
                line = code.count("\n", 0, call.start()) + 1
                print(f"{path.relative_to(root)}:{line}: {call[1]} is not used here; use {REASON[call[1]]}.")
                bad += 1
    return 1 if bad else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
