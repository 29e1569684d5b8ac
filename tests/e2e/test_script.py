# SPDX-License-Identifier: Apache-2.0
"""A class with a script, through the real command line: applied, asked, explained, refused, broken, mended."""
import pathlib

import pytest
from cluster import MIB, wait_until
from conftest import open_cluster

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/class-scripted.yaml"


@pytest.fixture(scope="module")
def cluster():
    with open_cluster() as c:
        c.start_master()
        c.start_provider("disks", {"large": {"capacity": 512 * MIB, "tags": ["media=hdd"]}})
        c.start_provider("files", {"fast": {"capacity": 128 * MIB, "tags": ["media=ssd"]}})
        c.start_agent("n1")
        yield c


def said(c, *argv, code=0):
    answer = c.command(*argv)
    assert answer.returncode == code, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def apply(c, text, code=0):
    path = c.dir / "class.yaml"
    path.write_text(text)
    return said(c, "class", "apply", path, code=code)


def test_the_example_places_by_its_script_and_says_why_not(cluster):
    c = cluster
    assert said(c, "class", "apply", EXAMPLE) == "class 'scripted' created\n"
    assert said(c, "class", "apply", EXAMPLE) == "class 'scripted' unchanged\n"
    said(c, "volume", "create", "small", "--class", "scripted", "--size", "32MiB")
    assert c.volume("small")["pool"] == "files/here/fast"  # though the other has more
    why = said(c, "explain", "--class", "scripted", "--size", "90MiB")
    assert "goes to disks/here/large" in why and "2 pools" not in why.splitlines()[0]
    said(c, "volume", "create", "big", "--class", "scripted", "--size", "400MiB")
    assert c.volume("big")["pool"] == "disks/here/large"
    no = said(c, "explain", "--class", "scripted", "--size", "90MiB", code=6)
    assert "files/here/fast is refused by the class's script: less than a tenth of it would be left" in no
    assert "are chosen by the class's script" in no
    refused = said(c, "volume", "create", "more", "--class", "scripted", "--size", "90MiB", code=6)
    assert "less than a tenth of it would be left" in refused


def test_what_is_shown_can_be_applied_again(cluster):
    c = cluster
    said(c, "class", "apply", EXAMPLE)
    shown = said(c, "class", "show", "scripted")
    assert "script: |2\n  local worth = " in shown and "on-script-error: classes\n" in shown
    assert apply(c, shown) == "class 'scripted' unchanged\n"


def test_a_script_that_cannot_be_read_is_not_applied(cluster):
    no = apply(cluster, "name: odd\nscript: |\n  function broker(request, pools)\n    return {1\n  end\n", code=2)
    assert "class 'odd': script: line 3: " in no and "'}' expected" in no


def test_a_script_that_fails_refuses_with_its_line_and_is_counted(cluster):
    c = cluster
    broken = "name: broken\nfs: ext4\nscript: |\n  function broker(request, pools)\n    while true do end\n  end\n"
    apply(c, broken)
    no = said(c, "volume", "create", "v", "--class", "broken", "--size", "16MiB", code=6)
    assert "is refused by the class's script: it failed: line 2: it takes more than" in no
    assert "# its script failed" in said(c, "class", "show", "broken")
    apply(c, broken + "on-script-error: classes\n")
    said(c, "volume", "create", "v", "--class", "broken", "--size", "16MiB")


def test_the_script_is_there_after_a_restart(cluster):
    c = cluster
    said(c, "class", "apply", EXAMPLE)
    before = said(c, "class", "show", "scripted")
    c.processes["master"].stop()
    c.start_master()
    wait_until(lambda: "is refused by the class's script" in c.command("explain", "--class", "scripted", "--size", "90MiB").stdout, 20,
               "the script decides again")
    after = said(c, "class", "show", "scripted")
    assert [l for l in after.splitlines() if l[:1] != "#"] == [l for l in before.splitlines() if l[:1] != "#"]
