# SPDX-License-Identifier: Apache-2.0
"""What happens when disks fill up, processes go away, and frameworks are late: nothing is lost, and everybody is told."""
import os
import pathlib
import socket
import subprocess
import time

import pytest
import requests

from cluster import MIB, SLOW, Process, command_line, wait_until
from conftest import whole_cluster
from framework import Framework, create_disk, docker_volume, launch, reserve, sized, stdout, task, unused_name
from test_bad_input import refused

needs_mounts = pytest.mark.skipif(os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
                                  reason="needs a mount namespace of its own, to have a small filesystem")


def in_small_tmpfs(where, size):
    """Before a command: gives it a filesystem of that size at `where`, which nobody else sees and which goes when it ends."""
    where.mkdir(parents=True, exist_ok=True)
    script = f'mountpoint -q "$0" || mount -t tmpfs -o size={size},mode=755 tmpfs "$0"; exec "$@"'
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", script, str(where)]


def seen_by(process, path):
    """That path as the process sees it."""
    return pathlib.Path(f"/proc/{process.pid}/root{path}")


def space_of(path):
    s = os.statvfs(path)
    return s.f_bavail * s.f_frsize


def eat(path, leave):
    """Fills the filesystem of `path` with one file, up to so many bytes."""
    with open(path, "wb") as f:
        while (left := space_of(path.parent) - leave) > 0:
            try:
                f.write(b"\1" * min(left, MIB))
                f.flush()
            except OSError:
                return


# ---- disks that are full ----

@needs_mounts
def test_a_full_disk_in_the_store_refuses_changes_and_still_releases(new_cluster):
    c = new_cluster()
    holder = keep_namespace(c, c.dir / "small", "48m")
    inside = ["nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", "--"]
    data = c.dir / "small" / "master"
    master = c.start_master(prefix=inside, data=data)
    c.start_provider("files", {"fast": {"capacity": 1 << 30, "tags": ["media=ssd"]}})
    c.apply_class("gold", pool="media = ssd", smallest=4 * MIB)
    c.start_agent("n1")
    acknowledged = []
    for n in range(8):
        acknowledged.append(f"before-{n}")
        c.create(acknowledged[-1], 8 * MIB)
    for name in acknowledged:
        c.wait_volume(name)
    changes = 0

    def is_full():
        """Changes are made, and the room beside them eaten, until the store says that it is full."""
        nonlocal changes
        if not c.get("/health").get("read_only"):
            eat(seen_by(holder, c.dir / "small" / unused_name("hog")), 0)
        code, answer = c.ask("PUT", "/v1/classes/often", {"name": "often", "description": f"{changes} " + 1000 * "x"})
        changes += code == 200
        return (code, answer) if code != 200 else None
    refused(wait_until(is_full, 30, "the store is full", every=0), 507, "full", "full")
    refused(c.ask("POST", "/v1/volumes", {"name": "late", "class": "gold", "size": 4 * MIB}), 507, "full", "full")
    assert not c.volume("late")
    assert master.running()
    # reads go on
    listed = {v["name"]: v for v in c.get("/v1/volumes")["volumes"]}
    assert set(acknowledged) <= set(listed)
    assert c.get("/health")["read_only"] is True
    # changes of every other kind are refused too
    refused(c.ask("PUT", "/v1/classes/more", {"name": "more"}), 507, "full")
    # releases go on
    for name in acknowledged[:4]:
        code, answer = c.ask("DELETE", f"/v1/volumes/{name}")
        assert code == 202, answer
    for name in acknowledged[:4]:
        c.wait_gone(name)
    # nothing acknowledged is lost
    master.kill()
    c.start_master(prefix=inside, data=data)
    listed = {v["name"] for v in c.get("/v1/volumes")["volumes"] if v["state"] != "gone"}
    assert listed == set(acknowledged[4:])
    if changes:
        assert c.get("/v1/classes/often")["description"].startswith(f"{changes - 1} ")
    # with space again it takes changes again
    for path in seen_by(holder, c.dir / "small").glob("hog*"):
        path.unlink()
    wait_until(lambda: c.ask("POST", "/v1/volumes", {"name": "after", "class": "gold", "size": 4 * MIB})[0] == 202, 20, "changes are taken again")
    c.wait_volume("after")


