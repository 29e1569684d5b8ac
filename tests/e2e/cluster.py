# SPDX-License-Identifier: Apache-2.0
"""Starts a whole cluster of real processes in one directory, asks it over HTTP, and leaves nothing of it behind."""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest
import requests

BUILD = pathlib.Path(os.environ.get("GRANARY_BUILD", pathlib.Path(__file__).parents[2] / "build-release"))
DAEMON = BUILD / "src/main/granaryd"
COMMAND = BUILD / "src/main/granary"
MIB = 1 << 20
SLOW = float(os.environ.get("GRANARY_E2E_PATIENCE", "1"))  # for machines that are busy with other things
PR_SET_CHILD_SUBREAPER = 36
LOOPS = os.geteuid() == 0 and os.path.exists("/dev/loop-control")  # else volumes are directories, and nothing is formatted


def wait_until(holds, seconds, what, every=0.03):
    """What `holds` answers, once that is true; AssertionError with its last answer when it takes longer."""
    until = time.monotonic() + seconds * SLOW
    while True:
        answer = holds()
        if answer:
            return answer
        assert time.monotonic() < until, f"not within {seconds * SLOW:g} s: {what}; last seen: {answer!r}"
        time.sleep(every)


class Reaper:
    """Becomes the parent of every keeper that outlives its agent, so that they are reaped, found and ended as our own."""

    def __init__(self):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.lock = threading.Lock()
        self.started = set()  # waited for by their Popen
        threading.Thread(target=self._run, daemon=True).start()

    def popen(self, *args, **kwargs):
        with self.lock:
            process = subprocess.Popen(*args, **kwargs)
            self.started.add(process.pid)
            return process

    def run(self, *args, timeout=30, stdin=subprocess.DEVNULL, **kwargs):
        process = self.popen(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=stdin, text=True, **kwargs)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def _run(self):
        while True:
            time.sleep(0.02)
            with self.lock:
                for pid in children_of(os.getpid()):
                    if pid not in self.started and state_of(pid) == "Z":
                        try:
                            os.waitpid(pid, os.WNOHANG)
                        except ChildProcessError:
                            pass


def state_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def children_of(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(p) for p in task.read_text().split()]
        except OSError:
            pass
    return found


def descendants_of(pid):
    found = []
    for child in children_of(pid):
        found += [child] + descendants_of(child)
    return found


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


reaper = Reaper()


def mounts():
    """Mounts of this process's namespace that could be a cluster's: of loop devices, or at our directories."""
    lines = [line.split() for line in open("/proc/self/mountinfo")]
    return {fields[4] for fields in lines if "gr-e2e-" in fields[4] or "/dev/loop" in fields[fields.index("-") + 2]}


