# SPDX-License-Identifier: Apache-2.0
"""Each directory of examples/scenarios as a cluster: what its requests.json says is what the command line answers."""
import json
import pathlib

import pytest
from cluster import wait_until
from conftest import open_cluster
from framework import Framework, docker_volume, launch, task

SCENARIOS = sorted(p for p in (pathlib.Path(__file__).parents[2] / "examples/scenarios").iterdir() if p.is_dir())


def start_scenario(c, path):
    c.start_master()
    host = c.dir / "host"  # one on which nothing is measured: what counts is what the files say
    (host / "proc/sys/kernel").mkdir(parents=True)
    (host / "proc/sys/kernel/osrelease").write_text("6.1.0-42-amd64\n")
    for file in sorted(path.glob("class-*.yaml")):
        ended = c.command("class", "apply", file)
        assert ended.returncode == 0, (file, ended.stderr)
    for file in sorted(path.glob("provider-*.yaml")):
        c.start(file.stem, "provider", "--config", file, "--master", c.url, "--data-dir", c.dir / file.stem)
    for file in sorted(path.glob("agent-*.yaml")):
        c.start_agent(file.stem.removeprefix("agent-"), "--config", file, "--probe-root", host)
    names = [f.stem.removeprefix("provider-") for f in path.glob("provider-*.yaml")]
    wait_until(lambda: all(c.provider_of(n).get("instances") for n in names), 15, f"providers {names} have reported")


def explain(c, asked):
    argv = ["explain", "--class", asked["class"], "--size", asked["size"], "-o", "json"]
    return c.command(*argv, *(["--agent", asked["agent"]] if "agent" in asked else []))


def expect_placed(c, asked):
    ended = explain(c, asked)
    assert ended.returncode == 0, (asked, ended.stdout, ended.stderr)
    fit = json.loads(ended.stdout)["fits"][0]
    assert fit["pool"] == asked["places"], (asked, fit)
    assert int(fit["score"]) == asked.get("score", int(fit["score"])), (asked, fit)


def expect_refused(c, asked):
    ended = explain(c, asked)
    assert ended.returncode == 6, (asked, ended.stdout, ended.stderr)
    said = json.loads(ended.stdout)
    nearest, changes = said["refusals"][0], [s["change"] for s in said.get("suggestions", [])]
    assert nearest["rule"] == asked["rule"], (asked, said["sentence"])
    for field in ("asked", "found"):
        assert nearest[field] == asked.get(field, nearest[field]), (asked, nearest)
    assert asked.get("change") in [None, *changes], (asked, changes)
    if "=" in asked.get("found", ""):
        assert nearest["said_by"] == "agent, configured" and int(nearest["age_ms"]) >= 0, nearest


def expect_error(c, asked):
    ended = explain(c, asked)
    assert ended.returncode not in (0, 6) and asked["error"] in ended.stderr, (asked, ended)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.name)
def test_a_scenario_places_and_refuses_as_it_says(path, new_cluster):
    c = new_cluster()
    start_scenario(c, path)
    rows = json.loads((path / "requests.json").read_text())["requests"]
    for asked in rows:
        (expect_placed if "places" in asked else expect_refused if "rule" in asked else expect_error)(c, asked)
    for n, asked in enumerate(r for r in rows if "places" in r and "agent" not in r):
        said = c.ask("POST", "/v1/volumes", {"name": f"v{n}", "class": asked["class"], "size": 1 << 30}, status=202)
        assert c.wait_volume(f"v{n}")["pool"], said


FINE = ("media", "topology", "rexray", "kind", "scaleio", "ebs", "aisle")  # what no consumer is to hear of


@pytest.fixture(scope="module")
def consumer():
    """A framework in the cluster of two providers, which knows nothing of storage."""
    with open_cluster() as c:
        start_scenario(c, next(p for p in SCENARIOS if p.name == "two-providers"))
        f = Framework(c, role="web", label=False)
        yield f
        f.close()


def refused_launch(f, name, **options):
    offer = f.agent_offer("n1")
    f.accept(offer, launch(task(offer, name, "true", "web", container=docker_volume(f"volume-{name}", **options))))
    return f.wait_task(name, "TASK_ERROR")["message"]


def test_a_framework_sees_classes_and_figures_but_no_tags(consumer):
    offer = consumer.agent_offer("n1")
    seen = {a["name"]: a["text"]["value"] for a in offer["attributes"]}
    assert {n.split(".")[0] for n in seen} == {"granary"} and 0 <= int(seen["granary.affinity.gold"]) <= 100, seen
    assert not [w for w in FINE if w in json.dumps(offer)], offer


def test_a_refused_framework_hears_figures_and_what_to_ask_for(consumer):
    said = refused_launch(consumer, "huge", **{"class": "gold", "size": "600TB"})
    assert "the nearest has 455 TiB free of 546 TiB asked" in said, said
    assert "of 7 pools 4 satisfy the class's pool selector" in said, said
    assert "would place: a size of 465656 GiB or less (2 pools), class 'bulk' instead (2 pools)" in said, said
    assert not [w for w in FINE if w in said], said


def test_a_tag_is_answered_with_the_class_at_every_door(consumer):
    c, answer = consumer.cluster, "ask for a class that asks for it: 'cloud', 'gold'"
    assert answer in refused_launch(consumer, "tag", **{"class": "media=ssd", "size": "1GiB"})
    assert answer in refused_launch(consumer, "option", **{"class": "gold", "size": "1GiB", "media": "ssd"})
    assert answer not in refused_launch(consumer, "typo", **{"clas": "gold", "size": "1GiB"})
    code, read = c.ask("POST", "/v1/volumes", {"name": "v", "class": "media=ssd", "size": 1 << 30})
    assert code == 400 and answer in read["message"], read
    code, read = c.ask("POST", "/v1/volumes", {"name": "v", "class": "gold", "size": 1 << 30, "tags": ["media=ssd"]})
    assert code == 400 and answer in read["message"], read
    volume = {"name": "v", "class": "gold", "size": 1 << 30, "media": "ssd"}
    code, read = c.ask("POST", "/v1/requests", {"volumes": [volume]})
    assert code == 400 and answer in read["message"], read
    code, read = c.ask("POST", "/v1/explain", {"class": "media=ssd", "size": 1 << 30})
    assert code == 400 and answer in read["message"], read
    for argv in (["volume", "create", "v"], ["explain"], ["reservation", "create"]):
        ended = c.command(*argv, "--class", "media=ssd", "--size", "1GiB")
        assert ended.returncode == 2 and answer in ended.stderr, (argv, ended)


def test_every_key_of_the_scenarios_is_data():
    """What the scenarios ask for is known to no source file but as a measured fact."""
    sources = pathlib.Path(__file__).parents[2] / "src"
    text = "\n".join(p.read_text() for p in sources.rglob("*.[ch]"))
    for key in ("suit/colour", "boots/size", "crater/depth", "grain", "topology/aisle"):
        assert f'"{key}' not in text, key
