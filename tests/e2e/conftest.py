# SPDX-License-Identifier: Apache-2.0
"""Clusters for the tests: each is closed whatever happens, and closing fails when something of it is left."""
import contextlib
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from cluster import MIB, open_cluster, pytest_sessionstart  # noqa: E402, F401


@pytest.fixture
def new_cluster():
    """Makes clusters that end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **timing: stack.enter_context(open_cluster(**timing))


def whole_cluster(c, agents=2, capacity=256 * MIB):
    """A master, one provider with a fast and a slow pool, class gold, some agents."""
    c.start_master()
    c.start_provider("files", {"fast": {"capacity": capacity, "iops": 10000, "tags": ["media=ssd"]},
                               "slow": {"capacity": capacity, "tags": ["media=hdd"]}})
    c.apply_class("gold", pool="media = ssd", fs="ext4", smallest=4 * MIB)
    for n in range(1, agents + 1):
        c.start_agent(f"n{n}")
    return c


@pytest.fixture(scope="module")
def cluster():
    """One for all tests of a module; they share it, so each takes names of its own."""
    with open_cluster() as c:
        yield whole_cluster(c)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the processes said goes with a failure."""
    outcome = yield
    report = outcome.get_result()
    c = item.funcargs.get("cluster")
    if c and report.failed:
        for p in c.processes.values():
            report.sections.append((f"log of {p.name}", p.said()[-2500:]))
