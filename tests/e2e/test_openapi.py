# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document is one by the schema of OpenAPI, and what the master really takes and answers is as it says."""
import json
import pathlib
import re
import urllib.parse

import pytest

from cluster import MIB, wait_until
from conftest import open_cluster, whole_cluster
from framework import Framework

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
MANUAL = pathlib.Path(__file__).parents[2] / "docs" / "rest.md"
OF_OPENAPI = pathlib.Path("/usr/share/openapi-specification/schemas/v3.0/schema.json")


def once(pairs):
    """An object, no key of which is there twice."""
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key is there twice: {keys}"
    return dict(pairs)


class Api:
    """Asks a cluster, and holds body and answer to the document."""

    def __init__(self, cluster):
        self.cluster, self.called, self.created = cluster, set(), {}
        self.text = cluster.session.get(cluster.url + "/v1/openapi.json", timeout=20).text
        self.document = json.loads(self.text, object_pairs_hook=once)
        strict = json.loads(self.text)["components"]
        for schema in strict["schemas"].values():
            schema["additionalProperties"] = False  # what the document does not name is not there
        self.components = strict

    def operations(self):
        return {f"{method.upper()} {path}": operation for path, methods in self.document["paths"].items() for method, operation in methods.items()}

    def hold(self, value, schema):
        jsonschema.Draft4Validator({**schema, "components": self.components}).validate(value)

    def find(self, method, path):
        """A path without places for names comes before one with them."""
        fits = [(p.count("{"), p) for p in self.document["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", p), path)]
        return f"{method} {min(fits)[1]}"

    def ask(self, method, path, body=None, status=None):
        """Its answer. `status` None: the one that the document gives first."""
        name = self.find(method, urllib.parse.urlsplit(path).path)
        operation = self.operations()[name]
        if body is not None:
            self.hold(body, operation["requestBody"]["content"]["application/json"]["schema"])
        for key, _ in urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query):
            assert [p for p in operation["parameters"] if (p["in"], p["name"]) == ("query", key)], (name, key)
        answer = self.cluster.session.request(method, self.cluster.url + path, json=body, timeout=20, allow_redirects=False)
        expected = status or int(next(iter(operation["responses"])))
        assert answer.status_code == expected, f"{name}: {answer.status_code} {answer.text}"
        said = operation["responses"].get(str(answer.status_code))
        if said is None:
            said = self.document["components"]["responses"]["Error"]
            assert answer.status_code >= 400
        else:
            self.called.add(name)
        content = said.get("content", {})
        media = answer.headers.get("Content-Type", "").split(";")[0]
        assert [media] == list(content) if content else not answer.content, (name, media)
        if "schema" not in content.get(media, {}):
            return answer.text
        read = answer.json()
        self.hold(read, content[media]["schema"])
        return read


@pytest.fixture(scope="module")
def api():
    with open_cluster() as c:
        whole_cluster(c)
        c.start_agent("n3", "--tags", "power=feed-A")
        yield Api(c)


def test_the_document_is_openapi(api):
    if not OF_OPENAPI.exists():
        pytest.skip(f"openapi-specification is not installed: there is no {OF_OPENAPI}")
    jsonschema.Draft4Validator(json.loads(OF_OPENAPI.read_text())).validate(api.document)


def test_names_are_there_once_and_lead_somewhere(api):
    ids = [o["operationId"] for o in api.operations().values()]
    assert len(ids) == len(set(ids))
    for name, operation in api.operations().items():
        places = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
        assert places == re.findall(r"\{(\w+)\}", name), name
    references = set(re.findall(r'"\$ref":"#/components/schemas/(\w+)"', api.text))
    assert references == set(api.document["components"]["schemas"])


