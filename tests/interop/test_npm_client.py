# SPDX-License-Identifier: Apache-2.0
"""The npm package mesos-framework, unmodified: a client of the Mesos v1 scheduler API that never heard of Granary."""
import pathlib
import time

from client import Client
from cluster import LOOPS, MIB, wait_until
from conftest import open_cluster

END = ("TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST", "TASK_ERROR")
STREAM_ENDED = "Long-running connection was closed!"  # so the package calls what follows a teardown


def framework(cluster, name):
    return next((f for f in cluster.get("/v1/frameworks").get("frameworks", []) if f["name"] == name), {})


def stdout(status):
    place = next(l["value"] for l in status["labels"]["labels"] if l["key"] == "sandbox")
    return (pathlib.Path(place) / "stdout").read_text()


def run_to_end(client, task):
    client.wait(lambda: any(s in END for s in client.states(task)), 25, f"task {task} ends")
    assert client.states(task)[-1] == "TASK_FINISHED", f"{client}"
    return client.statuses(task)[-1]


def all_acknowledged(client):
    """Every update that wants an answer got one, which the master took; nothing came twice."""
    uuids = [u["status"]["uuid"] for u in client.of("update") if u["status"].get("uuid")]
    client.wait(lambda: len(client.of("sent_acknowledge")) == len(uuids), 10, "every update is acknowledged")
    assert uuids and len(set(uuids)) == len(uuids), f"{client}"


def end(cluster, client, name):
    assert client.of("error") == [], f"{client}"
    assert client.teardown() == 0, f"{client}"
    assert client.of("sent_teardown") and client.of("error") in ([], [STREAM_ENDED]), f"{client}"
    wait_until(lambda: framework(cluster, name).get("state") in (None, "completed", "removed"), 10, f"{name} is gone")
    assert all(t.get("framework_name") != name for t in cluster.get("/v1/tasks").get("tasks", []))


def test_a_plain_task_runs(cluster, npm_client):
    with Client(npm_client, cluster.port, "plain", {"hello": {"command": "echo hello from port $PORT0"}}) as client:
        status = run_to_end(client, "hello")
        assert "hello from port" in stdout(status)
        kinds = [kind for kind, _ in client.heard]
        assert kinds.index("sent_subscribe") < kinds.index("subscribed") < kinds.index("offers") < kinds.index("sent_accept")
        assert client.of("heartbeat"), "one follows the subscription at once"

        offer = client.of("offers")[0]["offers"][0]
        texts = {(a["name"], a["text"]["value"]) for a in offer["attributes"] if a["type"] == "TEXT"}
        assert ("granary.storage", "gold") in texts, "which classes that agent can use"
        assert ("town", "Zürich") in texts, "text beyond ASCII arrives whole"
        assert offer["url"]["address"]["ip"] == "127.0.0.1" and offer["hostname"] == "n1"
        assert not [r for r in offer["resources"] if "disk" in r], "no storage as such for who did not ask"
        assert {r["role"] for r in offer["resources"]} == {"*"} and "allocation_info" not in offer

        for s in client.statuses("hello"):
            assert s["agent_id"] == offer["agent_id"] and s["executor_id"]["value"], s
        all_acknowledged(client)
        end(cluster, client, "plain")


def volumes(cluster, name):
    return [v for v in cluster.get("/v1/volumes").get("volumes", []) if v["name"] == name]


def test_a_task_names_a_volume_and_a_later_one_finds_it(cluster, npm_client):
    diary = {"name": "diary", "path": "data", "options": {"class": "gold", "size": "32MiB", "fs": "ext4"}}
    free = cluster.free("files", "fast")
    write = {"command": "echo dear diary > data/page && sync data/page && grep /data /proc/self/mountinfo", "volume": diary}
    if not LOOPS:
        write["command"] = "echo dear diary > data/page"
    with Client(npm_client, cluster.port, "author", {"write": write}) as client:
        run_to_end(client, "write")
        all_acknowledged(client)
        assert client.of("error") == [], f"{client}"
        framework_id = client.of("subscribed")[0]["frameworkId"]

    v, = volumes(cluster, "diary")
    assert (v["state"], v["framework"], v["class"], v["size"]) == ("ready", "author", "gold", 32 * MIB), v
    assert not LOOPS or v["content"] == "formatted" and v["fs"] == "ext4" and v["fs_uuid"], v
    assert cluster.free("files", "fast") <= free - 32 * MIB

    # the program was killed; its next run is the same framework and names the volume without saying how it was made
    read = {"command": "cat data/page", "volume": {"name": "diary", "path": "data"}}
    with Client(npm_client, cluster.port, "author", {"read": read}, framework_id=framework_id) as client:
        assert stdout(run_to_end(client, "read")) == "dear diary\n"
        assert client.of("subscribed")[0]["frameworkId"] == framework_id
        all_acknowledged(client)
        end(cluster, client, "author")
    assert [w["uuid"] for w in volumes(cluster, "diary")] == [v["uuid"]], "a teardown keeps what was made"


def test_a_wish_that_cannot_be_met_is_said_in_words(cluster, npm_client):
    lead = {"name": "lead", "path": "data", "options": {"class": "lead", "size": "32MiB"}}
    with Client(npm_client, cluster.port, "wisher", {"wish": {"command": "true", "volume": lead}}) as client:
        client.wait(lambda: any(s in END for s in client.states("wish")), 20, "the task is refused")
        status = client.statuses("wish")[-1]
        assert status["state"] in ("TASK_ERROR", "TASK_FAILED") and "lead" in status["message"], status
        end(cluster, client, "wisher")


def test_the_package_asks_for_root_unless_told_and_is_refused_in_words(cluster, npm_client):
    with Client(npm_client, cluster.port, "rooted", {"root": {"command": "true"}}, user=None) as client:
        client.wait(lambda: any(s in END for s in client.states("root")), 20, "the task is refused")
        status = client.statuses("root")[-1]
        assert status["state"] == "TASK_FAILED" and "root" in status["message"], status
        all_acknowledged(client)
        end(cluster, client, "rooted")


def test_heartbeats_keep_an_idle_client_alive(npm_client):
    """With the timing that a master has when nobody sets it: the client ends its process after 10 s of silence."""
    with open_cluster(heartbeat=5, lost=25) as c:
        c.start_master()
        with Client(npm_client, c.port, "idle") as client:
            client.wait(lambda: client.of("subscribed"), 10, "the client is subscribed")
            begin = time.monotonic()
            client.wait(lambda: time.monotonic() - begin > 12, 20, "it was idle for 12 s")
            assert len(client.of("heartbeat")) >= 3 and len(client.of("sent_subscribe")) == 1, f"{client}"
            end(c, client, "idle")
