# SPDX-License-Identifier: Apache-2.0
"""Each verb of the command line as people use it: its table, its JSON, its exit code, against real processes."""
import base64
import json
import os
import re
import time

import pytest

from cluster import LOOPS, MIB, wait_until
from conftest import open_cluster, whole_cluster

NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="module")
def cluster():
    with open_cluster(heartbeat=0.3, lost=2) as c:
        whole_cluster(c)
        c.dir.chmod(0o755)
        yield c


def said(c, *argv, code=0, **more):
    """What it printed, when it ended so."""
    ended = c.command(*argv, **more)
    assert ended.returncode == code, f"{argv}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


# ---- run, and what tasks print ----

def test_run_prints_what_the_task_prints_and_ends_as_it_does(cluster):
    ended = cluster.command("run", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (ended.returncode, ended.stdout) == (7, "out\n"), ended
    assert "err\n" in ended.stderr, ended.stderr


def test_run_needs_nothing_of_the_agents_files(cluster):
    """The agent's directory is closed to the one who runs; a tail longer than one piece comes whole."""
    for agent in ("n1", "n2"):
        (cluster.dir / agent).chmod(0o700)
    lines = "i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done"
    ended = cluster.command("run", "--", "sh", "-c", lines, **NOBODY)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout == "".join(f"line {i}\n" for i in range(30000))


def test_run_shows_lines_while_the_task_runs(cluster):
    p = cluster.command_start("run", "--", "sh", "-c", "echo first; sleep 60", log="live")
    try:
        wait_until(lambda: (cluster.dir / "live").read_text() == "first\n", 10, "the line comes while it runs")
        task = next(t["id"] for t in cluster.get("/v1/tasks")["tasks"] if t["state"] == "TASK_RUNNING")
        assert said(cluster, "task", "output", task) == "first\n"
        follow = cluster.command_start("task", "output", task, "--follow", log="follow")
    finally:
        p.terminate()
        assert p.wait(20) in (130, 143)
    assert follow.wait(10) == 0, (cluster.dir / "follow.err").read_text()
    assert (cluster.dir / "follow").read_text() == "first\n"
    assert said(cluster, "task", "output", task) == "first\n", "the agent keeps it for a while"
    piece = json.loads(said(cluster, "task", "output", task, "-o", "json").splitlines()[0])
    assert piece["stream"] == "stdout" and base64.b64decode(piece["data"]) == b"first\n"
    ended = cluster.command("task", "output", "never")
    assert ended.returncode == 4 and "there is none of that id" in ended.stderr, ended


def test_run_goes_on_reading_when_the_agent_was_away(cluster):
    script = "i=0; while [ $i -lt 8 ]; do echo $i; i=$((i+1)); sleep 0.5; done"
    p = cluster.command_start("run", "--", "sh", "-c", script, log="away")
    wait_until(lambda: "0\n" in (cluster.dir / "away").read_text(), 10, "it prints")
    agent = next(t["agent"] for t in cluster.get("/v1/tasks")["tasks"] if t["state"] == "TASK_RUNNING")
    cluster.processes[agent].kill()
    wait_until(lambda: "is away" in (cluster.dir / "away.err").read_text(), 10, "it says why nothing comes")
    cluster.start_agent(agent)
    assert p.wait(30) == 0, (cluster.dir / "away.err").read_text()
    assert (cluster.dir / "away").read_text() == "".join(f"{i}\n" for i in range(8))


def test_run_restarts_on_another_agent_when_one_is_killed(cluster):
    script = "echo here >> /data/places && sync /data/places && cat /data/places; [ $(wc -l < /data/places) -ge 2 ] || sleep 60"
    p = cluster.command_start("run", "--class", "gold", "--size", "16MiB", "--name", "moves", "--restart", "--",
                              "sh", "-c", script, log="moves")
    wait_until(lambda: (cluster.dir / "moves").read_text() == "here\n", 20, "the first run prints")
    agent = cluster.volume("moves", "default")["attachments"][0]["agent"]
    cluster.processes[agent].kill()
    assert p.wait(60) == 0, (cluster.dir / "moves.err").read_text()
    assert (cluster.dir / "moves").read_text() == "here\nhere\nhere\n"
    assert f"agent '{agent}' is lost" in (cluster.dir / "moves.err").read_text()
    cluster.start_agent(agent)
    said(cluster, "volume", "delete", "moves", "--role", "default")
