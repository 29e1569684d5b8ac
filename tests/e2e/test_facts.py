# SPDX-License-Identifier: Apache-2.0
"""What agents measure of themselves, through real processes: recorded hosts whose drivers, links and switches change."""
import json
import pathlib
import shutil
import socket
import time

import pytest
from cluster import MIB, SLOW, wait_until
from conftest import open_cluster

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
HEARTBEAT = 2
NEIGHBOURS = {"lldp": {"interface": {"eth0": {"chassis": {"tor-19a": {"id": {"type": "mac", "value": "00:11:22:33:44:55"}}},
                                              "port": {"id": {"type": "ifname", "value": "swp7"}}}}}}


class Host:
    """A recorded host: a directory with what its /proc and /sys say."""

    def __init__(self, root):
        self.root = root
        self.put("proc/sys/kernel/osrelease", "6.1.0-42-amd64\n")
        self.put("sys/module/rexray/version", "0.11.4\n")
        self.put("sys/class/infiniband/mlx5_0/ports/1/link_layer", "InfiniBand\n")
        self.put("sys/devices/system/node/node0/numastat", "")
        self.put("proc/net/route", "eth0 0001010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n")
        self.put("proc/net/vlan/config", "eth0.19 | 19 | eth0\n")
        for name in ("eth0", "eth0.19"):
            for file, text in {"operstate": "up\n", "speed": "25000\n", "mtu": "9000\n"}.items():
                self.put(f"sys/class/net/{name}/{file}", text)
        self.put("sys/class/net/eth0/device/vendor", "0x15b3\n")
        self.put("sys/class/net/eth0.19/lower_eth0", "")
        self.put("usr/sbin/lldpcli", "#!/bin/sh\ncat <<'END'\n" + json.dumps(NEIGHBOURS) + "\nEND\n").chmod(0o755)

    def put(self, path, text):
        whole = self.root / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text)
        return whole

    def unload(self, module):
        shutil.rmtree(self.root / "sys/module" / module)

    def start(self, c, name):
        return c.start_agent(name, "--probe-root", self.root, probe=None)


