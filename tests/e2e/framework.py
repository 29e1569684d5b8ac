# SPDX-License-Identifier: Apache-2.0
"""A framework that speaks the Mesos v1 scheduler API in JSON over real sockets, as the tests need it and no more."""
import base64
import json
import pathlib
import threading
import time
import uuid

import requests

from cluster import MIB, wait_until

CAPABILITIES = ("MULTI_ROLE", "RESERVATION_REFINEMENT", "PARTITION_AWARE")


class Framework:
    """Subscribes at once. Every event is kept in `events`; statuses are acknowledged as they come."""

    def __init__(self, cluster, role="demo", label=True, failover=60, framework_id=None, name="test", wait=True):
        self.cluster, self.role = cluster, role
        self.id = framework_id
        self.info = {"user": "", "name": name, "roles": [role], "failover_timeout": failover,
                     "capabilities": [{"type": t} for t in CAPABILITIES]}
        if label:
            self.info["labels"] = {"labels": [{"key": "granary.storage", "value": "pools"}]}
        self.events, self.offers, self.heard = [], {}, {}
        self.acknowledge = True
        self.changed = threading.Condition()
        self.stream = self.stream_id = None
        cluster.frameworks.append(self)
        self.subscribe(wait)

    # ---- the stream ----

    def subscribe(self, wait=True):
        call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": dict(self.info)}}
        if self.id:
            call["framework_id"] = {"value": self.id}
            call["subscribe"]["framework_info"]["id"] = {"value": self.id}
        session = requests.Session()
        session.trust_env = False
        stream = session.post(self.cluster.url + "/api/v1/scheduler", json=call, headers={"Accept": "application/json"},
                              stream=True, timeout=(10, 60))
        assert stream.status_code == 200, f"SUBSCRIBE: {stream.status_code} {stream.text}"
        self.stream, self.stream_id, self.ended = stream, stream.headers["Mesos-Stream-Id"], False
        self.offers = {}
        thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        thread.start()
        if wait:
            self.id = self.wait("SUBSCRIBED")["framework_id"]["value"]

    def _read(self, stream):
        buffer = b""
        try:
            for piece in stream.iter_content(chunk_size=None):
                buffer += piece
                while b"\n" in buffer:
                    size, _, rest = buffer.partition(b"\n")
                    if len(rest) < int(size):
                        break
                    buffer = rest[int(size):]
                    self._event(json.loads(rest[:int(size)]))
        except (requests.RequestException, AttributeError, OSError, ValueError):
            pass  # the master was killed, or we closed
        with self.changed:
            if stream is self.stream:
                self.ended = True
            self.changed.notify_all()

    def _event(self, event):
        kind = event["type"]
        event["at"] = time.monotonic()
        with self.changed:
            self.events.append(event)
            for offer in event.get("offers", {}).get("offers", []):
                self.offers[offer["id"]["value"]] = offer
                self.heard[offer["id"]["value"]] = event["at"]
            if kind == "RESCIND":
                self.offers.pop(event["rescind"]["offer_id"]["value"], None)
            self.changed.notify_all()
        if not self.acknowledge:
            return
        if kind == "UPDATE" and "uuid" in event["update"]["status"]:
            self.acknowledge_task(event["update"]["status"])
        if kind == "UPDATE_OPERATION_STATUS" and "uuid" in event["update_operation_status"]["status"]:
            status = event["update_operation_status"]["status"]
            call = {"operation_id": status["operation_id"], "uuid": status["uuid"]["value"]}
            self.call("ACKNOWLEDGE_OPERATION_STATUS", {"acknowledge_operation_status": call}, expect=None)

    def acknowledge_task(self, status):
        self.call("ACKNOWLEDGE", {"acknowledge": {k: status[k] for k in ("agent_id", "task_id", "uuid")}}, expect=None)

    def close(self):
        if self.stream is not None:
            try:
                self.stream.raw._fp.fp.raw._sock.shutdown(2)
            except (AttributeError, OSError):
                pass
            self.stream.close()

    # ---- calling ----

    def call(self, kind, body=None, expect=202, **headers):
        answer = requests.post(self.cluster.url + "/api/v1/scheduler", timeout=20,
                               json={"type": kind, "framework_id": {"value": self.id}, **(body or {})},
                               headers={"Mesos-Stream-Id": self.stream_id, **headers})
        if expect is not None:
            assert answer.status_code == expect, f"{kind}: {answer.status_code} {answer.text}"
        return answer

    def accept(self, offer, *operations, refuse=0, forget=True):
        offers = offer if isinstance(offer, list) else [offer]
        if forget:
            for o in offers:
                self.offers.pop(o["id"]["value"], None)
        return self.call("ACCEPT", {"accept": {"offer_ids": [o["id"] for o in offers], "operations": list(operations),
                                               "filters": {"refuse_seconds": refuse}}})

    def decline(self, offer, seconds=0):
        self.offers.pop(offer["id"]["value"], None)
        return self.call("DECLINE", {"decline": {"offer_ids": [offer["id"]], "filters": {"refuse_seconds": seconds}}})

    def kill(self, task):
        return self.call("KILL", {"kill": {"task_id": {"value": task}}})

    # ---- waiting ----

    def wait(self, kind, holds=lambda event: True, seconds=15, since=0):
        """The first event of that type for which `holds`; its body."""
        def found():
            return next((e for e in list(self.events)[since:] if e["type"] == kind and holds(e)), None)
        event = wait_until(found, seconds, f"event {kind}; heard {[brief(e) for e in self.events if e['type'] != 'HEARTBEAT'][-30:]}")
        return event.get(kind.lower(), event)

    def wait_task(self, task, state, seconds=20):
        """The task's status in that state."""
        def holds(e):
            return e["update"]["status"]["task_id"]["value"] == task and e["update"]["status"]["state"] == state
        return self.wait("UPDATE", holds, seconds)["status"]

    def wait_operation(self, operation, seconds=20):
        """How it ended."""
        def holds(e):
            s = e["update_operation_status"]["status"]
            return s.get("operation_id", {}).get("value") == operation and s["state"] != "OPERATION_PENDING"
        return self.wait("UPDATE_OPERATION_STATUS", holds, seconds)["status"]

    def wait_offer(self, holds, what, seconds=15):
        """A standing offer for which `holds`; others stay. One that is quite new may still be replaced by a better one."""
        def found():
            before = time.monotonic() - 0.05
            return next((o for o in list(self.offers.values()) if self.heard[o["id"]["value"]] < before and holds(o)), None)
        return wait_until(found, seconds, f"an offer {what}; standing: {list(self.offers.values())}")

    def storage_offer(self, name="gold", seconds=15):
        """(the storage-only offer, its entry of that class)"""
        offer = self.wait_offer(lambda o: raw_entry(o, name), f"of class {name}", seconds)
        return offer, raw_entry(offer, name)

    def agent_offer(self, agent=None, cpus=0.1, seconds=15):
        return self.wait_offer(lambda o: scalar(o, "cpus") >= cpus and agent in (None, o["hostname"]), f"of agent {agent}", seconds)

    def volume_offer(self, name, seconds=15, agent=None):
        """(an agent's offer that has that volume, the volume)"""
        offer = self.wait_offer(lambda o: volume_in(o, name) and agent in (None, o["hostname"]), f"with volume {name}", seconds)
        return offer, volume_in(offer, name)