def keep_namespace(c, where, size):
    """A process that holds a mount namespace with a small filesystem, so that others can be put into it."""
    holder = Process("holder", [*in_small_tmpfs(where, size), "sleep", "infinity"], c.dir / "holder.log")
    c.processes[f"holder-{where.name}"] = holder
    wait_until(lambda: os.path.ismount(seen_by(holder, where)) or any(str(where) in line for line in open(f"/proc/{holder.pid}/mountinfo")), 5, "the small filesystem is there")
    return holder


@needs_mounts
def test_a_full_disk_in_a_pool_fails_the_operation_and_gives_the_capacity_back(new_cluster):
    c = new_cluster()
    c.start_master()
    holder = keep_namespace(c, c.dir / "tiny", "64m")
    inside = ["nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", "--"]
    pool = {"directory": str(c.dir / "tiny" / "pool"), "capacity": 60 * MIB, "tags": ["media=ssd"]}
    seen_by(holder, c.dir / "tiny" / "pool").mkdir()
    c.start_provider("small", {"fast": pool}, prefix=inside, interval="1h")  # so that its last report stays what it was
    c.apply_class("gold", pool="media = ssd", smallest=4 * MIB)
    c.start_agent("n1")
    free = c.free("small", "fast")
    assert free > 32 * MIB
    eat(seen_by(holder, c.dir / "tiny" / "hog"), 4 * MIB)
    c.create("unlucky", 32 * MIB)
    v = c.wait_volume("unlucky", "failed", seconds=20)
    assert "no room for 32 MiB" in v["message"] and "'unlucky'" in v["message"] and "small/here/fast" in v["message"], v
    operations = [o for o in c.get("/v1/operations")["operations"] if o.get("volume") == "unlucky"]
    assert [(o["kind"], o["state"], o["error_kind"]) for o in operations] == [("create", "failed", "full")], operations
    wait_until(lambda: not int(c.pool("small", "fast")["granted"]["bytes"]), 10, f"the capacity is given back: {c.pool('small', 'fast')}")
    assert not list(seen_by(holder, c.dir / "tiny" / "pool").glob("g-*.img")), "a half-made image is left"
    # with space again the same pool serves
    seen_by(holder, c.dir / "tiny" / "hog").unlink()
    c.processes["small"].kill()
    c.start_provider("small", prefix=inside)
    assert c.ask("DELETE", "/v1/volumes/unlucky")[0] == 202
    c.wait_gone("unlucky")
    left = [p.name for p in seen_by(holder, c.dir / "tiny" / "pool").iterdir() if p.name.startswith("g-")]
    assert not left, f"something of the volume is left: {left}"
    c.create("lucky", 32 * MIB)
    c.wait_volume("lucky")


# ---- who is away ----

def test_a_provider_that_is_away_is_waited_for_or_not_as_asked(new_cluster):
    c = new_cluster(lost=2.5)
    c.start_master()
    provider = c.start_provider("files", {"fast": {"capacity": 256 * MIB, "tags": ["media=ssd"]}})
    c.apply_class("gold", pool="media = ssd", smallest=4 * MIB)
    c.start_agent("n1")
    c.create("early", 8 * MIB)
    c.wait_volume("early")
    before = int(time.time() * 1000)
    provider.kill()
    stale = wait_until(lambda: c.provider_of("files") if not c.provider_of("files").get("connected") else None, 10, "the provider is away")
    assert before - 1000 <= int(stale["stale_since"]) <= int(time.time() * 1000) + 1000, stale
    assert wait_until(lambda: c.pool("files", "fast").get("stale"), 10, "its pools are stale")
    shown = c.command("inventory")
    assert shown.returncode == 0 and "stale" in shown.stdout + shown.stderr, shown.stdout
    refused(c.ask("POST", "/v1/volumes", {"name": "now", "class": "gold", "size": 8 * MIB}), 503, "unavailable", "files", "away")
    assert not c.volume("now")
    code, answer = c.ask("POST", "/v1/volumes", {"name": "patient", "class": "gold", "size": 8 * MIB, "wait": True})
    assert code == 202, answer
    time.sleep(0.5)
    waiting = c.volume("patient")
    assert waiting["state"] in ("wanted", "making"), waiting
    assert c.volume("early")["state"] == "ready"
    c.start_provider("files")
    c.wait_volume("patient")
    assert "stale_since" not in c.provider_of("files") and not c.pool("files", "fast").get("stale")


