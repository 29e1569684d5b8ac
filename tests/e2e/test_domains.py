# SPDX-License-Identifier: Apache-2.0
"""Failure domains through real processes: figures of examples/master.yaml, the class of examples/class-mirrored.yaml."""
import json
import pathlib

from cluster import MIB, wait_until
from framework import Framework, docker_volume, launch, task

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"


def domains_cluster(c):
    """Three racks; the third one's pool hangs on both feeds. Agent n1 too, n2 on feed-B alone."""
    c.start_master("--config", EXAMPLES / "master.yaml")
    pool = lambda *tags: {"capacity": 256 * MIB, "iops": 10000, "tags": ["media=ssd", *tags]}
    c.start_provider("files", {"r1": pool("topology/rack=r1", "power=feed-A"),
                               "r2": pool("topology/rack=r2", "power=feed-B"),
                               "r3": pool("topology/rack=r3", "power=feed-A", "power=feed-B")})
    c.start_agent("n1", "--tags", "topology/rack=r1", "--tags", "power=feed-A", "--tags", "power=feed-B")
    c.start_agent("n2", "--tags", "topology/rack=r2", "--tags", "power=feed-B")
    done(c, "class", "apply", EXAMPLES / "class-mirrored.yaml")
    return c


def done(c, *argv):
    result = c.command(*argv)
    assert result.returncode == 0, (argv, result.stdout, result.stderr)
    return result.stdout


def refused(c, *argv):
    result = c.command(*argv)
    assert result.returncode != 0, (argv, result.stdout)
    return result.stderr


def on_pool(c, name, role="*"):
    return c.volume(name, role)["pool"].split("/")[-1]


def test_a_class_demands_availability_and_spreads_a_label(new_cluster):
    c = domains_cluster(new_cluster())

    # the figures, as docs/failure-domains.md works them out: racks 99.95 each, feeds 99.9 and 99.5
    explained = json.loads(done(c, "explain", "--class", "mirrored", "--size", "8MiB", "--label", "app=shop", "-o", "json"))
    assert explained["places"], explained
    figures = {fit["pool"].split("/")[-1]: fit["availability"] for fit in explained["fits"]}
    assert figures == {"r1": 99.85005, "r3": 99.8995254998}, figures
    low = next(r for r in explained["refusals"] if r["pool"] == "files/here/r2")
    assert low["rule"] == "availability" and low["asked"] == "availability 99.7 or more", low
    assert low["found"] == "99.45025 of power=feed-B 99.5, topology/rack=r2 99.95", low  # with n2, its best

    # from n2 every pool is too far away, or on its one feed
    explained = c.command("explain", "--class", "mirrored", "--size", "8MiB", "--label", "app=shop", "--agent", "n2")
    assert explained.returncode == 6, explained
    text = explained.stdout
    assert "have one with which they are available enough" in text, text
    assert "class 'mirrored' with availability 99.45025 or less (then 1 pool fits)" in text, text
    shown = done(c, "agents", "show", "n1")
    assert "mirrored  (availability 99.8995254998, affinity 100)" in shown, shown

    # a feed is lost: the agent leaves the class with its next report, and comes back with it
    c.processes["n1"].stop()
    c.start_agent("n1", "--tags", "topology/rack=r1", "--tags", "power=feed-B")
    wait_until(lambda: "mirrored" not in c.agent("n1").get("classes", []), 15, "n1 is out of class mirrored")
    assert "asked availability 99.7 or more" in refused(c, "volume", "create", "db", "--class", "mirrored", "--size",
                                                        "8MiB", "--label", "app=shop")


def test_required_spread_fails_closed_and_says_what_would_pass(new_cluster):
    c = domains_cluster(new_cluster())
    document = (EXAMPLES / "class-mirrored.yaml").read_text().replace("availability: 99.7", "availability: 99")
    (c.dir / "mirrored.yaml").write_text(document.replace("    over: 3\n", ""))
    done(c, "class", "apply", c.dir / "mirrored.yaml")
    create = ("volume", "create", "--class", "mirrored", "--size", "8MiB")

    assert "give the volume that label" in refused(c, *create, "none")
    done(c, *create, "db", "--count", "3", "--label", "app=shop", "--label", "tier=db")
    assert {on_pool(c, f"db-{n}") for n in (1, 2, 3)} == {"r1", "r2", "r3"}
    said = refused(c, *create, "db-4", "--label", "app=shop")
    assert "asked at most 1 of the volumes with label app=shop on one topology/rack, found 1 on topology/rack=r" in said, said
    assert "what would pass: class 'mirrored' without spread over topology/rack (then 3 pools fit)" in said, said
    done(c, *create, "other", "--label", "app=books")

    # labels are seen, kept, and found by
    assert c.volume("db-1")["labels"] == {"app": "shop", "tier": "db"}
    assert "app=shop" in done(c, "volume", "show", "db-1")
    listed = json.loads(done(c, "volume", "list", "--label", "app=shop", "-o", "json"))["volumes"]
    assert {v["name"] for v in listed} == {"db-1", "db-2", "db-3"}
    c.processes["master"].kill()
    c.start_master("--config", EXAMPLES / "master.yaml")
    assert c.volume("db-1")["labels"] == {"app": "shop", "tier": "db"}
    wait_until(lambda: c.provider_of("files").get("connected"), 15, "the provider is back")
    wait_until(lambda: c.agent("n1").get("state") == "active", 15, "the agent is back")
    wait_until(lambda: "found 1 on topology/rack=r" in refused(c, *create, "db-4", "--label", "app=shop"), 15,
               "the rule holds after a restart")

    # what is released makes room
    gone = on_pool(c, "db-2")
    done(c, "volume", "delete", "db-2")
    done(c, *create, "db-4", "--label", "app=shop")
    assert on_pool(c, "db-4") == gone


