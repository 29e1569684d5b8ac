# SPDX-License-Identifier: Apache-2.0
"""Each verb of the command line as people use it: its table, its JSON, its exit code, against real processes."""
import base64
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

import pytest
import requests

from cluster import COMMAND, SLOW, Process, descendants_of, loop_devices, reaper, state_of, wait_until
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
    task = next(t for t in cluster.get("/v1/tasks")["tasks"] if t["state"] == "TASK_RUNNING")
    follow = cluster.command_start("task", "output", task["id"], "--follow", log="also")
    wait_until(lambda: "0\n" in (cluster.dir / "also").read_text(), 10, "it is followed")
    cluster.processes[task["agent"]].kill()
    for log in ("away", "also"):
        wait_until(lambda: "is away" in (cluster.dir / f"{log}.err").read_text(), 10, "it says why nothing comes")
    cluster.start_agent(task["agent"])
    for reader, log in ((p, "away"), (follow, "also")):
        assert reader.wait(30) == 0, (cluster.dir / f"{log}.err").read_text()
        assert (cluster.dir / log).read_text() == "".join(f"{i}\n" for i in range(8))


def test_run_does_not_wait_for_ever_for_what_its_task_printed(cluster):
    """The task ended, and its agent is gone with the rest. The master's heartbeats go on meanwhile."""
    p = reaper.popen([str(COMMAND), "run", "--", "sh", "-c", "head -c 1000000 /dev/zero"], stdin=subprocess.DEVNULL,
                     stdout=subprocess.PIPE, stderr=open(cluster.dir / "tail.err", "wb"), env={**os.environ, "GRANARY_MASTER": cluster.url})
    try:
        task = wait_until(lambda: re.search(r"task (\S+) started", (cluster.dir / "tail.err").read_text()), 10, "it starts").group(1)
        ended = lambda: next((t for t in cluster.get("/v1/tasks")["tasks"] if t["id"] == task and t["state"] == "TASK_FINISHED"), None)
        agent = wait_until(ended, 10, "the task ends while nobody reads what is printed")["agent"]
        cluster.processes[agent].kill()
        printed, _ = p.communicate(timeout=25 * SLOW)
    finally:
        p.kill()
        p.wait()
    cluster.start_agent(agent)
    assert len(printed) < 1000000 and "could not be read" in (cluster.dir / "tail.err").read_text()
    assert p.returncode == 9, "its output is not whole"


@pytest.mark.parametrize("argv", [["run", "--", "echo", "lost"], ["task", "output"], ["task", "output", "--follow"]])
def test_output_that_cannot_be_written_is_told(cluster, argv):
    """A full disk, and a pipe without reader where SIGPIPE is ignored."""
    if argv[0] == "task":
        ended = cluster.command("run", "--", "echo", "kept")
        argv = [*argv, re.search(r"task (\S+) started", ended.stderr).group(1)]
    reader, writer = os.pipe()
    os.close(reader)
    for out, code, words in [(os.open("/dev/full", os.O_WRONLY), 10, "No space left on device"), (writer, 11, "Broken pipe")]:
        p = reaper.popen([str(COMMAND), *argv], stdout=out, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                         env={**os.environ, "GRANARY_MASTER": cluster.url}, restore_signals=False)
        os.close(out)
        _, said = p.communicate(timeout=20 * SLOW)
        assert p.returncode == code and f"write what the task printed to standard output: {words}" in said, (p.returncode, said)


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


def test_run_says_why_it_waits(cluster):
    ended = cluster.command("run", "--cpus", "50", "--patience", "4s", "--", "true")
    assert ended.returncode == 8, ended
    assert re.search(r"still waiting: no agent has 50 cpus and 32 MiB of memory free: the most is \d+ and .*, on agent 'n[12]'", ended.stderr), ended.stderr


