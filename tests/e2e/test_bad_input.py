# SPDX-License-Identifier: Apache-2.0
"""Bad input of every kind: each is refused with its status, its kind and a sentence, and the master serves on."""
import json
import os

import pytest
import requests

from cluster import COMMAND, DAEMON, MIB, reaper
from framework import (Framework, brief, clone, create_disk, destroy_disk, docker_volume, launch, mounted, reserve,
                       sized, task, unreserve, unused_name)

BODY_LIMIT = 8 * MIB
JSON = {"Content-Type": "application/json"}


def brief_id(value):
    """Names a parametrized test by what its answer must say."""
    if isinstance(value, tuple):
        return value[0]
    return value if value in ("master", "agent", "provider") else ""


def refused(answer, status, kind, *words):
    """The answer's sentence, after its status, its kind and the words it must have were checked."""
    code, body = answer
    assert code == status, (code, body)
    assert body.get("kind") == kind, body
    for word in words:
        assert word in body["message"], (word, body["message"])
    return body["message"]


def create(c, name="bad", **more):
    return c.ask("POST", "/v1/volumes", {"name": name, "class": "gold", "size": 64 * MIB, **more})


@pytest.fixture(autouse=True)
def serves_on(cluster):
    yield
    assert cluster.processes["master"].running()
    assert cluster.get("/health")["status"] == "ok"
    assert not cluster.volume("bad"), "what was refused left something behind"


# ---- what consumers ask for ----

def test_an_unknown_class_names_those_that_exist(cluster):
    refused(create(cluster, **{"class": "platinum"}), 404, "not-found", "no class 'platinum'", "'gold'")
    refused(cluster.ask("POST", "/v1/reservations", {"class": "platinum", "size": MIB}), 404, "not-found", "'platinum'")
    refused(cluster.ask("GET", "/v1/explain?class=platinum&size=1000"), 404, "not-found", "'platinum'", "'gold'")


def test_a_size_below_the_minimum_says_the_minimum(cluster):
    cluster.apply_class("roomy", pool="media = ssd", smallest=16 * MIB)
    refused(create(cluster, size=MIB), 400, "invalid", "1 MiB", "too small", "4 MiB")
    refused(create(cluster, size=8 * MIB, **{"class": "roomy"}), 400, "invalid", "8 MiB", "16 MiB")
    refused(create(cluster, size=0), 400, "invalid", "size is 0")
    refused(create(cluster, size=-5), 400, "invalid", "size", "negative")


def test_a_size_above_the_largest_free_pool_says_what_is_free(cluster):
    free = cluster.free("files", "fast")
    answer = create(cluster, size=1 << 40)
    refused(answer, 409, "no-fit", "1 TiB", f"{free // MIB} MiB free", "files/here/fast")
    explanation = answer[1]["explanation"]
    assert explanation["places"] is False and [s["left"] for s in explanation["funnel"]][-1] == 0
    assert {r["pool"]: r["rule"] for r in explanation["refusals"]} == {"files/here/fast": "bytes", "files/here/slow": "pool-selector"}
    assert cluster.free("files", "fast") == free


def test_more_iops_than_any_pool_has_is_refused(cluster):
    refused(create(cluster, iops=10_000_000), 409, "no-fit", "iops", "10000")


def test_a_fine_grained_tag_is_refused_and_the_class_to_use_is_named(cluster):
    cluster.apply_class("bulk", pool="media = hdd")
    for answer in (create(cluster, tags=["media=ssd"]), create(cluster, media="ssd"), create(cluster, **{"class": "media=ssd"}),
                   cluster.ask("POST", "/v1/reservations", {"class": "media = ssd", "size": 8 * MIB}),
                   cluster.ask("POST", "/v1/reservations", {"class": "gold", "size": 8 * MIB, "media": "ssd"})):
        assert "'bulk'" not in refused(answer, 400, "invalid", "tag", "media", "class", "'gold'")


def test_an_unknown_filesystem_names_the_known(cluster):
    refused(create(cluster, fs="zfs9"), 400, "invalid", "unknown filesystem 'zfs9'", "ext4", "xfs")
    refused(cluster.ask("PUT", "/v1/classes/bad", {"name": "bad", "fs": "zfs9"}), 400, "invalid", "unknown filesystem 'zfs9'", "ext4")