def test_what_the_master_takes_and_answers_is_as_the_document_says(api):
    c = api.cluster
    run = c.command_start("run", "--", "sh", "-c", "echo first; sleep 60", log="run")
    try:
        task = wait_until(lambda: next((t for t in c.get("/v1/tasks").get("tasks", []) if t["state"] == "TASK_RUNNING"), None), 20, "a task runs")
        gold = {"name": "gold", "description": "fast", "pool": "media = ssd", "fs": "ext4", "smallest": 4 * MIB, "on_release": "DELETE",
                "prefer_pool": [{"selector": "media = nvme", "weight": 3}]}
        assert api.ask("PUT", "/v1/classes/gold", gold)["pool"] == "media = ssd"
        api.ask("PUT", "/v1/classes/spare", {"name": "spare"})
        api.ask("DELETE", "/v1/classes/spare")
        api.ask("PUT", "/v1/roles/web", {"weight": 2})
        made = api.ask("POST", "/v1/volumes", {"name": "db", "class": "gold", "size": 16 * MIB, "role": "web", "labels": {"app": "shop"}})
        assert made["volumes"][0]["labels"] == {"app": "shop"}
        c.wait_volume("db", role="web")
        api.ask("POST", "/v1/volumes/db/publish?role=web", {"agent": "n1"})
        wait_until(lambda: c.volume("db", "web")["attachments"][0]["state"] == "in_use", 20, "it is published")
        assert api.ask("GET", "/v1/volumes/db?role=web")["attachments"]
        api.ask("POST", "/v1/volumes/db/unpublish?role=web")
        wait_until(lambda: not c.volume("db", "web").get("attachments"), 20, "it is not")
        api.ask("POST", "/v1/volumes/db/grow?role=web", {"size": 32 * MIB})
        wait_until(lambda: c.volume("db", "web")["size"] == 32 * MIB, 20, "it has grown")
        refused = api.ask("POST", "/v1/volumes", {"name": "huge", "class": "gold", "size": 1 << 50}, status=409)
        assert refused["kind"] == "no-fit" and refused["explanation"]["refusals"]
        kept = api.ask("POST", "/v1/reservations", {"class": "gold", "size": 8 * MIB, "role": "web"})
        api.ask("GET", f"/v1/reservations/{kept['id']}")
        api.ask("GET", "/v1/reservations")
        api.ask("DELETE", f"/v1/reservations/{kept['id']}")
        api.ask("POST", "/v1/requests", {"role": "web", "cpus": 0.1, "mem": 32 * MIB, "volumes": [{"name": "log", "classes": ["gold"], "size": 8 * MIB}]})
        api.ask("GET", f"/v1/operations/{made['operations'][0]['id']}")
        answered = api.ask("GET", f"/v1/tasks/{task['id']}/output?stream=stdout&after=0&wait=5s")
        assert answered["next"] == len("first\n")

        api.ask("POST", "/v1/policies", {"classes": [gold, {"name": "bulk", "pool": "media = hdd"}], "comment": "two"})
        api.ask("POST", "/v1/policies/lint", {"classes": [{"name": "odd", "agent": "net/spee >= 1Gbps"}, gold]})
        api.ask("POST", "/v1/policies/rehearse", {"classes": [gold]})
        number = api.ask("GET", "/v1/policies/active")["number"]
        api.ask("POST", f"/v1/policies/{number}/rollback")
        api.ask("POST", f"/v1/policies/{number}/switch")
        api.ask("GET", "/v1/policies")

        f = Framework(c, role="eng")
        wait_until(lambda: f.offers, 20, "an offer stands")
        for path in ("/health", "/version", "/metrics", "/redirect", "/master/redirect", "/v1/openapi.json", "/v1/inventory", "/v1/agents?limit=1",
                     "/v1/classes", "/v1/classes/gold", "/v1/roles", "/v1/volumes?role=web&label=app%3Dshop", "/v1/operations", "/v1/offers",
                     "/v1/tasks", "/v1/frameworks", "/v1/requests", "/v1/explain?class=gold&size=8MiB", "/v1/explain?volume=db&role=web",
                     "/v1/blast?domain=power%3Dfeed-A"):
            api.ask("GET", path)
        assert len(api.ask("GET", "/v1/volumes")["volumes"]) == 2
        assert api.ask("GET", "/v1/fits?class=gold&size=8MiB&agent=n1&limit=1")["fits"]
        api.ask("POST", "/v1/fits", {"class": "gold", "size": 8 * MIB})
        api.ask("POST", "/v1/explain", {"class": "gold", "size": 1 << 50, "labels": {"app": "shop"}})
        api.ask("POST", "/v1/plan", {"remove": {"agents": ["n2"]}, "agents": [{"name": "n9", "like": "n1", "total": {"cpus": 8}}],
                                     "pools": [{"pool": "files/here/more", "like": "files/here/fast", "total": {"bytes": 1 << 40}}],
                                     "requests": [{"name": "x", "class": "gold", "size": 1 << 39}]})
        assert api.ask("DELETE", "/v1/providers/files", status=409)["kind"] == "conflict"
        assert api.ask("DELETE", "/v1/agents/n1", status=409)["kind"] == "conflict"
        assert api.ask("GET", "/v1/volumes/none", status=404)["kind"] == "not-found"
        api.ask("DELETE", f"/v1/frameworks/{task['framework']}")
        api.ask("DELETE", "/v1/volumes/db?role=web")
    finally:
        run.kill()
        run.wait(10)
    left = set(api.operations()) - api.called
    assert left == {"GET /v1/events", "DELETE /v1/agents/{name}", "DELETE /v1/providers/{name}"}, left


def documented_requests(page):
    return re.findall(r"curl -X (\w+) \"?\$M(/[^\s\"]+)\"? [^']*'Content-Type: application/json'[\s\\]*-d '([^']+)'", page)


def test_the_bodies_of_the_manual_are_as_the_document_says(api):
    page = MANUAL.read_text()
    requests = documented_requests(page)
    assert requests and len(requests) == page.count(" -d '"), requests
    for method, path, body in requests:
        operation = api.operations()[api.find(method, path.partition("?")[0])]
        api.hold(json.loads(body), operation["requestBody"]["content"]["application/json"]["schema"])
        answer = api.cluster.session.request(method, api.cluster.url + path, data=body, headers={"Content-Type": "application/json"}, timeout=20)
        expected = int(next(iter(operation["responses"])))  # or this small cluster has no room for it
        assert answer.status_code == expected or answer.json()["kind"] in ("no-fit", "not-found", "conflict"), f"{method} {path}: {answer.text}"


def test_events_are_a_stream_as_the_document_says(api):
    content = api.operations()["GET /v1/events"]["responses"]["200"]["content"]
    with api.cluster.session.get(api.cluster.url + "/v1/events", stream=True, timeout=20) as stream:
        assert stream.status_code == 200 and [stream.headers["Content-Type"].split(";")[0]] == list(content)