def test_run_says_who_uses_its_volume(cluster):
    p = cluster.command_start("run", "--class", "gold", "--size", "16MiB", "--name", "busy", "--", "sleep", "60", log="busy")
    try:
        task = wait_until(lambda: next((t["id"] for t in cluster.get("/v1/tasks").get("tasks", []) if t["state"] == "TASK_RUNNING"), None),
                          20, "it runs")
        ended = cluster.command("run", "--name", "busy", "--patience", "4s", "--", "true")
        assert ended.returncode == 8, ended
        assert re.search(rf"still waiting: volume 'busy' .* in use on agent 'n[12]' by task '{task}' of framework", ended.stderr), ended.stderr
        ended = cluster.command("explain", "volume", "busy", "--role", "default")
        assert f"by task '{task}'" in ended.stdout, ended
    finally:
        p.terminate()
        p.wait(20)
    said(cluster, "volume", "delete", "busy", "--role", "default")


def test_run_checks_the_path_before_anything_is_made(cluster):
    ended = cluster.command("run", "--class", "gold", "--size", "16MiB", "--name", "nowhere", "--mount", "/", "--", "true")
    assert ended.returncode == 2 and "--mount: container path '/' names no directory" in ended.stderr, ended
    assert not cluster.volume("nowhere", "default")


def test_run_names_the_volume_that_it_leaves(cluster):
    ended = cluster.command("run", "--class", "gold", "--size", "16MiB", "--", "sh", "-c", "exit 3")
    assert ended.returncode == 3, ended
    name, release = re.search(r"volume (run-\w+) is kept; '(granary .*)' releases it", ended.stderr).groups()
    assert cluster.volume(name, "default")
    said(cluster, *release.split()[1:])
    cluster.wait_gone(name, "default")


@pytest.mark.parametrize("argv, words", [
    (["run", "--clas", "gold", "true"], "unknown flag '--clas'; did you mean '--class'?"),
    (["run", "--quick", "true"], "unknown flag '--quick'; --help lists them"),
    (["run"], "it needs a command"),
])
def test_a_wrong_flag_of_run_is_named(cluster, argv, words):
    ended = cluster.command(*argv)
    assert ended.returncode == 2 and words in ended.stderr, ended


# ---- volumes ----

def test_volumes_go_from_create_to_delete(cluster):
    assert said(cluster, "volume", "create", "v1", "--class", "gold", "--size", "16MiB").startswith("volume 'v1' ready: 16 MiB of gold in files/here/fast")
    table = said(cluster, "volume", "list")
    assert re.search(r"^v1 +\* +gold +16 MiB +ready", table, re.M), table
    listed = json.loads(said(cluster, "volume", "list", "-o", "json"))
    assert [v["state"] for v in listed["volumes"] if v["name"] == "v1"] == ["ready"]
    assert re.search(r"^pool: +files/here/fast", said(cluster, "volume", "show", "v1"), re.M)
    assert json.loads(said(cluster, "volume", "show", "v1", "-o", "json"))["class"] == "gold"
    assert said(cluster, "volume", "grow", "v1", "--size", "32MiB") == "volume 'v1' has 32 MiB\n"
    assert said(cluster, "volume", "publish", "v1", "--agent", "n1") == "volume 'v1' is published on agent 'n1'\n"
    assert re.search(r"^v1 .* n1 ", said(cluster, "volume", "list"), re.M)
    refused = cluster.command("volume", "grow", "v1", "--size", "1MiB")
    assert refused.returncode == 2 or refused.returncode == 5, refused
    assert said(cluster, "volume", "unpublish", "v1") == "volume 'v1' is unpublished\n"
    assert said(cluster, "volume", "delete", "v1") == "volume 'v1' is released\n"
    assert cluster.command("volume", "show", "v1").returncode == 4
    table = said(cluster, "operations")
    assert re.search(r"delete +finished +volume 'v1'", table), f"an operation outlives its volume and knows its name\n{table}"
    assert json.loads(said(cluster, "operations", "-o", "json"))["operations"]


def test_a_refusal_for_lack_of_a_fit_ends_with_6(cluster):
    for argv in (["volume", "create", "huge", "--class", "gold", "--size", "10TiB"],
                 ["run", "--class", "gold", "--size", "10TiB", "--", "true"]):
        ended = cluster.command(*argv)
        assert ended.returncode == 6 and "free of 10 TiB asked" in ended.stderr, ended