def test_the_wrong_role_gets_nothing(cluster):
    cluster.apply_class("owned", pool="media = ssd", roles=["owners"])
    refused(create(cluster, role="thieves", **{"class": "owned"}), 403, "denied", "'thieves'", "'owned'", "'owners'")
    name = unused_name("mine")
    cluster.create(name, 8 * MIB, role="mine")
    cluster.wait_volume(name, role="mine")
    for method in ("GET", "DELETE"):
        refused(cluster.ask(method, f"/v1/volumes/{name}?role=other"), 404, "not-found", name, "'other'")
    refused(cluster.ask("POST", f"/v1/volumes/{name}/grow?role=other", {"size": 16 * MIB}), 404, "not-found", "'other'")
    refused(create(cluster, role="../up"), 400, "invalid", "role", "..")
    assert cluster.volume(name, "mine")["state"] == "ready"
    assert cluster.ask("DELETE", f"/v1/volumes/{name}?role=mine")[0] == 202


def test_a_name_that_is_taken_is_refused(cluster):
    name = unused_name("dup")
    cluster.create(name, 8 * MIB)
    refused(create(cluster, name, size=8 * MIB), 409, "conflict", name, "already")
    cluster.wait_volume(name)
    refused(create(cluster, name, size=8 * MIB), 409, "conflict", name, "already")
    too_large = create(cluster, name, size=1 << 50)  # the name is what is wrong first: pools are beside the point
    refused(too_large, 409, "conflict", name, "already")
    assert "explanation" not in too_large[1]
    cluster.create(name, 8 * MIB, role="another")  # names are a role's own
    cluster.wait_volume(name, role="another")
    for role in ("*", "another"):
        assert cluster.ask("DELETE", f"/v1/volumes/{name}?role={role}")[0] == 202


def test_names_that_are_no_names(cluster):
    refused(create(cluster, "a/b"), 400, "invalid", "'a/b'", "letters")
    refused(create(cluster, ""), 400, "invalid", "name")
    refused(create(cluster, "x" * 300), 400, "invalid", "255 bytes")
    refused(create(cluster, "nul\0inside"), 400, "invalid", "name", "NUL")


def test_what_does_not_exist_is_not_found(cluster):
    for method, path in (("GET", "/v1/volumes/none"), ("DELETE", "/v1/volumes/none"), ("GET", "/v1/classes/none"), ("GET", "/v1/operations/1"),
                         ("DELETE", "/v1/reservations/1"), ("GET", "/v1/nonsense"), ("DELETE", "/v1/agents/none"), ("DELETE", "/v1/frameworks/none")):
        refused(cluster.ask(method, path), 404, "not-found")


# ---- documents ----

@pytest.mark.parametrize("body, words", [
    (b'{"name": "a", ', ("line 1", "end of the text")), (b"nonsense", ("expected an object",)), (b"[]", ("expected an object", "a list")),
    (b"\xff\xfe{}", ("0xff",)), (b"{}", ("required field 'name'",)), (b"", ("required field 'name'",)),
    (b'{"name":"a","class":"gold","size":8388608}}', ("line 1",)), (b'{"name":"a","class":"gold","size":1e400}', ("size",)),
    (b'{"name":"a","class":"gold",\n"size":99999999999999999999999}', ("line 2", "size")),
    (b'{"name":["a"],"class":"gold","size":8388608}', ("name", "expected a string")),
    (b'{"name":"\xc3\x28","class":"gold","size":8388608}', ("name", "UTF-8")),
    (b'{"name":"a","class":"gold","size":8388608,"sise":3}', ("unknown key 'sise'", "did you mean 'size'?")),
], ids=brief_id)
def test_malformed_json_says_where(cluster, body, words):
    refused(cluster.ask("POST", "/v1/volumes", data=body, headers=JSON), 400, "invalid", *words)


