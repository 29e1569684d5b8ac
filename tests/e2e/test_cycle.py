# SPDX-License-Identifier: Apache-2.0
"""The pooling cycle through real processes, disks and kills, as a framework sees it."""
import time

from cluster import LOOPS, MIB, loop_devices, wait_until
from conftest import open_cluster, whole_cluster
from framework import (Framework, create_disk, destroy_disk, docker_volume, launch, reservation, reserve,
                       reserved_entry, stdout, task, unreserve)

# Says a number only after its line is on the volume for good.
WRITER = 'i=0; while :; do i=$((i+1)); echo "line $i" >> /data/lines && sync /data/lines || exit 1; echo $i; done'
READER = ("awk '$0 != \"line \" NR { print \"line \" NR \" is wrong: \" $0; bad = 1 } END { print NR; exit bad }' /data/lines")


def said_lines(f, name):
    return stdout(f, name).count("\n")


def carve(f, name, size, role="demo"):
    """RESERVE and CREATE_DISK in one ACCEPT of the storage-only offer."""
    offer, entry = f.storage_offer()
    f.accept(offer, reserve(f"reserve-{name}", entry, size, role),
             create_disk(f"create-{name}", reservation(entry, size, role), name))
    assert f.wait_operation(f"reserve-{name}")["state"] == "OPERATION_FINISHED"
    status = f.wait_operation(f"create-{name}")
    assert status["state"] == "OPERATION_FINISHED", status
    return status


def test_the_whole_cycle_survives_the_death_of_agent_and_master():
    with open_cluster(heartbeat=0.3, lost=2.5) as c:
        whole_cluster(c, agents=3)
        free = c.free_everywhere()
        f = Framework(c, role="demo")

        # part of a pool becomes a volume
        status = carve(f, "db", 64 * MIB)
        made = status["converted_resources"][0]
        assert made["disk"]["source"]["type"] == "MOUNT" and made["scalar"]["value"] == 64
        assert made["reservations"][-1]["role"] == "demo"
        v = c.wait_volume("db", role="demo")
        assert v["class"] == "gold" and v["fs"] == "ext4" and v["pool"] == "files/here/fast"
        assert c.free_everywhere() < free

        # it is offered again, and a task writes
        offer, volume = f.volume_offer("db")
        first = offer["hostname"]
        f.accept(offer, launch(task(offer, "writer", WRITER, "demo", volume, "/data")))
        f.wait_task("writer", "TASK_RUNNING")
        wait_until(lambda: said_lines(f, "writer") >= 20, 15, "the writer writes")
        v = c.volume("db", "demo")
        assert v["content"] == "formatted"
        epoch, fs_uuid = v["attachments"][0]["epoch"], v.get("fs_uuid")
        assert not LOOPS or fs_uuid and loop_devices(c.dir), "a real loop device holds the image"

        # kill -9 of the agent: keeper and task live on
        c.processes[first].kill()
        killed = time.monotonic()
        then = said_lines(f, "writer")
        wait_until(lambda: said_lines(f, "writer") > then, 5, "the task outlives its agent")
        assert c.keepers()

        # kill -9 of the master while the task writes on
        c.processes["master"].kill()
        c.start_master()
        v = c.volume("db", "demo")
        assert v["state"] == "ready" and v["content"] == "formatted" and v.get("fs_uuid") == fs_uuid
        f.subscribe(wait=False)
        seq = int(c.get("/v1/volumes")["seq"])

        # nobody else gets it before the storage has fenced it
        offer, volume = f.volume_offer("db", seconds=30)
        heard = time.monotonic()
        assert offer["hostname"] != first
        assert heard - killed > c.lost, "nothing is fenced within the lost time"
        assert not loop_devices(c.dir), "offered while a host could still write it"
        after = said_lines(f, "writer")
        ended = [e["attachment"] for e in c.past_events(seq) if e.get("attachment", {}).get("ended_because")]
        assert [(a["volume"], a["agent"], a["epoch"]) for a in ended] == [("db", first, epoch)], ended
        assert "killed" in ended[0]["ended_because"]
        assert not LOOPS or "no loop device" in ended[0]["ended_because"]
        assert c.volume("db", "demo").get("attachments", []) == []
        time.sleep(0.3)
        assert said_lines(f, "writer") == after, "the writer writes after the fence"
        lost = f.wait("UPDATE", lambda e: e["update"]["status"]["state"] in ("TASK_LOST", "TASK_UNREACHABLE", "TASK_GONE", "TASK_DROPPED"))
        assert lost["status"]["task_id"]["value"] == "writer"

        # the second task reads every line that was said to be written
        f.accept(offer, launch(task(offer, "reader", READER, "demo", volume, "/data")))
        f.wait_task("reader", "TASK_FINISHED")
        read = int(stdout(f, "reader").split()[-1])
        assert read >= after > 20
        assert c.volume("db", "demo").get("fs_uuid") == fs_uuid, "it was never formatted again"

        # the master dies once more; then everything is given back
        c.processes["master"].kill()
        c.start_master()
        f.subscribe(wait=False)
        offer, volume = f.volume_offer("db")
        f.accept(offer, destroy_disk("destroy", volume))
        assert f.wait_operation("destroy")["state"] == "OPERATION_FINISHED"
        c.wait_gone("db", "demo")
        give_back(c, f)
        wait_until(lambda: c.free_everywhere() == free, 10, f"the capacity is back: {c.free_everywhere()} of {free}")
        assert not list((c.dir / "pools").rglob("g-*")), "nothing is left in the pools"