def test_a_wait_for_a_provider_that_is_away_says_so(cluster):
    said(cluster, "volume", "create", "waits", "--class", "gold", "--size", "16MiB")
    cluster.processes["files"].kill()
    wait_until(lambda: not cluster.provider_of("files").get("connected"), 10, "the provider is away")
    try:
        ended = cluster.command("volume", "delete", "waits", "--patience", "2s")
        assert ended.returncode == 8, ended
        assert "delete volume 'waits': releasing: delete waits for provider 'files', which is away" in ended.stderr, ended.stderr
        assert "waits for provider 'files', which is away" in said(cluster, "operations", "--open")
    finally:
        cluster.start_provider("files")
    cluster.wait_gone("waits")


# ---- explain ----

def test_explain_says_where_it_fits_or_why_not(cluster):
    assert "pool files/here/fast" in said(cluster, "explain", "--class", "gold", "--size", "16MiB")
    assert json.loads(said(cluster, "explain", "--class", "gold", "--size", "16MiB", "-o", "json"))["places"]
    table = said(cluster, "explain", "--class", "gold", "--size", "10TiB", code=6)
    assert "What would pass:" in table, table
    assert not json.loads(said(cluster, "explain", "--class", "gold", "--size", "10TiB", "-o", "json", code=6)).get("places")
    assert cluster.command("explain").returncode == 2
    assert cluster.command("explain", "volume", "none").returncode == 4


# ---- classes, roles, reservations, agents, the rest ----

def test_classes_are_applied_shown_and_deleted(cluster):
    document = cluster.dir / "tin.yaml"
    document.write_text("name: tin\npool: media = hdd\nfs: ext4\n")
    assert said(cluster, "class", "apply", document) == "class 'tin' created\n"
    assert said(cluster, "class", "apply", document) == "class 'tin' unchanged\n"
    assert re.search(r"^tin ", said(cluster, "class", "list"), re.M)
    assert "tin" in [c["name"] for c in json.loads(said(cluster, "class", "list", "-o", "json"))["classes"]]
    shown = said(cluster, "class", "show", "tin")
    document.write_text(shown)
    assert said(cluster, "class", "apply", document) == "class 'tin' unchanged\n", "what is shown can be applied again"
    assert json.loads(said(cluster, "class", "show", "tin", "-o", "json"))["name"] == "tin"
    assert said(cluster, "class", "delete", "tin") == "class 'tin' deleted\n"
    assert cluster.command("class", "show", "tin").returncode == 4


def test_reservations_end_when_no_volume_is_left(cluster):
    created = said(cluster, "reservation", "create", "--class", "gold", "--size", "64MiB", "--role", "web", "--reason", "march")
    number = re.search(r"^reservation (\d+): 64 MiB of gold for role 'web'", created).group(1)
    assert re.search(rf"^ *{number} +web .*march", said(cluster, "reservation", "list"), re.M)
    assert json.loads(said(cluster, "reservation", "list", "-o", "json"))["reservations"]
    assert re.search(r"^reason: +march", said(cluster, "reservation", "show", number), re.M)
    assert json.loads(said(cluster, "reservation", "show", number, "-o", "json"))["role"] == "web"
    assert "of which no volume is left" in said(cluster, "reservation", "delete", "--help")
    assert said(cluster, "reservation", "delete", number) == f"reservation {number} has ended\n"
    assert cluster.command("reservation", "show", number).returncode == 4


def test_roles_have_weights(cluster):
    said(cluster, "role", "set", "eng/web", "--weight", "2")
    assert re.search(r"^eng/web .*\b2\b", said(cluster, "roles"), re.M)
    assert "eng/web" in [r["name"] for r in json.loads(said(cluster, "roles", "-o", "json"))["roles"]]


def test_agents_are_listed_shown_and_refused_to_go(cluster):
    table = said(cluster, "agents")
    assert re.search(r"^n1 +active .* gold$", table, re.M), table
    assert {a["name"] for a in json.loads(said(cluster, "agents", "-o", "json"))["agents"]} == {"n1", "n2"}
    assert re.search(r"^state: +active for", said(cluster, "agents", "show", "n1"), re.M)
    assert json.loads(said(cluster, "agents", "show", "n1", "-o", "json"))["name"] == "n1"
    assert cluster.command("agents", "remove", "n1").returncode == 5
    assert cluster.command("agents", "show", "n9").returncode == 4