def brief(event):
    status = event.get("update", event.get("update_operation_status", {})).get("status", {})
    return " ".join(str(w) for w in (event["type"], status.get("task_id", status.get("operation_id", {})).get("value"),
                                     status.get("state"), status.get("reason"), status.get("message"),
                                     event.get("failure", ""), event.get("error", "")) if w)


def scalar(offer, name):
    return sum(r["scalar"]["value"] for r in offer["resources"] if r["name"] == name and "disk" not in r)


def raw_entry(offer, name):
    for r in offer["resources"]:
        source = r.get("disk", {}).get("source", {})
        if source.get("type") == "RAW" and source.get("profile") == name and not r.get("reservations"):
            return r
    return None


def reserved_entry(offer, reservation):
    for r in offer["resources"]:
        if r.get("disk", {}).get("source", {}).get("id") == reservation:
            return r
    return None


def label(labels, key):
    return next((l["value"] for l in labels.get("labels", []) if l["key"] == key), None)


def volume_in(offer, name):
    for r in offer["resources"]:
        source = r.get("disk", {}).get("source", {})
        if source.get("id") and label(source.get("metadata", {}), "name") == name:
            return r
    return None


# ---- operations ----

def clone(resource):
    return json.loads(json.dumps(resource))


def sized(entry, size):
    entry = clone(entry)
    entry["scalar"] = {"value": size / MIB}
    return entry