def test_a_pool_that_is_away_keeps_no_other_from_a_master_that_restarts(new_cluster):
    c = new_cluster()
    whole_cluster(c, agents=1)
    c.apply_class("bulk", pool="media = hdd", fs="ext4", smallest=4 * MIB)
    c.create("inside", 16 * MIB, **{"class": "bulk"})
    c.wait_volume("inside")
    where = c.dir / "pools" / "files" / "slow"
    where.rename(where.with_name("away"))
    c.processes["master"].kill()
    c.start_master()
    wait_until(lambda: c.provider_of("files").get("connected"), 15, "the provider is back, without the pool")
    c.wait_agent("n1", "active")
    assert c.pool("files", "slow").get("stale")
    c.create("beside", 16 * MIB)
    c.wait_volume("beside")
    assert not c.volume("inside").get("message"), c.volume("inside")
    where.with_name("away").rename(where)
    wait_until(lambda: not c.pool("files", "slow").get("stale"), 15, "the pool is reported again")
    c.create("outside", 16 * MIB, **{"class": "bulk"})
    c.wait_volume("outside")


def test_an_agent_away_within_the_lost_time_keeps_its_task_and_volume(new_cluster):
    c = new_cluster(lost=10)
    whole_cluster(c, agents=2)
    f = Framework(c, role="stay")
    offer = f.agent_offer("n1")
    script = 'i=0; while :; do i=$((i+1)); echo $i >> /data/n; sync /data/n; echo $i; sleep 0.02; done'
    f.accept(offer, launch(task(offer, "stays", script, "stay", container=docker_volume("stay-1", **{"class": "gold", "size": "16MiB"}))))
    f.wait_task("stays", "TASK_RUNNING")
    wait_until(lambda: len(stdout(f, "stays")) > 10, 10, "it writes")
    seq = int(c.get("/v1/volumes")["seq"])
    epoch = c.volume("stay-1", "stay")["attachments"][0]["epoch"]
    keepers = {pid for pid in c.keepers() if "keeper" in command_line(pid)}
    assert len(keepers) == 2, "one of the attachment, one of the task"
    c.processes["n1"].kill()
    c.wait_agent("n1", "away")
    then = len(stdout(f, "stays"))
    wait_until(lambda: len(stdout(f, "stays")) > then, 5, "the task goes on without its agent")
    c.start_agent("n1")
    # the same keepers, task and attachment, reported by the agent that came back
    assert keepers <= {pid for pid in c.keepers() if "keeper" in command_line(pid)}
    assert "decision=found attachments=1 tasks=1" in c.processes["n1"].said()
    v = c.volume("stay-1", "stay")
    assert [(a["state"], a["agent"], a["epoch"]) for a in v["attachments"]] == [("in_use", "n1", epoch)], v
    then = len(stdout(f, "stays"))
    wait_until(lambda: len(stdout(f, "stays")) > then, 5, "the task goes on")
    kinds = [(e["kind"], e.get("attachment", {}).get("ended_because")) for e in c.past_events(seq)]
    assert not [k for k in kinds if k[1] or k[0] == "agent-lost"], kinds
    f.call("RECONCILE", {"reconcile": {"tasks": []}})
    f.wait("UPDATE", lambda e: e["update"]["status"].get("reason") == "REASON_RECONCILIATION" and e["update"]["status"]["state"] == "TASK_RUNNING")
    # it still obeys
    f.kill("stays")
    f.wait_task("stays", "TASK_KILLED")
    wait_until(lambda: not c.volume("stay-1", "stay").get("attachments"), 10, "the volume is unpublished")