def loop_devices(under):
    """Loop devices whose file lies under that directory."""
    found = []
    for path in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            backing = path.read_text().strip()
        except OSError:
            continue  # detached meanwhile
        if backing.startswith(str(under)):
            found.append((path.parts[3], backing))
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    def __init__(self, name, argv, log, prefix=()):
        self.name, self.argv, self.log = name, [str(a) for a in argv], pathlib.Path(log)
        with open(log, "ab") as out:
            self.popen = reaper.popen([*prefix, *self.argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        self.pid = self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def kill(self):
        """kill -9"""
        if self.running():
            self.popen.kill()
        self.popen.wait(10)

    def stop(self, seconds=10):
        """SIGTERM, and what it ended with."""
        if self.running():
            self.popen.terminate()
        try:
            return self.popen.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {seconds} s of SIGTERM") from None

    def freeze(self):
        self.popen.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.popen.send_signal(signal.SIGCONT)

    def said(self):
        return self.log.read_text(errors="replace")


GOLD = {"pool": "media = ssd", "fs": "ext4", "smallest": 4 * MIB, "largest": 100 << 30, "on_release": "DELETE"}


class Cluster:
    """`heartbeat` and `lost` are seconds."""

    def __init__(self, heartbeat=0.3, lost=2.5):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="gr-e2e-"))
        self.dir.chmod(0o755)  # tasks run as nobody
        self.heartbeat, self.lost = heartbeat, lost
        self.port = None
        self.processes = {}
        self.frameworks = []
        self.mounts_before = mounts()
        self.session = requests.Session()
        self.session.trust_env = False

    # ---- processes ----

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, name, *argv, prefix=()):
        assert name not in self.processes or not self.processes[name].running(), f"{name} runs already"
        p = Process(name, [DAEMON, *argv], self.dir / f"{name}.log", prefix)
        self.processes[name] = p
        return p

    def start_master(self, *flags, prefix=(), data=None):
        self.port = self.port or free_port()
        ms = lambda seconds: f"{int(seconds * 1000)}ms"
        p = self.start("master", "master", "--data-dir", data or self.dir / "master", "--listen", f"127.0.0.1:{self.port}",
                       "--heartbeat", ms(self.heartbeat), "--agent-lost", ms(self.lost), *flags, prefix=prefix)

        def answers():
            assert p.running(), f"the master ended: {p.said()[-2000:]}"
            try:
                return self.session.get(self.url + "/health", timeout=5).status_code == 200
            except requests.RequestException:
                return False
        wait_until(answers, 15, "the master answers")
        return p

    def provider_file(self, name, pools, interval="300ms", **more):
        """`pools`: name -> {capacity, iops, tags: [..], directory}; written as the provider's configuration."""
        rows = []
        for pool, facts in pools.items():
            directory = pathlib.Path(facts.get("directory") or self.dir / "pools" / name / pool)
            directory.mkdir(parents=True, exist_ok=True)
            rows.append({"name": pool, **facts, "directory": str(directory)})
        document = {"master": self.url, "name": name, "driver": "file", "data-dir": str(self.dir / f"provider-{name}"),
                    "report-interval": interval, "instances": [{"name": "here", "pools": rows}], **more}
        path = self.dir / f"{name}.yaml"
        path.write_text(json.dumps(document, indent=1))  # JSON is YAML
        return path

    def start_provider(self, name, pools=None, prefix=(), **more):
        path = self.dir / f"{name}.yaml"
        if pools is not None:
            path = self.provider_file(name, pools, **more)
        p = self.start(name, "provider", "--config", path, prefix=prefix)
        wait_until(lambda: p.running() and self.provider_of(name).get("connected"), 15, f"provider {name} is connected")
        return p

    def start_agent(self, name, *flags, probe="2s"):
        """`probe` None: with each heartbeat."""
        run = self.dir / f"r-{name}"
        p = self.start(name, "agent", "--name", name, "--hostname", name, "--address", "127.0.0.1", "--master", self.url,
                       "--work-dir", self.dir / name, "--run-dir", run, "--cpus", "2", "--mem", "512MiB", "--disk", "1GiB",
                       *(["--probe-interval", probe] if probe else []), *flags)
        wait_until(lambda: p.running() and self.agent(name).get("state") == "active", 15, f"agent {name} is active")
        return p

    def command(self, *argv, timeout=30, **more):
        """One verb of the command line, ended."""
        environment = {**os.environ, "GRANARY_MASTER": self.url}
        return reaper.run([str(COMMAND), *map(str, argv)], timeout=timeout * SLOW, env=environment, cwd=self.dir, **more)

    def command_start(self, *argv, log):
        """The same while it runs; what it prints goes to `log`, what it says of itself to `log`.err."""
        environment = {**os.environ, "GRANARY_MASTER": self.url}
        out, err = open(self.dir / log, "wb"), open(self.dir / f"{log}.err", "wb")
        with out, err:
            return reaper.popen([str(COMMAND), *map(str, argv)], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, cwd=self.dir)

    # ---- asking ----

    def ask(self, method, path, body=None, status=None, **more):
        """(status, JSON answer); with `status` given it must be that one, and only the answer is returned."""
        more.setdefault("timeout", 20)
        answer = self.session.request(method, self.url + path, json=body, **more) if body is not None else \
            self.session.request(method, self.url + path, **more)
        try:
            read = answer.json()
        except ValueError:
            read = {"text": answer.text}
        if status is None:
            return answer.status_code, read
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {read}"
        return read

    def get(self, path):
        return self.ask("GET", path, status=200)

    def agent(self, name):
        return next((a for a in self.get("/v1/agents").get("agents", []) if a["name"] == name), {})

    def provider_of(self, name):
        return next((p for p in self.get("/v1/inventory").get("providers", []) if p["name"] == name), {})

    def pool(self, provider, pool):
        for instance in self.provider_of(provider).get("instances", []):
            for p in instance.get("pools", []):
                if p["name"] == pool:
                    return p
        return {}

    def free(self, provider, pool):
        return int(self.pool(provider, pool).get("free", {}).get("bytes", -1))

    def free_everywhere(self):
        return sum(int(p["free"]["bytes"]) for provider in self.get("/v1/inventory").get("providers", [])
                   for i in provider.get("instances", []) for p in i.get("pools", []))

    def volume(self, name, role="*"):
        code, read = self.ask("GET", f"/v1/volumes/{name}?role={requests.utils.quote(role, safe='')}")
        return read if code == 200 else {}

    def apply_class(self, name, **facts):
        return self.ask("PUT", f"/v1/classes/{name}", {"name": name, **facts}, status=200)

    def create(self, name, size, status=202, **more):
        return self.ask("POST", "/v1/volumes", {"name": name, "class": "gold", "size": size, **more}, status=status)

    def wait_volume(self, name, state="ready", role="*", seconds=15):
        return wait_until(lambda: (v := self.volume(name, role)).get("state") == state and v, seconds, f"volume {name} is {state}: {self.volume(name, role)}")

    def wait_gone(self, name, role="*", seconds=15):
        wait_until(lambda: self.volume(name, role).get("state") in (None, "gone"), seconds, f"volume {name} is gone")

    def wait_agent(self, name, state, seconds=15):
        return wait_until(lambda: self.agent(name).get("state") == state, seconds, f"agent {name} is {state}")

    def metric(self, name):
        text = self.session.get(self.url + "/metrics", timeout=20).text
        found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)
        assert found, f"no metric {name} in:\n{text}"
        return float(found.group(1))

    def past_events(self, after):
        """Everything of the event stream after that sequence number, up to what is true now."""
        found, until, now = [], time.monotonic() + 5, int(self.get("/v1/volumes")["seq"])
        if now <= after:
            return found
        with requests.get(f"{self.url}/v1/events?after={after}", stream=True, timeout=5) as stream:
            assert stream.status_code == 200, stream.text
            for line in stream.iter_lines(chunk_size=1):
                if line.startswith(b"data: "):
                    found.append(json.loads(line[6:]))
                elif not line and found and int(found[-1]["seq"]) >= now or time.monotonic() > until:
                    break
        return found

    # ---- the end ----

    def keepers(self):
        """Processes of this cluster that are not its daemons: keepers, tasks, helpers."""
        daemons = {p.pid for p in self.processes.values()}
        return [pid for pid in descendants_of(os.getpid()) if pid not in daemons and pid not in reaper.started and state_of(pid) not in (None, "Z")]

    def close(self):
        for f in self.frameworks:
            f.close()
        for p in reversed(list(self.processes.values())):
            p.kill()  # a frozen process does not hear SIGTERM
        ours = {p.pid for p in self.processes.values()}
        left = [pid for pid in descendants_of(os.getpid()) if pid not in ours and pid not in reaper.started]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            wait_until(lambda: not [p for p in left if state_of(p) not in (None, "Z")], 10, f"processes end: {left}")
            wait_until(lambda: not loop_devices(self.dir), 10, "loop devices are gone", every=0.05)
            extra = mounts() - self.mounts_before
            assert not extra, f"mounts are left: {extra}"
            for p in self.processes.values():
                wrong = [line for line in p.said().splitlines() if "runtime error:" in line or "Sanitizer" in line]
                assert not wrong, f"{p.name}: {wrong[:5]}"
        finally:
            for device, _ in loop_devices(self.dir):
                subprocess.run(["losetup", "-d", f"/dev/{device}"], check=False)
            for mount in mounts() - self.mounts_before:
                if mount.startswith(str(self.dir)):
                    subprocess.run(["umount", "-l", mount], check=False)
            shutil.rmtree(self.dir, ignore_errors=True)


@contextlib.contextmanager
def open_cluster(**timing):
    """Closed whatever happens; closing fails when something of it is left."""
    c = Cluster(**timing)
    try:
        yield c
    except BaseException:
        for p in c.processes.values():
            print(f"---- {p.name}: the end of its log ----\n{p.said()[-3000:]}")
        raise
    finally:
        c.close()


def pytest_sessionstart(session):
    """Both conftest.py take it from here."""
    if not DAEMON.exists():
        pytest.exit(f"{DAEMON} is not built; GRANARY_BUILD names the build directory", 2)
