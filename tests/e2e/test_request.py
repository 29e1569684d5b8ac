# SPDX-License-Identifier: Apache-2.0
"""Several volumes and part of an agent in one request, by the real command line; and what agents can attach."""
import json
import pathlib
import re

from cluster import MIB, wait_until
from conftest import open_cluster, whole_cluster
from framework import Framework, launch, task

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/request-database.yaml"


def test_the_example_is_taken_whole_kept_for_its_role_and_used_up():
    with open_cluster() as c:
        whole_cluster(c)
        c.apply_class("bulk", pool="media = hdd", smallest=4 * MIB)
        other = Framework(c, role="batch", name="other")
        wait_until(lambda: len(agents_offered(other)) == 2, 15, "all agents are offered to the other role")
        seq = int(c.get("/v1/volumes")["seq"])

        ended = c.command("request", "apply", EXAMPLE, "-o", "json")
        assert ended.returncode == 0, ended.stderr
        answer = json.loads(ended.stdout)
        agent = answer["agent"]
        assert [v["name"] for v in answer["volumes"]] == ["shop-data", "shop-log", "shop-backup"]
        assert [v["class"] for v in answer["volumes"]] == ["gold", "gold", "bulk"] and "passed_over" not in answer
        assert len(answer["operations"]) == 3
        assert answer["volumes"][1]["labels"] == {"app": "shop"}
        with open(EXAMPLE) as document:
            again = c.command("request", "apply", "-", stdin=document)
        assert again.returncode == 5 and "volume 'shop-data'" in again.stderr, again
        for v in answer["volumes"]:
            c.wait_volume(v["name"], role="db")
        made = [e for e in c.past_events(seq) if e["kind"] in ("volume-making", "reservation-made")]
        assert len(made) == 4 and len({e["seq"] for e in made}) == 1, "all of it is one entry"

        # what is kept is shown, and leaves the offers of others
        listed = c.command("reservation", "list").stdout
        assert agent in listed and "0.5 cpus, 128 MiB" in listed and "the database of the shop" in listed
        shown = c.command("reservation", "show", str(answer["reservation"]["id"])).stdout
        assert "not yet tasks" in shown and "0.5 cpus" in shown
        assert c.agent(agent)["reserved"]["cpus"] == 0.5
        wait_until(lambda: agents_offered(other).get(agent) == 1.5, 15, "the other role is offered the rest")

        # the volumes ride with what is kept, and a launch uses it up
        f = Framework(c, role="db")
        offer, volume = f.volume_offer("shop-log")
        assert offer["hostname"] == agent
        f.accept(offer, launch(task(offer, "shop", "echo open > /data/door", "db", volume, "/data", cpus=0.5, mem=128)))
        assert f.wait_task("shop", "TASK_FINISHED")
        assert not c.get("/v1/reservations").get("reservations")
        assert "reserved" not in c.agent(agent)


def agents_offered(framework):
    """hostname -> cpus of the offers it holds"""
    found = {}
    for offer in list(framework.offers.values()):
        for r in offer.get("resources", []):
            if r["name"] == "cpus":
                found[offer["hostname"]] = found.get(offer["hostname"], 0) + r["scalar"]["value"]
    return found