def test_events_tell_what_happened(cluster):
    table = said(cluster, "events", "--no-follow", "--after", "1")
    assert re.search(r"agent-active +agent 'n1'", table), table
    kinds = [json.loads(line)["kind"] for line in said(cluster, "events", "--no-follow", "--after", "1", "-o", "json").splitlines()]
    assert "class-applied" in kinds and "agent-returned" not in kinds[:4], kinds[:8]


@pytest.mark.parametrize("verb, words, key", [
    ("inventory", "files", "providers"), ("offers", "", "seq"), ("tasks", "", "seq"), ("frameworks", "", "seq"),
    ("health", "ok", "status"), ("version", "granary", None),
])
def test_a_picture_has_its_table_and_its_json(cluster, verb, words, key):
    assert words in said(cluster, verb)
    read = json.loads(said(cluster, verb, "-o", "json"))
    assert key is None or key in read, read


def test_words_are_completed(cluster):
    assert "volume\n" in said(cluster, "complete", "vol")
    assert said(cluster, "complete", "volume", "gr") == "grow\n"
    assert "gold\n" in said(cluster, "complete", "volume", "create", "x", "--class", "g")
    assert "n1\n" in said(cluster, "complete", "agents", "show", "")


@pytest.mark.parametrize("verb", ["provider", "agent", "master", "dev", "agents"])
def test_a_configuration_in_front_of_the_verb_is_read(cluster, verb):
    (cluster.dir / "odd.yaml").write_text("colour: blue\n")
    ended = cluster.command("--config", cluster.dir / "odd.yaml", verb)
    assert ended.returncode == 2 and re.search(r"odd.yaml.*'?colour'?: unknown setting", ended.stderr), ended


def test_nobody_answers_is_an_exit_code_of_its_own(cluster):
    ended = cluster.command("agents", "--master", "http://127.0.0.1:1")
    assert ended.returncode == 9 and "no master answers at 127.0.0.1:1" in ended.stderr, ended
    assert cluster.command("agnts").returncode == 2


# ---- dev ----

@pytest.fixture
def dev_directory():
    """Removed by `granary dev` itself: what is left fails the test."""
    with tempfile.TemporaryDirectory(prefix="gr-e2e-", ignore_cleanup_errors=True) as base:
        yield pathlib.Path(base) / "dev"


counted = itertools.count()


def dev(directory, *argv):
    flags = ["--directory", directory, "--listen", "127.0.0.1:0", "--agents", "2", "--providers", "1", "--pool-size", "512MiB", *argv]
    return Process("dev", [COMMAND, "dev", *flags], directory.parent / f"dev-{next(counted)}.log")


def serves(p):
    wait_until(lambda: (p.running() or pytest.fail(p.said())) and "The cluster serves at" in p.said(), 30, "it serves")
    return re.findall(r"serves at (http://\S+) until", p.said())[-1]


def test_dev_once_goes_through_the_cycle_and_leaves_nothing(dev_directory):
    p = dev(dev_directory, "--once")
    assert p.popen.wait(120 * SLOW) == 0, p.said()
    assert "is gone, and" in p.said() and not dev_directory.exists(), p.said()
    assert not loop_devices(dev_directory)


def test_dev_killed_is_swept_by_the_next(dev_directory):
    first = dev(dev_directory)
    master = serves(first)
    left = [pid for pid in descendants_of(first.pid) if b"granaryd" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(left) == 4, left
    run = reaper.popen([str(COMMAND), "run", "--master", master, "--class", "gold", "--size", "16MiB", "--name", "held", "--", "sleep", "100"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: requests.get(f"{master}/v1/tasks", timeout=5).json().get("tasks", [{}])[0].get("state") == "TASK_RUNNING", 20, "it runs")
    first.kill()
    run.kill()
    run.wait(10)
    second = dev(dev_directory)
    serves(second)
    assert re.search(r"Swept what an earlier run left here: 4 processes, 2 keepers", second.said()), second.said()
    wait_until(lambda: all(state_of(pid) in (None, "Z") for pid in left), 10, "what the first one started has ended")
    second.popen.send_signal(signal.SIGINT)
    assert second.popen.wait(20 * SLOW) == 0, second.said()
    assert not dev_directory.exists() and not loop_devices(dev_directory), second.said()