def reservation(entry, size, role, principal=None):
    """That much of a RAW entry, reserved to the role."""
    entry = sized(entry, size)
    info = {"type": "DYNAMIC", "role": role}
    if principal:
        info["principal"] = principal
    entry["reservations"] = entry.get("reservations", []) + [info]
    return entry


def reserve(operation, entry, size, role):
    return {"type": "RESERVE", "id": {"value": operation}, "reserve": {"resources": [reservation(entry, size, role)]}}


def unreserve(operation, resource):
    return {"type": "UNRESERVE", "id": {"value": operation}, "unreserve": {"resources": [resource]}}


def create_disk(operation, source, name, fs="ext4", target="MOUNT"):
    source = clone(source)
    source["disk"]["persistence"] = {"id": name}
    source["disk"]["source"]["metadata"] = {"labels": [{"key": "fs", "value": fs}]}
    return {"type": "CREATE_DISK", "id": {"value": operation}, "create_disk": {"source": source, "target_type": target}}


def destroy_disk(operation, volume):
    return {"type": "DESTROY_DISK", "id": {"value": operation}, "destroy_disk": {"source": volume}}


def amount(name, value, role):
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, "allocation_info": {"role": role}}


def mounted(volume, path):
    volume = clone(volume)
    volume["disk"]["volume"] = {"container_path": path, "mode": "RW"}
    return volume


def task(offer, name, script, role, volume=None, path="data", cpus=0.1, mem=32, **more):
    resources = [amount("cpus", cpus, role), amount("mem", mem, role)]
    if volume:
        resources.append(mounted(volume, path))
    return {"name": name, "task_id": {"value": name}, "agent_id": offer["agent_id"], "resources": resources,
            "command": {"shell": True, "value": script}, **more}


def launch(*tasks):
    return {"type": "LAUNCH", "launch": {"task_infos": list(tasks)}}


def docker_volume(name, path="/data", **options):
    """A container that names a volume of the driver granary."""
    parameters = [{"key": k, "value": str(v)} for k, v in options.items()]
    source = {"driver": "granary", "name": name, "driver_options": {"parameter": parameters}}
    return {"type": "MESOS", "volumes": [{"container_path": path, "mode": "RW", "source": {"type": "DOCKER_VOLUME", "docker_volume": source}}]}


def sandbox(f, task_name):
    """The directory in which that task of the framework ran or runs, as its statuses say; None before the first."""
    for e in list(f.events):
        status = e.get("update", {}).get("status", {})
        if status.get("task_id", {}).get("value") == task_name and label(status.get("labels", {}), "sandbox"):
            return pathlib.Path(label(status["labels"], "sandbox"))
    return None


def stdout(f, task_name):
    place = sandbox(f, task_name)
    return (place / "stdout").read_text(errors="replace") if place and (place / "stdout").exists() else ""


def unused_name(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:6]}"


def decode(data):
    return base64.b64decode(data)
