# SPDX-License-Identifier: Apache-2.0
"""A cluster of real processes for programs that others wrote, and those programs, which are skipped where they cannot be had."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from cluster import MIB, open_cluster, pytest_sessionstart, reaper  # noqa: E402, F401

CLIENT = "mesos-framework@0.5.3"  # a package of npm


@pytest.fixture(scope="module")
def cluster():
    """A master, a provider, an agent that has a tag beyond ASCII; class gold."""
    with open_cluster() as c:
        c.start_master()
        c.start_provider("files", {"fast": {"capacity": 256 * MIB, "iops": 10000, "tags": ["media=ssd"]}})
        c.apply_class("gold", pool="media = ssd", fs="ext4", smallest=4 * MIB)
        c.start_agent("n1", "--attributes", "town=Zürich")
        yield c


@pytest.fixture(scope="session")
def npm_client(tmp_path_factory):
    """A directory in which node finds the client, as npm delivers it."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed, so the client {CLIENT} cannot run")
    place = tmp_path_factory.mktemp("npm")
    (place / "package.json").write_text('{"name": "interop", "version": "1.0.0", "private": true}')
    (place / "logs").mkdir()  # the client logs there, and dies when it cannot
    argv = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=20000", CLIENT]
    try:
        npm = reaper.run(argv, timeout=60, cwd=place)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not deliver {CLIENT} within 60 s: its registry does not answer")
    if npm.returncode != 0:
        code = re.search(r"code (E\w+)", npm.stderr)  # ECONNREFUSED, ENOTFOUND, E403 ...
        pytest.skip(f"npm could not fetch {CLIENT} from its registry ({code.group(1) if code else npm.stderr.strip()[-200:]})")
    return place
