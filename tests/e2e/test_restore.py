# SPDX-License-Identifier: Apache-2.0
"""A registry that is put back from a copy: who was told more than it knows refuses it, until an operator says that it is meant."""
import shutil

from cluster import MIB, wait_until


def test_an_older_copy_of_the_registry_is_refused_until_the_operator_says_so(new_cluster):
    c = new_cluster(heartbeat=20, lost=60)  # heartbeats tell nothing meanwhile: the order itself says where the registry stands
    master = c.start_master()
    provider = c.start_provider("files", {"fast": {"capacity": 256 * MIB, "tags": ["media=ssd"]}})
    c.apply_class("gold", pool="media = ssd", smallest=4 * MIB)
    c.start_agent("n1")
    c.create("early", 8 * MIB)
    c.wait_volume("early")
    master.stop()
    shutil.copytree(c.dir / "master", c.dir / "copy")
    c.start_master()
    everybody = lambda: c.provider_of("files").get("connected") and c.agent("n1").get("state") == "active"
    wait_until(everybody, 20, "everybody is back")
    c.create("late", 8 * MIB)
    c.wait_volume("late")

    c.processes["master"].stop()
    shutil.rmtree(c.dir / "master")
    shutil.copytree(c.dir / "copy", c.dir / "master")
    master = c.start_master()
    wait_until(lambda: "it is an older copy" in master.said(), 20, "the master's log says so")
    wait_until(lambda: "--restored" in provider.said(), 20, "the provider's log says what to do")
    assert not c.provider_of("files").get("connected")

    master.stop()
    c.start_master("--restored")
    wait_until(everybody, 40, "everybody takes the operator's word")
    images = lambda: sorted(p.name for p in (c.dir / "pools" / "files" / "fast").glob("*.img"))
    assert wait_until(lambda: c.provider_of("files").get("foreign_objects"), 10, "the volume that is not known is foreign") == 1
    assert len(images()) == 2 and c.volume("early")["state"] == "ready" and not c.volume("late")
    c.create("later", 8 * MIB)
    c.wait_volume("later")
    assert len(images()) == 3, "and it is not touched"