@pytest.mark.parametrize("away", ["frozen", "killed"])
def test_an_agent_that_returns_is_not_let_back_to_what_was_taken_over(new_cluster, away):
    c = new_cluster()
    whole_cluster(c, agents=2)
    f = Framework(c, role="back")
    offer = f.agent_offer("n1")
    f.accept(offer, launch(task(offer, "sleeper", "sleep 1000", "back", container=docker_volume("ice", **{"class": "gold", "size": "16MiB"}))))
    f.wait_task("sleeper", "TASK_RUNNING")
    agent = c.processes["n1"]
    agent.freeze() if away == "frozen" else agent.kill()
    offer, volume = f.volume_offer("ice", agent="n2", seconds=20)
    f.accept(offer, launch(task(offer, "second", "sleep 1000", "back", volume, "/data")))
    f.wait_task("second", "TASK_RUNNING")
    agent.thaw() if away == "frozen" else c.start_agent("n1")
    c.wait_agent("n1", "active", seconds=20)  # out of quarantine, though the volume is in use elsewhere on this machine
    v = c.volume("ice", "back")
    assert [(a["agent"], a["state"]) for a in v["attachments"]] == [("n2", "in_use")], v
    running = [(t["id"], t["agent"]) for t in c.get("/v1/tasks").get("tasks", []) if t["state"] == "TASK_RUNNING"]
    assert running == [("second", "n2")]
    offer = f.agent_offer("n1")  # and it serves again
    f.accept(offer, launch(task(offer, "third", "true", "back", container=docker_volume("new", **{"class": "gold", "size": "16MiB"}))))
    f.wait_task("third", "TASK_FINISHED")
    f.call("TEARDOWN")


def test_everybody_stops_well_when_asked(new_cluster):
    c = new_cluster()
    whole_cluster(c, agents=1)
    c.create("stays", 8 * MIB)
    c.wait_volume("stays")
    for name in ("n1", "files", "master"):
        assert c.processes[name].stop() == 0, c.processes[name].said()[-1000:]
    c.start_master()
    assert c.volume("stays")["state"] == "ready"


# ---- frameworks ----

def test_an_offer_is_accepted_once(cluster):
    f = Framework(cluster, role="twice")
    offer, entry = f.storage_offer()
    f.accept(offer, reserve("first", entry, 8 * MIB, "twice"))
    f.accept(offer, reserve("second", entry, 8 * MIB, "twice"))
    assert f.wait_operation("first")["state"] == "OPERATION_FINISHED"
    late = f.wait_operation("second")
    assert late["state"] in ("OPERATION_ERROR", "OPERATION_DROPPED") and offer["id"]["value"] in late["message"], late
    assert len([r for r in cluster.get("/v1/reservations")["reservations"] if r["role"] == "twice"]) == 1
    agent = f.agent_offer()
    f.accept(agent, launch(task(agent, "one", "true", "twice")))
    f.accept(agent, launch(task(agent, "two", "true", "twice")))
    f.wait_task("one", "TASK_FINISHED")
    lost = f.wait("UPDATE", lambda e: e["update"]["status"]["task_id"]["value"] == "two")["status"]
    assert lost["state"] in ("TASK_LOST", "TASK_DROPPED") and lost["reason"] == "REASON_INVALID_OFFERS", lost
    f.call("TEARDOWN")
    for r in cluster.get("/v1/reservations").get("reservations", []):
        cluster.ask("DELETE", f"/v1/reservations/{r['id']}")