@pytest.mark.parametrize("levels", [65, 100_000])
@pytest.mark.parametrize("left, right", [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_refused_before_it_costs(cluster, levels, left, right):
    deep = left * levels + b"1" + right * levels
    for body in (deep, b'{"name":' + deep + b"}", b'{"x":' + deep + b"}"):
        code, answer = cluster.ask("POST", "/v1/volumes", data=body, headers=JSON)
        assert (code, answer["kind"]) in ((400, "invalid"), (413, "too-large")), answer
    framework = cluster.ask("POST", "/api/v1/scheduler", data=b'{"type":"REVIVE","unknown":' + deep + b"}", headers=JSON)
    assert framework[0] == 413 and "nested too deeply" in framework[1]["text"], framework
    cluster.get("/health")


def test_a_body_over_the_limit_is_refused(cluster):
    for path in ("/v1/volumes", "/api/v1/scheduler"):
        code, answer = cluster.ask("POST", path, data=b" " * (BODY_LIMIT + 1), headers=JSON)
        assert code == 413 and str(BODY_LIMIT) in json.dumps(answer), answer


def test_a_body_over_the_limit_in_chunks_is_refused(cluster):
    def pieces():
        for _ in range(9 * 16):
            yield b" " * (MIB // 16)
    try:
        answer = requests.post(cluster.url + "/v1/volumes", data=pieces(), headers=JSON, timeout=20)
        assert answer.status_code == 413, answer.text
    except requests.ConnectionError:
        pass  # cut while we were still sending, which is as good


def test_the_wrong_content_type_is_refused(cluster):
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        refused(cluster.ask("POST", "/v1/volumes", data=b'{"name":"a"}', headers={"Content-Type": kind}), 415, "media-type", kind)
        assert cluster.ask("POST", "/api/v1/scheduler", data=b"{}", headers={"Content-Type": kind})[0] == 415
    refused(cluster.ask("POST", "/v1/volumes", data=b'{"name":"a"}'), 415, "media-type", "application/json")
    refused(cluster.ask("POST", "/v1/volumes", data=b'{"name":"a"}', headers={"Content-Type": "application/jsonx"}), 415, "media-type", "jsonx")
    code, answer = cluster.ask("POST", "/api/v1/scheduler", data=b"{}")
    assert code == 400 and "Content-Type" in answer["text"]
    code, answer = cluster.ask("POST", "/api/v1/scheduler", {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "", "name": "x"}}},
                               headers={"Accept": "text/html"})
    assert code == 406 and "Accept" in answer["text"]


def test_a_wrong_method_names_the_right_ones(cluster):
    message = refused(cluster.ask("PATCH", "/v1/volumes"), 405, "method", "PATCH")
    assert "GET" in message and "POST" in message
    assert cluster.ask("GET", "/api/v1/scheduler")[0] == 405


def test_a_host_that_is_not_loopback_is_refused(cluster):
    code, answer = cluster.ask("GET", "/v1/volumes", headers={"Host": "evil.example"})
    assert code in (400, 403, 421), answer


def test_a_web_page_of_another_host_is_refused(cluster):
    for origin in ("http://evil.example", "null"):
        for path in ("/v1/volumes", "/v1/volumes/db/unpublish"):
            assert cluster.ask("POST", path, headers={"Origin": origin})[0] == 403
    assert cluster.ask("GET", "/v1/volumes", headers={"Origin": cluster.url})[0] == 200


def test_wrong_parameters_of_lists(cluster):
    refused(cluster.ask("GET", "/v1/volumes?rolle=web"), 400, "invalid", "rolle", "did you mean 'role'?")
    refused(cluster.ask("GET", "/v1/volumes?limit=99999999"), 400, "invalid", "limit", "10000")
    refused(cluster.ask("GET", "/v1/volumes?limit=x"), 400, "invalid", "limit='x'")
    refused(cluster.ask("GET", "/v1/events?after=x"), 400, "invalid", "after='x'")
    refused(cluster.ask("GET", "/v1/volumes?state=sleepy"), 400, "invalid", "sleepy", "ready")


# ---- class documents ----

def test_a_class_with_mistakes_names_them(cluster):
    put = lambda **facts: cluster.ask("PUT", "/v1/classes/bad", {"name": "bad", **facts})
    refused(put(pool="media = = ssd"), 400, "invalid", "class 'bad'", "pool", "expected a value")
    refused(put(polo="media = ssd"), 400, "invalid", "unknown key 'polo'", "did you mean 'pool'?")
    refused(cluster.ask("PUT", "/v1/classes/bad", {"name": "other"}), 400, "invalid", "'other'", "'bad'")
    refused(put(access="ANY"), 400, "invalid", "access")
    refused(put(smallest=64 * MIB, largest=MIB), 400, "invalid", "smallest", "largest")
    assert cluster.ask("GET", "/v1/classes/bad")[0] == 404


def test_a_class_in_use_stays(cluster):
    name = unused_name("held")
    cluster.apply_class("held", pool="media = ssd")
    cluster.create(name, 8 * MIB, **{"class": "held"})
    refused(cluster.ask("DELETE", "/v1/classes/held"), 409, "conflict", "'held'", name)
    cluster.wait_volume(name)
    assert cluster.ask("DELETE", f"/v1/volumes/{name}")[0] == 202


# ---- frameworks ----

@pytest.fixture(scope="module")
def framework(cluster):
    return Framework(cluster, role="bad")


def test_a_wrong_framework_or_stream_id_is_refused(cluster, framework):
    def revive(framework_id, **headers):
        return cluster.ask("POST", "/api/v1/scheduler", {"type": "REVIVE", "framework_id": {"value": framework_id}}, headers=headers)
    assert revive("nobody", **{"Mesos-Stream-Id": framework.stream_id}) == (400, {"text": "Framework cannot be found"})
    code, answer = revive(framework.id, **{"Mesos-Stream-Id": "wrong"})
    assert code == 400 and "'wrong'" in answer["text"] and framework.id in answer["text"]
    code, answer = revive(framework.id)
    assert code == 400 and "'Mesos-Stream-Id'" in answer["text"]
    code, answer = cluster.ask("POST", "/api/v1/scheduler", {"type": "REVIVE"}, headers={"Mesos-Stream-Id": framework.stream_id})
    assert code == 400 and "framework_id" in answer["text"]
    framework.call("REVIVE")  # the right ones are still good


def test_calls_that_are_no_calls(cluster, framework):
    code, answer = framework.call("FLY", expect=None).status_code, framework.call("FLY", expect=None).text
    assert code == 400 and "type" in answer
    code, answer = cluster.ask("POST", "/api/v1/scheduler", data=b'{"type":', headers=JSON)
    assert code == 400 and "Failed to parse body into JSON" in answer["text"]
    code, answer = framework.call("ACCEPT", expect=None).status_code, framework.call("ACCEPT", expect=None).text
    assert code == 400 and "accept" in answer


def test_a_subscription_that_cannot_be(cluster):
    def subscribe(call):
        answer = requests.post(cluster.url + "/api/v1/scheduler", json=call, headers={"Accept": "application/json"}, timeout=20)
        return answer.status_code, answer.text
    code, text = subscribe({"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "", "name": "x"}}, "framework_id": {"value": "made-up"}})
    assert code == 400 or '"ERROR"' in text, (code, text)
    code, text = subscribe({"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "", "name": "x", "roles": ["/bad/"], "capabilities": [{"type": "MULTI_ROLE"}]}}})
    assert code == 400 or '"ERROR"' in text and "/bad/" in text, (code, text)
    code, text = subscribe({"type": "SUBSCRIBE"})
    assert code == 400 and "subscribe" in text


@pytest.mark.parametrize("operation, words", [
    (lambda e: reserve("op", e, 16 * MIB, "other"), ("role 'other'", "role 'bad'")),
    (lambda e: reserve("op", e, 16 << 40, "bad"), ("16 TiB", "MiB free")),
    (lambda e: reserve("op", e, MIB, "bad"), ("1 MiB", "4 MiB")),
    (lambda e: reserve("op", e, -MIB, "bad"), ("disk",)),
    (lambda e: create_disk("op", sized(e, 16 * MIB), "fs", fs="zfs9"), ("unknown filesystem 'zfs9'",)),
    (lambda e: create_disk("op", sized(e, 16 * MIB), "a/b"), ("'a/b'",)),
    (lambda e: reserve("op", with_profile(e, "platinum"), 16 * MIB, "bad"), ("no class 'platinum'", "'gold'")),
    (lambda e: reserve("op", with_profile(e, "media=ssd"), 16 * MIB, "bad"), ("media=ssd", "tag", "'gold'")),
], ids=brief_id)
def test_an_operation_that_cannot_be_is_told_why(framework, operation, words):
    before = len(framework.events)
    offer, entry = framework.storage_offer()
    made = operation(entry)
    made["id"] = {"value": unused_name("op")}
    framework.accept(offer, made)
    status = framework.wait_operation(made["id"]["value"])
    assert status["state"] == "OPERATION_ERROR", [brief(e) for e in framework.events[before:]]
    for word in words:
        assert word in status["message"], status["message"]


def with_profile(entry, name):
    entry = clone(entry)
    entry["disk"]["source"]["profile"] = name
    return entry


def forged(volume_id):
    return {"name": "disk", "type": "SCALAR", "scalar": {"value": 16.0}, "provider_id": {"value": "granary"}, "allocation_info": {"role": "bad"},
            "disk": {"source": {"type": "MOUNT", "id": volume_id, "profile": "gold"}}, "reservations": [{"type": "DYNAMIC", "role": "bad"}]}


@pytest.mark.parametrize("change, words", [
    (lambda t: t["resources"][0]["scalar"].update(value=99), ("more resources than offered", "cpus")),
    (lambda t: t["resources"].append(mounted(forged("00000000-0000-4000-8000-000000000000"), "/data")), ("not in the accepted offers",)),
    (lambda t: t.update(container=docker_volume("no-such")), ("no volume 'no-such'", "class", "size")),
    (lambda t: t.update(container=docker_volume("n", **{"class": "platinum", "size": "16MiB"})), ("no class 'platinum'",)),
    (lambda t: t.update(container=docker_volume("n", **{"class": "gold", "size": "much"})), ("size", "much")),
    (lambda t: t.update(container=docker_volume("n", **{"class": "gold", "size": "16MiB", "fs": "zfs9"})), ("zfs9",)),
    (lambda t: t.update(container=docker_volume("n", **{"class": "gold", "size": "16MiB", "media": "ssd"})), ("'media'", "class")),
    (lambda t: t.update(container=docker_volume("n", "/a/../../etc", **{"class": "gold", "size": "16MiB"})), ("..",)),
], ids=brief_id)
def test_a_task_that_cannot_run_is_told_why(framework, change, words):
    offer = framework.agent_offer(cpus=0.5)
    name = unused_name("task")
    info = task(offer, name, "true", "bad")
    change(info)
    framework.accept(offer, launch(info))
    status = framework.wait("UPDATE", lambda e: e["update"]["status"]["task_id"]["value"] == name)["status"]
    assert status["state"] == "TASK_ERROR", status
    for word in words:
        assert word in status["message"], status["message"]


def test_what_is_anothers_cannot_be_taken_by_naming_it(cluster, framework):
    """An id that was guessed or overheard opens nothing."""
    reserved = cluster.ask("POST", "/v1/reservations", {"class": "gold", "size": 16 * MIB, "role": "victim"}, status=201)
    cluster.create("precious", 16 * MIB, role="victim")
    v = cluster.wait_volume("precious", role="victim")
    for r in (r for o in framework.offers.values() for r in o["resources"] if r.get("disk", {}).get("source", {}).get("id")):
        assert r["disk"]["source"]["id"] not in (str(reserved["id"]), v["uuid"])
    for n, (make, amount) in enumerate(((unreserve, str(reserved["id"])), (destroy_disk, v["uuid"]), (lambda i, r: create_disk(i, r, "loot"), str(reserved["id"])))):
        offer, entry = framework.storage_offer()
        loot = forged(amount)
        if make is not destroy_disk:
            loot["disk"]["source"]["type"] = "RAW"
        framework.accept(offer, make(f"steal-{n}", loot))
        assert framework.wait_operation(f"steal-{n}")["state"] == "OPERATION_ERROR"
    assert cluster.get(f"/v1/reservations/{reserved['id']}")["size"] == 16 * MIB
    assert cluster.volume("precious", "victim")["state"] == "ready"
    assert cluster.ask("DELETE", f"/v1/reservations/{reserved['id']}")[0] in (200, 202, 204)
    assert cluster.ask("DELETE", "/v1/volumes/precious?role=victim")[0] == 202


# ---- configuration ----

def run_wrong(tmp_path, process, text, *flags, environment=None):
    """What a process says that must not start with that file."""
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    own = {"master": ("--data-dir", tmp_path / "m", "--listen", "127.0.0.1:0"), "provider": ("--data-dir", tmp_path / "p"),
           "agent": ("--work-dir", tmp_path / "w", "--run-dir", tmp_path / "r")}[process]
    ended = reaper.run([str(DAEMON), process, "--config", str(path), *map(str, own if process != "master" or "listen" not in text else own[:2]), *flags],
                       timeout=20, env={**os.environ, **(environment or {})})
    assert ended.returncode not in (0, 1), (ended.returncode, ended.stderr)
    return ended.stderr


POOL = "name: f\ndriver: file\ninstances:\n  - name: here\n    pools:\n      - name: fast\n        directory: {}\n"


@pytest.mark.parametrize("process, text, words", [
    ("master", "cluster: x\nheartbeet: 1s\n", ("wrong.yaml:2", "heartbeet", "did you mean 'heartbeat'?")),
    ("master", "cluster: x\nheartbeat: 5 parsecs\n", ("wrong.yaml:2", "heartbeat", "parsecs", "5m")),
    ("master", "listen: 0.0.0.0:0\n", ("0.0.0.0:0", "loopback")),
    ("master", "cluster: [\n", ("line 2",)),
    ("master", "cluster: x\ncluster: y\n", ("line 2", "cluster", "line 1")),
    ("agent", "name: n1\nprobe-intervall: 3s\n", ("wrong.yaml:2", "did you mean 'probe-interval'?")),
    ("agent", "name: n1\nmem: lots\n", ("wrong.yaml:2", "mem", "lots")),
    ("provider", "name: f\ndriver: fiel\n", ("fiel", "did you mean 'file'?")),
    ("provider", POOL + "        capacity: 1GB7\n", ("line 8", "capacity", "GB7")),
    ("provider", POOL + "        capasity: 1GiB\n", ("line 8", "capasity", "did you mean 'capacity'?")),
    ("provider", POOL + "        tags:\n          - =x\n", ("line 9", "tag")),
    ("provider", POOL + "        constraints:\n          - 'net/vlan in ('\n", ("line 9", "net/vlan in (")),
    ("provider", POOL + "      - name: fast\n        directory: {}\n", ("fast", "twice")),
], ids=brief_id)
def test_a_mistake_in_a_configuration_names_its_line(tmp_path, process, text, words):
    said = run_wrong(tmp_path, process, text.replace("{}", str(tmp_path / "pool")))
    for word in words:
        assert word in said, said


def test_a_mistake_in_a_variable_or_a_flag_is_named(tmp_path):
    assert "GRANARY_HEARTBEAT" in run_wrong(tmp_path, "master", "cluster: x\n", environment={"GRANARY_HEARTBEAT": "soon"})
    assert "did you mean '--heartbeat'?" in run_wrong(tmp_path, "master", "cluster: x\n", "--hartbeat", "1s")


def dev_refused(tmp_path, *flags):
    ended = reaper.run([str(COMMAND), "dev", "--directory", str(tmp_path / "dev"), *flags], timeout=20)
    assert ended.returncode not in (0, 1), (ended.returncode, ended.stderr)
    return ended.stderr


def test_a_cluster_on_this_machine_says_why_it_cannot_begin(tmp_path, cluster):
    assert "Address already in use" in dev_refused(tmp_path, "--listen", f"127.0.0.1:{cluster.port}")
    assert "--config needs a value: FILE" in dev_refused(tmp_path, "--config")
    assert "did you mean '--once'?" in dev_refused(tmp_path, "--onec")
    assert "4 pools of 1 PiB need more than the" in dev_refused(tmp_path, "--listen", "127.0.0.1:0", "--pool-size", "1PiB")


def test_a_mistake_in_a_class_file_names_its_line(tmp_path, cluster):
    (tmp_path / "classes").mkdir()
    path = tmp_path / "classes" / "gold.yaml"
    path.write_text("name: gold\npool: media = ssd\nsmalest: 4MiB\n")
    for said in (run_wrong(tmp_path, "master", "cluster: x\n", "--classes", str(path.parent)), cluster.command("class", "apply", path).stderr):
        assert "line 3" in said and "'smalest'" in said and "did you mean 'smallest'?" in said, said


def test_the_command_line_says_what_was_wrong(cluster):
    for argv, code, words in ((("volume", "create", "x", "--class", "platinum", "--size", "64MiB"), 4, ("'platinum'", "'gold'")),
                              (("volume", "create", "x", "--class", "gold", "--size", "1TiB"), 6, ("1 TiB", "free")),
                              (("volume", "create", "x", "--class", "gold", "--size", "64QiB"), 2, ("QiB",)),
                              (("volume", "show", "none"), 4, ("'none'",)), (("inventry",), 2, ("inventory",))):
        ended = cluster.command(*argv)
        assert ended.returncode == code, (argv, ended.returncode, ended.stderr)
        for word in words:
            assert word in ended.stderr, (argv, ended.stderr)
    assert COMMAND.exists()
