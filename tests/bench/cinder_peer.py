# SPDX-License-Identifier: Apache-2.0
"""Milliseconds of one core, at p50, that the scheduler of OpenStack Cinder takes to filter and weigh the pools of an inventory.

Usage: cinder_peer.py FILE, as bench_decide writes it: 64 lines of what is asked, then a line for each pool. In process,
without messages and without a database: the availability-zone, capacity and capabilities filters and the capacity weigher.
"""
import datetime
import json
import statistics
import sys
import time

from oslo_config import cfg
from oslo_utils import timeutils

from cinder import objects

objects.register_all()

from cinder.common import config  # noqa: E402,F401  declares the options
from cinder.scheduler import host_manager  # noqa: E402

CLASSES = 64
FILTERS = ["AvailabilityZoneFilter", "CapacityFilter", "CapabilitiesFilter"]


def read(path):
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return rows[:CLASSES], rows[CLASSES:]


def pools_of(rows):
    pools = []
    service = {"availability_zone": "nova", "updated_at": timeutils.utcnow(), "disabled": False}
    for number, row in enumerate(rows):
        facts = {key: str(value) for key, value in row.items() if key != "gib"}
        facts.update(
            timestamp=datetime.datetime.utcnow(),
            total_capacity_gb=row["gib"],
            free_capacity_gb=row["gib"],
            allocated_capacity_gb=0,
            provisioned_capacity_gb=0,
            reserved_percentage=0,
            pool_name=f"pool{number}",
        )
        pool = host_manager.PoolState(f"host{number // 10}@backend", None, {}, f"pool{number}")
        pool.update_from_volume_capability(facts, service=service)
        pool.capabilities = facts
        pools.append(pool)
    return pools


def request_of(asks, size):
    return {
        "context": None,
        "size": size,
        "resource_properties": {"availability_zone": "nova", "size": size},
        "request_spec": {"volume_id": "v", "volume_properties": {"size": size}},
        "resource_type": {
            "extra_specs": {
                "media": f"<or> {asks['media'][0]} <or> {asks['media'][1]}",
                "raid": f"<or> {asks['raid'][0]} <or> {asks['raid'][1]}",
                "thin": "<is> True",
                "cache": f">= {asks['cache']}",
                "speed": f">= {asks['speed']}",
                "age": f">= {asks['age']}",
            }
        },
    }


def decide(manager, pools, request):
    fits = manager.get_filtered_backends(pools, request, FILTERS)
    if not fits:
        raise SystemExit("cinder_peer: no pool passed")
    best = manager.get_weighed_backends(fits, request, ["CapacityWeigher"])[0].obj
    best.free_capacity_gb -= request["size"]


def main():
    cfg.CONF([], project="cinder", default_config_files=[])
    classes, rows = read(sys.argv[1])
    pools = pools_of(rows)
    host_manager.HostManager._update_backend_state_map = lambda *_: None  # its pools come from a database
    manager = host_manager.HostManager()
    times = []
    end = time.monotonic() + 4
    while time.monotonic() < end or len(times) < 5:
        number = len(times)
        request = request_of(classes[number % CLASSES], 1 + number % 7)
        start = time.process_time()
        decide(manager, pools, request)
        times.append(time.process_time() - start)
    print(f"{statistics.median(times) * 1000:.3f}")


main()