def listening(port=0):
    """Something that listens, as the data address of a pool."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    s.listen(64)
    return s


@pytest.fixture(scope="module")
def storage():
    with listening() as s:
        yield s.getsockname()[1]


@pytest.fixture(scope="module")
def cluster(storage):
    with open_cluster(heartbeat=HEARTBEAT, lost=10) as c, listening() as c.old_array:
        c.start_master()
        c.start_provider("files", {"fast": {"capacity": 256 * MIB, "tags": ["media=ssd"], "data-address": f"127.0.0.1:{storage}",
                                            "constraints": ["driver/rexray >= 0.9"]},
                                   "slow": {"capacity": 256 * MIB, "tags": ["media=hdd"],
                                            "data-address": "127.0.0.1:%d" % c.old_array.getsockname()[1]}})
        c.apply_class("gold", pool="media = ssd", fs="ext4", smallest=4 * MIB)
        c.hosts = {name: Host(c.dir / f"host-{name}") for name in ("n1", "n2")}
        for name, host in c.hosts.items():
            host.start(c, name)
        yield c


def tags_of(c, agent):
    """key -> values, as the command line tells them."""
    said = c.command("agents", "show", agent, "-o", "json")
    assert said.returncode == 0, said.stderr
    tags = {}
    for tag in json.loads(said.stdout)["tags"]:
        assert tag["origin"] in ("PROBED", "CONFIGURED") and 0 <= time.time() - int(tag["since"]) / 1000 < 600, tag
        tags.setdefault(tag["key"], []).append(tag.get("value", ""))
    return tags


def shown(c, *argv):
    said = c.command(*argv)
    assert said.returncode == 0, said.stderr
    return said.stdout


def test_an_agent_tells_what_it_measured_and_for_how_long(cluster, storage):
    c = cluster
    wait_until(lambda: f"reach/127.0.0.1/{storage}" in tags_of(c, "n1"), 10, "the way to the storage is measured")
    tags = tags_of(c, "n1")
    assert tags["driver/rexray"] == ["0.11.4"] and tags["net/speed"] == ["25Gbps"] and tags["net/mtu"] == ["9000"]
    assert tags["net/vlan"] == ["19"] and tags["net/subnet"] == ["10.1.1.0/24"] and tags["hw/infiniband"] == ["mlx5_0"]
    assert tags["net/switch"] == ["tor-19a"] and tags["net/switch-port"] == ["tor-19a swp7"]
    assert tags[f"net/paths/127.0.0.1/{storage}"] == ["1"] and tags[f"reach/127.0.0.1/{storage}"][0].endswith("ms")
    text = shown(c, "agents", "show", "n1")
    assert "net/speed=25Gbps  (probed, " in text and "rexray=0.11.4  (probed, " in text


def test_classes_can_ask_for_what_was_measured(cluster, storage):
    c = cluster
    c.apply_class("reached", fs="ext4", smallest=4 * MIB,
                  agent=f"reach/127.0.0.1/{storage} <= 1s, net/subnet in (10.1.0.0/16), net/paths/127.0.0.1/{storage} >= 1")
    c.apply_class("unreached", fs="ext4", smallest=4 * MIB, agent="reach/127.0.0.1/1 <= 1s")
    shown(c, "class", "apply", EXAMPLES / "class-near.yaml")
    wait_until(lambda: "reached" in c.agent("n1").get("classes", []), 10, "n1 is near enough")
    assert "near" in c.agent("n1")["classes"] and "unreached" not in c.agent("n1")["classes"]
    refused = c.command("volume", "create", "far", "--class", "unreached", "--size", "8MiB")
    assert refused.returncode != 0 and "reach/127.0.0.1/1" in refused.stderr, refused.stderr


def test_a_driver_that_is_unloaded_warns_and_moves_nothing(cluster):
    c, host = cluster, cluster.hosts["n1"]
    shown(c, "volume", "create", "db", "--class", "gold", "--size", "16MiB")
    shown(c, "volume", "create", "later", "--class", "gold", "--size", "16MiB")
    shown(c, "volume", "publish", "db", "--agent", "n1")
    assert "gold" in c.agent("n1")["classes"] and "warning" not in shown(c, "volume", "show", "db")
    epoch, seq = c.volume("db")["attachments"][0]["epoch"], int(c.get("/v1/volumes")["seq"])

    host.unload("rexray")
    wait_until(lambda: "gold" not in c.agent("n1").get("classes", []), 10, "n1 is out of new offers")
    text = shown(c, "volume", "show", "db")
    assert "agent 'n1' no longer satisfies its pool's constraint: asked driver/rexray >= 0.9, found no driver/rexray" in text
    assert "no longer satisfies" in shown(c, "volume", "list")
    refused = c.command("volume", "publish", "later", "--agent", "n1")
    assert refused.returncode != 0 and "driver/rexray" in refused.stderr, refused.stderr
    attachment = c.volume("db")["attachments"][0]
    assert (attachment["agent"], attachment["state"], attachment["epoch"]) == ("n1", "in_use", epoch)
    shown(c, "volume", "publish", "later", "--agent", "n2")

    host.put("sys/module/rexray/version", "0.12\n")
    wait_until(lambda: "gold" in c.agent("n1").get("classes", []), 10, "n1 is back")
    attachment = c.volume("db")["attachments"][0]
    assert "warning" not in attachment and attachment["epoch"] == epoch
    kinds = [(e["kind"], e.get("message", "")) for e in c.past_events(seq) if e["kind"] in ("attachment-warned", "attachment-cleared")]
    assert [k for k, _ in kinds] == ["attachment-warned", "attachment-cleared"] and "driver/rexray" in kinds[0][1], kinds


def known_within_a_heartbeat(c, agent, name, away, back):
    """Each change follows the look that found the last one, so that it waits for a whole interval."""
    serves = lambda: name in c.agent(agent).get("classes", [])
    wait_until(serves, 10, f"{agent} serves {name}")
    for _ in range(2):
        for change, known in ((away, lambda: not serves()), (back, serves)):
            change()
            began = time.monotonic()
            wait_until(known, 10, "the change is known")
            assert time.monotonic() - began < 1.5 * HEARTBEAT * SLOW, "not known within a heartbeat"


def test_a_change_is_known_within_one_heartbeat(cluster):
    host = cluster.hosts["n2"]
    known_within_a_heartbeat(cluster, "n2", "gold", lambda: host.unload("rexray"),
                             lambda: host.put("sys/module/rexray/version", "0.11.4\n"))


def test_storage_that_stops_answering_is_known_within_one_heartbeat(cluster):
    c, port = cluster, cluster.old_array.getsockname()[1]
    c.apply_class("answering", pool="media = hdd", fs="ext4", smallest=4 * MIB, agent=f"reach/127.0.0.1/{port}")

    def comes_back():
        c.old_array = listening(port)

    known_within_a_heartbeat(c, "n1", "answering", lambda: c.old_array.close(), comes_back)


def test_a_link_that_goes_down_takes_the_agent_out_of_what_needs_it(cluster):
    c, host = cluster, cluster.hosts["n2"]
    c.apply_class("direct", fs="ext4", smallest=4 * MIB, agent="net/vlan in (19, 20), net/speed >= 10Gbps")
    wait_until(lambda: "direct" in c.agent("n2").get("classes", []), 10, "n2 is on the VLAN")
    host.put("sys/class/net/eth0.19/operstate", "down\n")
    wait_until(lambda: "direct" not in c.agent("n2").get("classes", []), 10, "n2 is not on it any more")
    assert "net/vlan" not in tags_of(c, "n2") and "direct" in c.agent("n1")["classes"]


def test_a_warning_outlives_a_restart_of_the_master(cluster):
    c, host = cluster, cluster.hosts["n1"]
    shown(c, "volume", "create", "kept", "--class", "gold", "--size", "8MiB")
    shown(c, "volume", "publish", "kept", "--agent", "n1")
    host.unload("rexray")
    warned = lambda: "no longer satisfies" in c.volume("kept")["attachments"][0].get("warning", "")
    wait_until(warned, 10, "it is warned of")
    c.processes["master"].kill()
    c.start_master()
    assert warned()
    c.wait_agent("n1", "active")
    assert warned()
    host.put("sys/module/rexray/version", "0.12\n")
    wait_until(lambda: not warned(), 20, "it holds again")


def test_a_probe_once_says_what_a_recorded_host_is(cluster):
    c = cluster
    said = c.command("agent", "--once-probe", "--probe-root", c.hosts["n2"].root, "--tags", "net/mtu=1500")
    assert said.returncode == 0, said.stderr
    assert "driver/rexray=0.11.4\n" in said.stdout and "net/switch=tor-19a\n" in said.stdout
    assert "net/mtu=1500\n" in said.stdout and "net/mtu=9000" not in said.stdout  # the operator's word replaces the probe's