def test_a_request_that_cannot_be_met_takes_nothing_and_says_why(cluster, tmp_path):
    file = tmp_path / "request.yaml"
    free = cluster.free_everywhere()
    file.write_text("role: web\ncpus: 1\nvolumes:\n"
                    "  - {name: r-a, class: gold, size: 150MiB}\n  - {name: r-b, class: gold, size: 150MiB}\n")
    ended = cluster.command("request", "apply", file)
    assert ended.returncode == 6
    assert "request of 2 volumes, nothing was taken: volume 'r-b': class 'gold', 150 MiB" in ended.stderr, ended.stderr
    assert "free of 150 MiB asked" in ended.stderr
    assert re.search(r"what would pass: a size of \d+ MiB or less \(then 1 pool fits\)", ended.stderr), ended.stderr
    answer = cluster.ask("POST", "/v1/requests?limit=1", {"role": "web", "volumes": [
        {"name": n, "class": "gold", "size": "150MiB"} for n in ("r-a", "r-b")]}, status=409)
    why = answer["explanation"]
    assert why["volume"] == "r-b" and [s["step"] for s in why["funnel"]][-1] == "have the bytes free"
    assert len(why["refusals"]) == 1 and why["refusals"][0]["rule"] == "bytes" and why["next_page"] == "1"
    assert cluster.free_everywhere() == free and not cluster.volume("r-a", "web")
    assert not cluster.get("/v1/reservations").get("reservations")

    # a reservation that is refused says as much
    ended = cluster.command("reservation", "create", "--class", "gold", "--size", "10GiB", "--role", "web")
    assert ended.returncode == 6 and "of 10 GiB asked" in ended.stderr
    assert "what would pass: a size of 256 MiB or less (then 1 pool fits)" in ended.stderr, ended.stderr

    file.write_text("role: web\ncpus: 64\nvolumes:\n  - {name: r-a, class: gold, size: 8MiB}\n")
    ended = cluster.command("request", "apply", file)
    assert ended.returncode == 6 and "no agent has 64 cpus" in ended.stderr

    file.write_text("role: web\nvolumes:\n  - {name: r-a, clas: gold, size: 8MiB}\n")
    ended = cluster.command("request", "apply", file)
    assert "line 3" in ended.stderr and "did you mean 'class'?" in ended.stderr


def test_the_best_class_else_another(cluster, tmp_path):
    cluster.apply_class("quick", pool="media = ssd", smallest=4 * MIB, iops_per_gib=80000)  # the pool has 10000 iops
    cluster.apply_class("bulk", pool="media = hdd", smallest=4 * MIB)
    file = tmp_path / "request.yaml"
    file.write_text("role: web\nvolumes:\n  - {name: else-a, classes: [quick, bulk], size: 100MiB}\n"
                    "  - {name: else-b, classes: [quick, bulk], size: 100MiB}\n")
    ended = cluster.command("request", "apply", file)
    assert ended.returncode == 0, ended.stderr
    assert "volume 'else-b': class 'quick' was passed over: " in ended.stdout
    assert "iops left" in ended.stdout
    assert cluster.volume("else-a", "web")["class"] == "quick" and cluster.volume("else-b", "web")["class"] == "bulk"
    for name in ("else-a", "else-b"):
        cluster.wait_volume(name, role="web")
        assert cluster.command("volume", "delete", name, "--role", "web").returncode == 0


def test_storage_bandwidth_and_slots_of_an_agent_are_charged():
    with open_cluster() as c:
        c.start_master()
        c.start_provider("files", {"fast": {"capacity": 256 * MIB, "bandwidth": "1GB/s", "tags": ["media=ssd"]}})
        c.apply_class("gold", smallest=4 * MIB, bandwidth=60_000_000)
        c.apply_class("slow", smallest=4 * MIB)
        c.start_agent("n1", "--storage-bandwidth", "100MB/s", "--attach-slots-of", "file+ebs=2")
        for name in ("bw-a", "bw-b"):
            c.create(name, 8 * MIB)
            c.wait_volume(name)
        assert c.command("volume", "publish", "bw-a", "--agent", "n1").returncode == 0
        ended = c.command("volume", "publish", "bw-b", "--agent", "n1")
        assert ended.returncode == 6 and "to the storage" in ended.stderr and "left" in ended.stderr, ended.stderr
        assert int(c.agent("n1")["free"]["storage_bandwidth"]) == 40_000_000
        for name in ("slot-a", "slot-b"):
            c.create(name, 8 * MIB, **{"class": "slow"})
            c.wait_volume(name)
        assert c.command("volume", "publish", "slot-a", "--agent", "n1").returncode == 0
        ended = c.command("volume", "publish", "slot-b", "--agent", "n1")
        assert ended.returncode == 6 and "an attach slot of file+ebs, found all 2 taken" in ended.stderr, ended.stderr
        assert "slots of file+ebs 2" in c.command("agents", "show", "n1").stdout
        assert c.command("volume", "unpublish", "bw-a").returncode == 0
        assert c.command("volume", "publish", "slot-b", "--agent", "n1").returncode == 0
        for name in ("slot-a", "slot-b"):
            assert c.command("volume", "unpublish", name).returncode == 0
