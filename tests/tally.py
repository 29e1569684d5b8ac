#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts test results for ./check: meson's JSON logs and pytest's JUnit files, single tests inside each program included.

tally.py --stage NAME --exit-code N DIR   one line about that stage; remembers its failures in DIR
tally.py --close DIR                      what failed and what was skipped, then "N passed, N failed"
"""
import argparse
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

# The closing lines of a cmocka program, and of programs that count for themselves as ./check does.
CMOCKA = {k: re.compile(r"^\[  %s\] (\d+) test\(s\)" % k.upper().ljust(8), re.M) for k in ("passed", "skipped", "failed")}
SKIPPED_NAME = re.compile(r"^\[  SKIPPED \] (\w+)$", re.M)
OWN_COUNT = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


def of_meson(path):
    """Rows of {name, passed, failed, skipped, said} from a log with one JSON object per line."""
    for line in path.read_text().splitlines():
        test = json.loads(line)
        said = test.get("stdout", "") + test.get("stderr", "")
        row = {"name": test["name"].split(" / ")[-1], "passed": 0, "failed": 0, "skipped": 0, "said": said}
        own = OWN_COUNT.findall(said)
        if own:
            row["passed"], row["failed"] = (int(n) for n in own[-1])
        else:
            for key, pattern in CMOCKA.items():
                row[key] = sum(int(n) for n in pattern.findall(said))
        if row["skipped"]:
            row["why"] = ", ".join(dict.fromkeys(SKIPPED_NAME.findall(said)))
        if test["result"] == "SKIP":
            row["skipped"] = max(row["skipped"], 1)
        elif test["result"] != "OK":
            row["failed"] = max(row["failed"], 1)
            row["said"] += f"\n({test['result'].lower()}, exit code {test['returncode']}, {test['duration']:.1f} s)"
        elif not row["passed"] and not row["skipped"]:
            row["passed"] = 1
        yield row


def of_pytest(path):
    for case in xml.parse(path).iter("testcase"):
        row = {"name": case.get("name"), "passed": 0, "failed": 0, "skipped": 0, "said": ""}
        problems = [e for e in case if e.tag in ("failure", "error")]
        skip = case.find("skipped")
        if problems:
            row["failed"] = 1
            row["said"] = "\n".join((e.text or e.get("message") or "").strip() for e in problems)
        elif skip is not None:
            row["skipped"] = 1
            row["said"] = skip.get("message") or ""
        else:
            row["passed"] = 1
        yield row


def rows_of_stage(name, out):
    """None if it left no results: a build, or a stage that broke before its first test."""
    if (out / f"{name}.xml").exists():
        return list(of_pytest(out / f"{name}.xml"))
    if (out / f"{name}.json").exists():
        return list(of_meson(out / f"{name}.json"))
    return None


def stage(name, code, out):
    rows = rows_of_stage(name, out)
    build = name.startswith("build-")
    if build and not code:
        print("ok")
        return
    rows = rows or []
    if not any(row["failed"] for row in rows) and (code or not rows):
        why = f"exit code {code}" if code else "it ran no tests"
        log = (out / f"{name}.log").read_text(errors="replace")
        rows.append({"name": name, "passed": 0, "failed": 1, "skipped": 0, "said": f"{log}\n({why})"})
    if build:
        (out / f"{name}.failed").touch()
    (out / f"{name}.rows").write_text(json.dumps(rows))
    total = {key: sum(row[key] for row in rows) for key in ("passed", "failed", "skipped")}
    print(", ".join(f"{n} {key}" for key, n in total.items() if n or key == "passed"))


def close(out):
    passed = failed = 0
    stages = {path.stem: json.loads(path.read_text()) for path in sorted(out.glob("*.rows"))}
    for name, rows in stages.items():
        for row in rows:
            if row["skipped"] and not row["failed"]:
                why = row.get("why") or " ".join(row["said"].split())[-160:] or "no reason given"
                print(f"skipped  {name}: {row['name']}: {why}")
    for name, rows in stages.items():
        for row in rows:
            passed += row["passed"]
            failed += row["failed"]
            if row["failed"]:
                print(f"\nFAILED   {name}: {row['name']}")
                print("\n".join("    " + line for line in row["said"].rstrip().splitlines()[-60:]))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--stage")
    flags.add_argument("--exit-code", type=int, default=0)
    flags.add_argument("--close", action="store_true")
    flags.add_argument("out", type=pathlib.Path)
    asked = flags.parse_args()
    if asked.close:
        return close(asked.out)
    stage(asked.stage, asked.exit_code, asked.out)
    return 0


sys.exit(main())
