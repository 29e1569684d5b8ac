# SPDX-License-Identifier: Apache-2.0
"""Runs framework.js in a process and keeps what it prints."""
import json
import os
import pathlib
import pwd
import subprocess
import threading

from cluster import reaper, wait_until

SCRIPT = pathlib.Path(__file__).with_name("framework.js")
USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name  # agents run nothing as root unless allowed to


class Client:
    """One framework, from its start to the end of `with`."""

    def __init__(self, place, port, name, tasks=None, user=USER, framework_id=None):
        wanted = json.dumps({"port": port, "name": name, "user": user, "id": framework_id, "tasks": tasks or {}})
        self.heard, self.noise = [], []
        self.process = reaper.popen(["node", "--no-deprecation", str(SCRIPT), wanted], cwd=place, text=True, bufsize=1,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                said = json.loads(line)
                self.heard.append((said["event"], said.get("body")))
            except (ValueError, KeyError, TypeError):
                self.noise.append(line)  # the package's own log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.thread.join(10)
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()

    def of(self, event):
        return [body for kind, body in list(self.heard) if kind == event]

    def statuses(self, task):
        """Of the task of that name, in the order heard; the package makes ids FRAMEWORK.NAME-1.UUID of names."""
        return [s["status"] for s in self.of("update") if f".{task}-1." in s["status"]["task_id"]["value"]]

    def states(self, task):
        return [s["state"] for s in self.statuses(task)]

    def wait(self, holds, seconds, what):
        def found():
            assert self.process.poll() is None, f"the client ended before {what}: {self}"
            return holds()
        try:
            return wait_until(found, seconds, what)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self}") from None

    def wait_state(self, task, state, seconds=20):
        self.wait(lambda: state in self.states(task), seconds, f"task {task} is {state}")
        return next(s for s in self.statuses(task) if s["state"] == state)

    def teardown(self):
        """What the process ended with."""
        self.process.stdin.write("teardown\n")
        self.process.stdin.flush()
        code = self.process.wait(10)
        self.thread.join(10)
        return code

    def __str__(self):
        return "\n".join([f"{kind} {json.dumps(body)[:600]}" for kind, body in self.heard if kind != "heartbeat"] + self.noise[-20:])
