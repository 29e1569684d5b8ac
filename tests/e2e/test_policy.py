# SPDX-License-Identifier: Apache-2.0
"""Policies and plans by the command line: tried, switched, rolled back; and what of them outlives a restart."""
import json
import pathlib

import pytest

from conftest import whole_cluster

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
MIB = 1 << 20


@pytest.fixture
def cluster(new_cluster):
    return whole_cluster(new_cluster())


def said(cluster, *argv, code=0):
    done = cluster.command(*argv)
    assert done.returncode == code, f"granary {' '.join(map(str, argv))}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_a_policy_is_linted_rehearsed_switched_and_rolled_back(cluster):
    cluster.create("db", 8 * MIB, role="web")
    cluster.wait_volume("db", role="web")
    cluster.create("big", 1 << 40, status=409, role="web")
    asked = said(cluster, "policy", "requests")
    assert "files/here/fast" in asked and "refused: no-fit, bytes" in asked

    assert "nothing doubtful found" in said(cluster, "policy", "lint", EXAMPLES / "policy")
    assert "class 'bulk' created" in said(cluster, "policy", "apply", EXAMPLES / "policy", "--comment", "the first")
    slow = cluster.dir / "slow.yaml"
    slow.write_text("name: gold\npool: media = hdd\nsmallest: 4MiB\n---\nname: bulk\npool: media = hdd\nsmallest: 4MiB\n")
    assert "1 would land elsewhere, 0 would now fail" in said(cluster, "policy", "rehearse", slow)
    assert "3 is kept as a draft" in said(cluster, "policy", "apply", slow, "--draft")
    first = said(cluster, "policy", "rehearse", 3, "-o", "json")
    assert first == said(cluster, "policy", "rehearse", 3, "-o", "json")
    assert json.loads(first)["rows"][0]["after"] == "files/here/slow"

    assert "class 'gold' changed" in said(cluster, "policy", "switch", 3)
    assert "media = hdd" in said(cluster, "class", "show", "gold")
    assert "policy 2 is on" in said(cluster, "policy", "rollback")
    assert "media = ssd" in said(cluster, "class", "show", "gold")
    only = cluster.dir / "only.yaml"
    only.write_text("name: bulk\n")
    assert "volume 'db' of role 'web' is of it" in said(cluster, "policy", "apply", only, code=5)
    assert "it could not be switched on" in said(cluster, "policy", "rehearse", only, code=5)


def test_slips_are_named_by_file_class_and_key(cluster):
    wrong = cluster.dir / "wrong.yaml"
    wrong.write_text("name: odd\npool: media, !media\nagent: net/spee >= 1Gbps\n")
    for flag, code in (("--offline", 2), ("--strict", 2)):
        found = said(cluster, "policy", "lint", wrong, flag, code=code)
        assert f"{wrong}:2: class 'odd', pool: error: media and !media can never both hold [never-holds]" in found
    assert f"{wrong}:3: class 'odd', agent: warning: no pool and no agent has 'net/spee'" in found
    assert "2 pools, 0 satisfy the class's pool selector" in found


def test_a_script_is_compiled_by_a_master_only_and_lint_says_so(cluster):
    wrong = cluster.dir / "scripted.yaml"
    wrong.write_text("name: odd\nscript: 'return return'\n")
    assert f"{wrong}:2: class 'odd', script: note: only a master compiles it" in said(cluster, "policy", "lint", wrong, "--offline", "--strict")
    ended = cluster.command("policy", "lint", wrong)
    assert ended.returncode == 2 and "class 'odd': script: " in ended.stderr, ended


def test_versions_and_requests_outlive_a_restart(cluster):
    said(cluster, "policy", "apply", EXAMPLES / "policy", "--comment", "the first")
    cluster.create("big", 1 << 40, status=409)
    before = cluster.get("/v1/policies")["policies"]
    assert cluster.processes["master"].stop() == 0
    cluster.start_master()
    assert cluster.get("/v1/policies")["policies"] == before
    assert cluster.get("/v1/requests")["requests"][0]["rule"] == "bytes"
    assert "policy 1 is on" in said(cluster, "policy", "rollback")


def test_a_plan_answers_and_changes_nothing(cluster):
    before = cluster.get("/v1/inventory")["providers"][0]["instances"][0]["pools"]
    planned = said(cluster, "plan", EXAMPLES / "plan-rack.yaml", code=6)
    assert "agent 'n1' removed" in planned and "pool 'files/here/r20' added" in planned
    assert "shard-4" in planned and "files/here/r20 has 6 TiB free of 10 TiB asked" in planned
    assert "shop-data, shop-log: all of it can be used on agent 'n" in planned
    assert "1 of 4 requests would not place" in planned
    assert "1 of 4 requests would not place" in said(cluster, "plan", EXAMPLES / "plan-rack.yaml", "-o", "json", code=6)
    assert {a["name"] for a in cluster.get("/v1/agents")["agents"]} == {"n1", "n2"}
    assert [p["name"] for p in cluster.get("/v1/inventory")["providers"][0]["instances"][0]["pools"]] == [p["name"] for p in before]
    assert cluster.ask("GET", "/v1/classes/spring")[0] == 404


def test_a_plan_says_what_nobody_could_use(cluster):
    cluster.create("db", 8 * MIB)
    cluster.wait_volume("db")
    gone = cluster.dir / "gone.yaml"
    gone.write_text("remove: {agents: [n1, n2]}\n")
    assert "volume 'db' is ready" in said(cluster, "plan", gone)
    gone.write_text("remove: {agents: [n1], classes: [gold]}\n")
    assert "1 of 2 changes would be refused" in said(cluster, "plan", gone, code=6)
    gone.write_text("remove: {pools: [files/here/fast]}\n")
    assert "its pool files/here/fast is gone" in said(cluster, "plan", gone)
    gone.write_text("remove: {agent: [n1]}\n")
    assert "unknown key 'agent'; did you mean 'agents'?" in said(cluster, "plan", gone, code=2)