def test_an_offer_accepted_too_late_is_void(new_cluster):
    c = new_cluster()
    c.start_master("--offer-timeout", "500ms")
    c.start_provider("files", {"fast": {"capacity": 64 * MIB, "tags": ["media=ssd"]}})
    c.apply_class("gold", pool="media = ssd", smallest=4 * MIB)
    c.start_agent("n1")
    f = Framework(c, role="late")
    agent = f.agent_offer()
    number = agent["id"]["value"]
    f.wait("RESCIND", lambda e: e["rescind"]["offer_id"]["value"] == number)
    f.accept(agent, launch(task(agent, "late", "true", "late")))
    lost = f.wait("UPDATE", lambda e: e["update"]["status"]["task_id"]["value"] == "late")["status"]
    assert lost["state"] in ("TASK_LOST", "TASK_DROPPED") and lost["reason"] == "REASON_INVALID_OFFERS" and number in lost["message"], lost


def test_the_second_of_two_that_want_the_same_space_is_told_the_figures(new_cluster):
    c = new_cluster()
    c.start_master()
    c.start_provider("files", {"fast": {"capacity": 64 * MIB, "tags": ["media=ssd"]}})
    c.apply_class("gold", pool="media = ssd", smallest=4 * MIB)
    c.start_agent("n1")
    f, g = Framework(c, role="f", name="f"), Framework(c, role="g", name="g")
    (of, ef), (og, eg) = f.storage_offer(), g.storage_offer()
    f.accept(of, create_disk("c", sized(ef, 40 * MIB), "winner"))
    assert f.wait_operation("c")["state"] == "OPERATION_FINISHED"
    g.accept(og, create_disk("c", sized(eg, 40 * MIB), "loser"))
    lost = g.wait_operation("c")
    assert lost["state"] == "OPERATION_ERROR" and "40 MiB asked" in lost["message"] and "24 MiB free" in lost["message"], lost


def test_a_master_restart_keeps_frameworks_within_their_failover_time(new_cluster):
    c = new_cluster()
    whole_cluster(c, agents=1)
    keeps, goes = Framework(c, role="keeps", failover=60), Framework(c, role="goes", failover=0)
    offer = keeps.agent_offer()
    keeps.accept(offer, launch(task(offer, "lasts", "sleep 1000", "keeps")))
    keeps.wait_task("lasts", "TASK_RUNNING")
    c.processes["master"].kill()
    c.start_master()
    wait_until(lambda: keeps.ended and goes.ended, 5, "the streams have ended")
    kept = keeps.id
    keeps.subscribe(wait=False)
    again = [e for e in keeps.events if e["type"] == "SUBSCRIBED"]
    wait_until(lambda: len([e for e in keeps.events if e["type"] == "SUBSCRIBED"]) == len(again) or len(again) == 2, 5, "subscribed again")
    wait_until(lambda: [e["subscribed"]["framework_id"]["value"] for e in keeps.events if e["type"] == "SUBSCRIBED"] == [kept, kept], 5, "the same id")
    c.wait_agent("n1", "active")
    assert [(t["id"], t["state"]) for t in c.get("/v1/tasks")["tasks"]] == [("lasts", "TASK_RUNNING")]
    keeps.call("RECONCILE", {"reconcile": {"tasks": [{"task_id": {"value": "lasts"}}]}})
    keeps.wait("UPDATE", lambda e: e["update"]["status"].get("reason") == "REASON_RECONCILIATION")
    keeps.kill("lasts")
    keeps.wait_task("lasts", "TASK_KILLED")
    # without a failover time a framework that is gone is gone
    goes.close()
    wait_until(lambda: goes.id not in [x["id"] for x in c.get("/v1/frameworks").get("frameworks", []) if not x.get("completed")], 10, "the other framework is gone")


def test_a_second_subscription_ends_the_first(cluster):
    f = Framework(cluster, role="fail")
    second = Framework(cluster, role="fail", framework_id=f.id)
    assert second.id == f.id
    assert "failed over" in f.wait("ERROR")["message"]
    wait_until(lambda: f.ended, 5, "the first stream ends")
    answer = f.call("REVIVE", expect=400)
    assert f.stream_id in answer.text
    second.call("TEARDOWN")