def test_a_reservation_holds_the_place_of_a_labelled_volume(new_cluster):
    c = domains_cluster(new_cluster())
    document = (EXAMPLES / "class-mirrored.yaml").read_text().replace("availability: 99.7", "availability: 99")
    (c.dir / "mirrored.yaml").write_text(document.replace("    over: 3\n", ""))
    done(c, "class", "apply", c.dir / "mirrored.yaml")
    reserve = ("reservation", "create", "--class", "mirrored", "--size", "16MiB", "-o", "json")
    assert "give the volume that label" in refused(c, *reserve)
    kept = json.loads(done(c, *reserve, "--label", "app=shop", "--label", "tier=db"))
    assert kept["labels"] == {"app": "shop", "tier": "db"}, kept
    create = ("volume", "create", "--class", "mirrored", "--size", "8MiB", "--label", "app=shop")
    done(c, *create, "db", "--count", "2")
    assert kept["pool"] not in (c.volume("db-1")["pool"], c.volume("db-2")["pool"])
    assert "found 1 on topology/rack=r" in refused(c, *create, "db-3")

    # it is kept, and holds the place also after a restart, until it ends
    c.processes["master"].kill()
    c.start_master("--config", EXAMPLES / "master.yaml")
    listed = json.loads(done(c, "reservation", "list", "-o", "json"))["reservations"]
    assert [r["labels"] for r in listed] == [kept["labels"]], listed
    wait_until(lambda: "found 1 on topology/rack=r" in refused(c, *create, "db-3"), 15, "the pools have reported again")
    assert "app=shop" in done(c, "reservation", "show", str(kept["id"]))
    done(c, "reservation", "delete", str(kept["id"]))
    wait_until(lambda: c.command(*create, "db-3").returncode == 0, 15, "the place is free, and its pool has reported again")
    assert c.volume("db-3")["pool"] == kept["pool"]


def test_blast_says_who_stops_and_who_is_at_risk(new_cluster):
    c = domains_cluster(new_cluster())
    c.apply_class("gold", pool="media = ssd", fs="ext4", smallest=4 * MIB)
    c.apply_class("first", pool="topology/rack = r1", fs="ext4", smallest=4 * MIB)
    done(c, "volume", "create", "on-r1", "--class", "first", "--size", "8MiB", "--role", "web")
    f = Framework(c, role="web", label=False)
    offer = f.agent_offer()
    attributes = {a["name"]: a["text"]["value"] for a in offer["attributes"]}
    assert attributes["granary.affinity.gold"] == "100"
    assert 99 < float(attributes["granary.availability.gold"]) < 100
    container = docker_volume("on-r1")
    f.accept(offer, launch(task(offer, "user", "sleep 600", "web", container=container)))
    f.wait_task("user", "TASK_RUNNING")
    c.wait_volume("on-r1", role="web")
    agent = c.volume("on-r1", "web")["attachments"][0]["agent"]
    expected = 99.85005 if agent == "n1" else 99.4005 * 0.9995 * 0.9995
    assert abs(c.volume("on-r1", "web")["availability"] - expected) < 1e-6

    b = json.loads(done(c, "blast", "power=feed-A", "-o", "json"))
    rows = {(r["kind"], r["name"].split("/")[-1]): (r["effect"], r["because"]) for r in b["rows"]}
    assert rows[("pool", "r1")] == ("stops", "it has no other")
    assert rows[("pool", "r3")] == ("at-risk", "left with power=feed-B")
    assert ("pool", "r2") not in rows and ("agent", "n2") not in rows
    assert rows[("agent", "n1")][0] == "at-risk"
    assert rows[("volume", "on-r1")] == ("stops", "pool files/here/r1: it has no other")
    assert rows[("task", "user")][0] == "stops"
    web = next(r for r in b["roles"] if r["role"] == "web")
    assert web["volumes"] == {"stops": 1, "at_risk": 0} and web["tasks"] == {"stops": 1, "at_risk": 0}
    assert b["availability"] == 99.9

    text = done(c, "blast", "power=feed-A", "--role", "web")
    assert "volumes of role web" in text and "on-r1" in text and "pool " in text and "n1" not in text.split("BECAUSE")[0]
    page = c.get("/v1/blast?domain=power=feed-A&limit=2")
    assert len(page["rows"]) == 2 and page["next_page"] == "2"
    rest = c.get("/v1/blast?domain=power%3Dfeed-A&limit=100&after=2")
    assert page["rows"] + rest["rows"] == b["rows"]

    assert "'media' is no failure domain; the master's setting 'domains' names them: cooling, power, topology/rack" in \
        refused(c, "blast", "media=ssd")
    assert "no agent and no pool has power=feed-C; did you mean power=feed-" in refused(c, "blast", "power=feed-C")
    f.call("TEARDOWN")
