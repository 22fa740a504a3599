"""What a request means to Portero, fact by fact beside what dockerd keeps and what reached runc."""

from collections.abc import Iterator, Mapping
from typing import Any

from .difference import Difference
from .play import Played
from .spec_mounts import compare_devices, compare_mounts
from .spec_process import compare_process, read_limits


def compare_facts(operation: str, document: Mapping[str, Any], played: Played) -> Iterator[Difference]:
    """Each fact that what dockerd made of the request contradicts."""
    facts, stored, spec = document["facts"], played.stored, played.spec
    assert stored is not None
    if operation == "ContainerCreate":
        yield from _mount_points(facts, stored)
        yield from _settings(facts, stored)
        if spec is not None:
            yield from compare_process(facts, spec, stored["ID"])
            yield from compare_mounts(facts, spec, played.mounted)
            yield from compare_devices(facts, spec)
    elif document["operation"].startswith("Service") and spec is not None:
        yield from compare_process(facts, spec, "")
        yield from compare_mounts(facts, spec, played.mounted)
    elif operation == "ContainerExec" and spec is not None:
        yield from _exec(document, spec)
    elif operation == "ContainerUpdate" and spec is not None:
        yield from _update(facts, spec)
    elif operation == "VolumeCreate":
        yield from _volume(facts, stored)
    elif operation == "NetworkCreate":
        yield from _network(facts, stored)
    elif operation == "NetworkConnect":
        joined = [name for name, end in stored["NetworkSettings"]["Networks"].items() if end is not None]
        if not {*joined} <= {fact["name"] for fact in facts["networks"]} | {"bridge"}:
            yield Difference("facts.networks", facts["networks"], joined)


def _mount_points(facts: Mapping[str, Any], stored: Mapping[str, Any]) -> Iterator[Difference]:
    if facts["volumesFrom"]:
        return  # those of another container are looked up, and are no facts of this request
    for target, point in (stored["MountPoints"] or {}).items():
        matching = [fact for fact in facts["mounts"] if fact["target"] == target and fact["via"] != "host-mount"]
        read = [
            {"writable": fact["writable"], "driver": fact["driver"], "source": fact["source"], "paths": fact["paths"]}
            for fact in matching
        ]
        if not any(_fits(fact, point) for fact in matching):
            yield Difference("facts.mounts", read, {name: point.get(name) for name in _POINT})


_POINT = ("Type", "Source", "Destination", "RW", "Name", "Driver", "Propagation")


def _fits(fact: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    if bool(fact["writable"]) < bool(point["RW"]):
        return False
    if point["Type"] == "bind":
        return fact["type"] == "bind" and point["Source"].rstrip("/") in [path.rstrip("/") for path in fact["paths"]]
    if point["Type"] == "volume":
        return fact["source"] in (None, point["Name"]) or fact["via"] == "driver-options"
    return bool(fact["type"] == point["Type"])


def _settings(facts: Mapping[str, Any], stored: Mapping[str, Any]) -> Iterator[Difference]:
    config, settings = stored["Config"], stored["HostConfig"]
    policy, log = settings["RestartPolicy"], settings["LogConfig"]
    exposed = config.get("ExposedPorts") or {}
    bindings = settings["PortBindings"] or {}
    pairs = {
        "restartPolicy": (facts["restartPolicy"]["name"] or "no", policy["Name"] or "no"),
        "log.driver": (facts["log"]["driver"] or "json-file", log["Type"]),
        "log.options": (sorted(facts["log"]["options"]), sorted(log["Config"] or {})),
        "image": (facts["image"]["reference"], config["Image"]),
        "user": (facts["user"]["value"], config.get("User", "")),
        "privileged": (facts["privileged"]["value"], settings["Privileged"]),
        "ports": (len(facts["ports"]), sum(len(bindings[port] or [None]) for port in bindings)),
        "publishAllPorts": (facts["publishAllPorts"]["value"], settings["PublishAllPorts"]),
    }
    for name, (read, made) in pairs.items():
        if read != made:
            yield Difference(f"facts.{name}", read, made)
    nets = {name for name in stored["NetworkSettings"]["Networks"] or {} if not name.startswith(("container:", "ns:"))}
    known = {fact["name"] for fact in facts["networks"]}
    if "default" in known:
        known.add("bridge")
    if not nets <= known:
        yield Difference("facts.networks", sorted(known), sorted(nets))
    published = sum(len(bindings[port] or [None]) for port in bindings)
    if settings["PublishAllPorts"]:
        published += len(exposed.keys() - bindings.keys())
    if published > facts["publishedPorts"]["value"]:
        yield Difference("facts.publishedPorts", facts["publishedPorts"]["value"], published)


def _update(facts: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[Difference]:
    """What an update sets is in force at the next start; -1 lifts a limit."""
    made = read_limits(spec)
    for name in ("memory", "memoryReservation", "memorySwap", "cpuShares", "pids"):
        read = facts["limits"][name]["value"]
        if read is not None and read != (made[name] or (-1 if name == "pids" else None)):
            yield Difference(f"facts.limits.{name}", read, made[name])
    cpus = facts["limits"]["cpus"]["value"]
    if cpus is not None and (None if cpus == -1 else cpus) != made["cpus"]:
        yield Difference("facts.limits.cpus", cpus, made["cpus"])


def _volume(facts: Mapping[str, Any], stored: Mapping[str, Any]) -> Iterator[Difference]:
    made = [stored["Driver"], sorted(stored.get("Options") or {})]
    read = [[fact["driver"], sorted(fact["driverOptions"]["names"])] for fact in facts["mounts"]]
    if made not in read and "ClusterVolume" not in stored:
        yield Difference("facts.mounts", read, made)


def _network(facts: Mapping[str, Any], stored: Mapping[str, Any]) -> Iterator[Difference]:
    network = facts["network"]
    for name in ("Internal", "Attachable", "Ingress", "ConfigOnly"):
        if network[name[0].lower() + name[1:]] is not stored[name]:
            yield Difference(f"facts.network.{name}", network[name[0].lower() + name[1:]], stored[name])


def _exec(document: Mapping[str, Any], process: Mapping[str, Any]) -> Iterator[Difference]:
    facts, body = document["facts"], document["body"]
    held = len((process.get("capabilities") or {}).get("bounding", []))
    if facts["privileged"]["value"] is not (held > 30):
        yield Difference("facts.privileged", facts["privileged"]["value"], held)
    env = [entry for entry in body.get("Env", []) if "=" in entry]
    if missing := [entry for entry in env if entry not in process.get("env", []) and not _overridden(entry, env)]:
        yield Difference("Env", missing, process.get("env"))
    if body.get("Cmd", []) != process["args"]:
        yield Difference("Cmd", body.get("Cmd"), process["args"])
    if (body.get("WorkingDir") or "/") != process["cwd"]:
        yield Difference("WorkingDir", body.get("WorkingDir"), process["cwd"])
    named = {_GROUPS.get(fact["name"], fact["name"]) for fact in facts["groups"]}
    if named and str(process["user"]["gid"]) not in named:
        yield Difference("facts.groups", sorted(named), process["user"])


def _overridden(entry: str, env: list[str]) -> bool:
    name = entry.partition("=")[0]
    return [one for one in env if one.partition("=")[0] == name][-1] != entry


_GROUPS = {"root": "0", "docker": "999", "nogroup": "65534"}