def give_back(c, f):
    """UNRESERVE of the framework's one reservation."""
    rows = c.get("/v1/reservations")["reservations"]
    assert len(rows) == 1, rows
    number = str(rows[0]["id"])
    offer, _ = f.storage_offer()
    if not reserved_entry(offer, number):  # made before the volume was destroyed
        f.decline(offer)
    offer = f.wait_offer(lambda o: reserved_entry(o, number), f"of reservation {number}")
    f.accept(offer, unreserve("unreserve", reserved_entry(offer, number)))
    assert f.wait_operation("unreserve")["state"] == "OPERATION_FINISHED"
    assert not c.get("/v1/reservations").get("reservations")


def test_a_volume_of_an_ended_task_is_offered_again_with_its_data(cluster):
    f = Framework(cluster, role="again")
    carve(f, "again", 16 * MIB, role="again")
    for n, script in enumerate(("echo kept > /data/x && sync /data/x", "grep kept /data/x", "test ! -e /data/y && grep -q kept /data/x")):
        offer, volume = f.volume_offer("again")
        f.accept(offer, launch(task(offer, f"again-{n}", script, "again", volume, "/data")))
        f.wait_task(f"again-{n}", "TASK_FINISHED")
    f.call("TEARDOWN")


def test_one_accept_reserves_carves_and_launches(cluster):
    """The task names the volume that is only now being made, and waits for it."""
    f = Framework(cluster, role="one")
    storage, entry = f.storage_offer()
    agent = f.agent_offer(cpus=0.1)
    source = reservation(entry, 16 * MIB, "one")
    f.accept([storage, agent], reserve("r", entry, 16 * MIB, "one"), create_disk("c", source, "one-1"),
             launch(task(agent, "one-task", "touch /data/here && ls /data", "one", container=docker_volume("one-1"))))
    f.wait_task("one-task", "TASK_FINISHED")
    assert "here" in stdout(f, "one-task")
    f.call("TEARDOWN")


def test_a_framework_that_never_heard_of_granary_names_a_volume(cluster):
    f = Framework(cluster, role="plain", label=False)
    offer = f.agent_offer()
    assert {"granary.storage"} <= {a["name"] for a in offer["attributes"]}
    assert "gold" in [a["text"]["value"] for a in offer["attributes"] if a["name"] == "granary.storage"]
    for o in f.offers.values():
        assert all(r.get("disk", {}).get("source", {}).get("type") not in ("RAW", "BLOCK") for r in o["resources"])
    container = docker_volume("plain-1", "/data", **{"class": "gold", "size": "32MiB", "fs": "ext4"})
    f.accept(offer, launch(task(offer, "plain-a", "echo first > /data/x && sync /data/x", "plain", container=container)))
    f.wait_task("plain-a", "TASK_FINISHED")
    v = cluster.volume("plain-1", "plain")
    assert v["size"] == 32 * MIB and v["fs"] == "ext4" and v["content"] == "formatted"
    # by name alone the same volume, its data in it
    offer = f.agent_offer()
    f.accept(offer, launch(task(offer, "plain-b", "grep first /data/x", "plain", container=docker_volume("plain-1"))))
    f.wait_task("plain-b", "TASK_FINISHED")
    # the same name with other options is another wish: refused
    offer = f.agent_offer()
    container = docker_volume("plain-1", "/data", **{"class": "gold", "size": "64MiB", "fs": "ext4"})
    f.accept(offer, launch(task(offer, "plain-c", "true", "plain", container=container)))
    refused = f.wait("UPDATE", lambda e: e["update"]["status"]["task_id"]["value"] == "plain-c")["status"]
    assert refused["state"] in ("TASK_ERROR", "TASK_FAILED") and "plain-1" in refused["message"], refused
    f.call("TEARDOWN")