def test_a_task_that_waits_for_its_volume_can_be_killed(new_cluster):
    c = new_cluster(lost=30)  # longer than the test: the provider stays silent, yet is not lost
    whole_cluster(c, agents=1)
    f = Framework(c, role="wait")
    offer = f.agent_offer()
    c.processes["files"].freeze()
    f.accept(offer, launch(task(offer, "waits", "true", "wait", container=docker_volume("slow-1", **{"class": "gold", "size": "16MiB"}))))
    wait_until(lambda: c.get("/v1/tasks").get("tasks"), 5, "the task is known")
    assert c.volume("slow-1", "wait")["state"] in ("wanted", "making")
    f.kill("waits")
    f.wait_task("waits", "TASK_KILLED", seconds=5)
    wait_until(lambda: not c.get("/v1/tasks").get("tasks"), 5, "no task is left, though its volume is still not there")
    c.processes["files"].thaw()
    c.wait_volume("slow-1", role="wait")
    # a wait has an end: then the task fails, with the reason
    c.apply_class("gold", pool="media = ssd", fs="ext4", smallest=4 * MIB, launch_wait_ms=500)
    offer, _ = f.volume_offer("slow-1")  # what is idle now rides in the agent's offer
    c.processes["files"].freeze()
    f.accept(offer, launch(task(offer, "gives-up", "true", "wait", container=docker_volume("slow-2", **{"class": "gold", "size": "16MiB"}))))
    failed = f.wait_task("gives-up", "TASK_FAILED", seconds=10)
    assert "slow-2" in failed["message"], failed
    c.processes["files"].thaw()


@needs_mounts
@pytest.mark.parametrize("verb", ["agent", "provider"])
def test_a_resolver_that_is_mute_does_not_hold_up_the_end_of_a_process(new_cluster, verb):
    c = new_cluster()
    master = "http://master.granary.test:5050"
    flags = {"agent": ["--name", "n1", "--master", master, "--work-dir", c.dir / "n1", "--run-dir", c.dir / "r-n1"],
             "provider": ["--config", c.provider_file("files", {"fast": {}}, master=master)]}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        try:
            mute.bind(("127.0.0.153", 53))
        except OSError as e:
            pytest.skip(f"no resolver can be played here: {e}")
        mute.settimeout(10)
        (c.dir / "resolv.conf").write_text("nameserver 127.0.0.153\noptions timeout:30\n")
        inside = ["unshare", "-m", "--propagation", "private", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(c.dir / "resolv.conf")]
        process = c.start(verb, verb, *flags[verb], prefix=inside)
        mute.recv(512)  # it asks, and will for half a minute
        began = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - began < 1 * SLOW, process.said()


# ---- clients ----

def test_a_client_that_sends_too_slowly_is_cut(cluster):
    """A request must be whole within its time; one byte now and then does not keep a connection."""
    with socket.create_connection(("127.0.0.1", cluster.port)) as s:
        s.settimeout(1)
        s.sendall(b"POST /v1/volumes HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        begin = time.monotonic()
        answer = b""
        while time.monotonic() - begin < 45:
            try:
                s.sendall(b"X")
                answer = s.recv(1000)
                break
            except socket.timeout:
                assert cluster.get("/health")["status"] == "ok"  # everybody else is served meanwhile
            except OSError:
                break
        else:
            raise AssertionError("a request of 45 s was still waited for")
        assert answer == b"" or b" 408 " in answer, answer


def test_a_reader_that_does_not_read_is_cut(cluster):
    """Its stream must not make the master keep what it never fetches."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", cluster.port))
        s.sendall(b"GET /v1/events?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(0.3)
        session = requests.Session()
        session.trust_env = False
        text = "x" * 1000
        for n in range(9000):
            session.put(cluster.url + "/v1/classes/often", json={"name": "often", "pool": "media = ssd", "description": text + str(n)}, timeout=10)
            if n % 500 == 499 and cut(s, cluster.port):
                break
        else:
            raise AssertionError("9 MB of events were kept for a reader that reads nothing")
    assert cluster.get("/health")["status"] == "ok"


def cut(s, port):
    """Whether the other end of our connection is gone."""
    own = s.getsockname()[1]
    for line in open("/proc/net/tcp").readlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}") and fields[2].endswith(f":{own:04X}"):
            return fields[3] not in ("01",)
    return True
