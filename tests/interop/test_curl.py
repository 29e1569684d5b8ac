# SPDX-License-Identifier: Apache-2.0
"""curl, which shows the stream of a subscription as it is on the wire."""
import json
import shutil

import pytest
from cluster import reaper


@pytest.fixture
def subscribe(cluster, tmp_path):
    """Subscribes with curl for two seconds and ends with what it wrote, as bytes."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")

    def run(*flags):
        call = json.dumps({"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "", "name": "curl"}}})
        file = tmp_path / "stream"
        got = reaper.run(["curl", "-N", "--silent", "--show-error", "--noproxy", "*", "--max-time", "2", "--output", str(file), *flags,
                          "-H", "Content-Type: application/json", "--data", call, cluster.url + "/api/v1/scheduler"])
        assert got.returncode == 28, f"the stream stays open until curl ends it: {got}"
        return file.read_bytes()
    return run


def chunks(body):
    """The chunks of a body as it came; the last may be cut off."""
    found = []
    while b"\r\n" in body:
        size, _, rest = body.partition(b"\r\n")
        end = int(size, 16)
        assert end > 0, "the stream has not ended"
        if len(rest) < end + 2:
            break
        assert rest[end:end + 2] == b"\r\n"
        found.append(rest[:end])
        body = rest[end + 2:]
    return found


def events(records):
    """Each of them one record, whole: its length in digits, a line feed, that many bytes of JSON in one line of ASCII."""
    found = []
    for record in records:
        size, _, payload = record.partition(b"\n")
        assert size.isdigit() and int(size) == len(payload), record
        assert b"\n" not in payload and payload.isascii(), record
        found.append(json.loads(payload))
    return found


def test_each_chunk_of_a_subscription_is_one_record(subscribe):
    head, _, body = subscribe("--include", "--raw").partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert status.split()[1] == "200", head
    assert headers["content-type"] == "application/json" and headers["transfer-encoding"] == "chunked", head
    assert headers["mesos-stream-id"] and "content-length" not in headers, head

    heard = events(chunks(body))
    kinds = [e["type"] for e in heard]
    assert kinds[:2] == ["SUBSCRIBED", "HEARTBEAT"], kinds
    assert kinds.count("HEARTBEAT") >= 3 and "OFFERS" in kinds, kinds
    assert heard[0]["subscribed"]["framework_id"]["value"] and heard[0]["subscribed"]["heartbeat_interval_seconds"] == 0.3
    offers = [o for e in heard if e["type"] == "OFFERS" for o in e["offers"]["offers"]]
    assert ("town", "Zürich") in {(a["name"], a["text"]["value"]) for o in offers for a in o["attributes"]}


def test_what_curl_prints_begins_with_the_subscription(subscribe):
    size, _, rest = subscribe().partition(b"\n")
    assert json.loads(rest[:int(size)])["type"] == "SUBSCRIBED"
    assert b'{"type":"HEARTBEAT"}' in rest
