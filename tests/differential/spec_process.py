"""The process, limits and isolation of an OCI spec beside the facts of the request that led to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from posixpath import normpath
from typing import Any

from portero.decide.facts.security import MASKED, READONLY
from portero.decide.values.json_fields import JSON

from .difference import Difference

# What dockerd itself gives a container (moby oci/caps/defaults.go, oci/defaults.go, daemon/oci_linux.go).
USUAL_CAPABILITIES = frozenset(
    {
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"),
        *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    }
)
_MANY = 36  # with all capabilities a container has at least so many
USUAL_SYSCTLS = (["net.ipv4.ip_unprivileged_port_start", "0"], ["net.ipv4.ping_group_range", "0 2147483647"])
_NAMESPACES = ("network", "pid", "ipc", "uts", "cgroup", "user")
_IMAGE_GROUPS = {"root": "0", "docker": "999", "nogroup": "65534"}
Facts = Mapping[str, Any]
Spec = Mapping[str, Any]


def compare_process(facts: Facts, spec: Spec, id: str) -> Iterator[Difference]:
    """Each fact of the process that the spec contradicts. A service has not all of them."""
    for name, look in _LOOKS.items():
        if name in facts:
            read, made = look(facts, spec)
            if read != made:
                yield Difference(f"facts.{name}", read, made)
    if "cgroupParent" in facts:
        yield from _compare_cgroup(facts, spec, id)
    yield from _compare_limits(facts, spec)


def _privileged(facts: Facts) -> bool:
    return facts.get("privileged", {}).get("value") is True


def _capabilities(facts: Facts, spec: Spec) -> tuple[JSON, JSON]:
    made = {name.removeprefix("CAP_") for name in (spec["process"].get("capabilities") or {}).get("bounding", [])}
    add = {fact["name"] for fact in facts["capabilities"]["add"]}
    drop = {fact["name"] for fact in facts["capabilities"]["drop"]}
    if _privileged(facts) or "ALL" in add:
        refused = set() if _privileged(facts) else drop - {"ALL"}
        return [True, []], [len(made) + len(refused) >= _MANY, sorted(made & refused)]
    kept = set() if "ALL" in drop else USUAL_CAPABILITIES - drop
    return sorted(kept | add), sorted(made)


def _seccomp(facts: Facts, spec: Spec) -> tuple[JSON, JSON]:
    profile, made = facts["seccomp"]["profile"], spec["linux"].get("seccomp")
    action = None if made is None else made["defaultAction"]
    if profile == "custom":
        return "custom", "custom" if action != "SCMP_ACT_ERRNO" else action
    if profile == "unconfined" or _privileged(facts):
        return None, action
    return "SCMP_ACT_ERRNO", action


def _closed(name: str, facts: Facts, spec: Spec, usual: Sequence[str]) -> tuple[JSON, JSON]:
    if _privileged(facts):
        return [], []
    return facts[name]["missing"], [path for path in usual if path not in (spec["linux"].get(name) or [])]


def _namespace_modes(facts: Facts, spec: Spec) -> tuple[JSON, JSON]:
    """own: a namespace for the container; shared: another's; host: none."""
    made = {entry["type"]: "shared" if entry.get("path") else "own" for entry in spec["linux"]["namespaces"]}
    read: dict[str, JSON] = {}
    for name in _NAMESPACES:
        mode = facts["namespaces"][name]["mode"]
        read[name] = {"host": "host", "container": "shared", "path": "shared"}.get(mode, "own")
    found: dict[str, JSON] = {name: made.get(name, "host") for name in _NAMESPACES}
    # Without remapping no container has a user namespace of its own. On cgroup v1 the default is the host's.
    read["user"] = "host"
    if facts["namespaces"]["cgroup"]["mode"] == "default" or _privileged(facts):
        read["cgroup"] = found["cgroup"] if facts["namespaces"]["cgroup"]["mode"] == "default" else read["cgroup"]
    return read, found


def _sysctls(facts: Facts, spec: Spec) -> tuple[JSON, JSON]:
    # Those of an endpoint are set by dockerd itself, when the container joins the network.
    read = [[fact["name"], fact["value"]] for fact in facts["sysctls"] if not fact["at"].endswith("DriverOpts")]
    made = [[_dotted(name), value] for name, value in (spec["linux"].get("sysctl") or {}).items()]
    for usual in USUAL_SYSCTLS:
        if usual in made and usual not in read:
            made.remove(usual)
    return [*sorted(read)], [*sorted(made)]


def _dotted(name: str) -> str:
    return ".".join(part for part in name.lower().replace("/", ".").split(".") if part)


def _groups(facts: Facts, spec: Spec) -> tuple[JSON, JSON]:
    """Groups that the process has and that no fact names."""
    user = spec["process"]["user"]
    named = {_IMAGE_GROUPS.get(fact["name"], fact["name"]) for fact in facts["groups"]}
    had = {str(group) for group in (user["gid"], *user.get("additionalGids", []))}
    return [], sorted(had - named - {"0"} - _own_group(facts, user))


def _own_group(facts: Facts, user: Mapping[str, Any]) -> set[str]:
    """The group that the image gives a user who names none."""
    return set() if any(fact["primary"] for fact in facts["groups"]) else {str(user["gid"])}


def _ulimits(facts: Facts, spec: Spec) -> tuple[JSON, JSON]:
    limits = spec["process"].get("rlimits") or []
    read = {fact["name"]: [_unsigned(fact["soft"]), _unsigned(fact["hard"])] for fact in facts["ulimits"]}
    return {**read}, {limit["type"].removeprefix("RLIMIT_").lower(): [limit["soft"], limit["hard"]] for limit in limits}


def _unsigned(number: int) -> int:
    return number % 2**64


def _oom_kill(facts: Facts, spec: Spec) -> tuple[JSON, JSON]:
    memory = spec["linux"].get("resources", {}).get("memory", {})
    return facts.get("oomKillDisable", {}).get("value") is True, memory.get("disableOOMKiller", False)


_LOOKS: Mapping[str, Callable[[Facts, Spec], tuple[JSON, JSON]]] = {
    "capabilities": _capabilities,
    "noNewPrivileges": lambda facts, spec: (
        facts["noNewPrivileges"]["value"] is True,
        spec["process"].get("noNewPrivileges", False),
    ),
    "seccomp": _seccomp,
    # No AppArmor where these tests run: a profile that is named reaches nothing.
    "apparmor": lambda facts, spec: ("", spec["process"].get("apparmorProfile", "")),
    "maskedPaths": lambda facts, spec: _closed("maskedPaths", facts, spec, MASKED),
    "readonlyPaths": lambda facts, spec: _closed("readonlyPaths", facts, spec, READONLY),
    "readOnlyRootfs": lambda facts, spec: (facts["readOnlyRootfs"]["value"], spec["root"].get("readonly", False)),
    "namespaces": _namespace_modes,
    "sysctls": _sysctls,
    "groups": _groups,
    "ulimits": _ulimits,
    "annotations": lambda facts, spec: (
        sorted(fact["name"] for fact in facts.get("annotations", [])),
        sorted(spec.get("annotations") or {}),
    ),
    "oomKillDisable": _oom_kill,
}


def _compare_cgroup(facts: Facts, spec: Spec, id: str) -> Iterator[Difference]:
    parent = facts["cgroupParent"]["value"]
    # dockerd joins parent and ID; runc cleans the path.
    read = normpath(f"/{(parent or 'docker').strip('/')}/{id}").replace("//", "/", 1)
    made = normpath(f"/{spec['linux']['cgroupsPath'].lstrip('/')}")
    if read != made:
        yield Difference("facts.cgroupParent", read, made)


def _compare_limits(facts: Facts, spec: Spec) -> Iterator[Difference]:
    limits = {name: limit["value"] for name, limit in facts["limits"].items()}
    made = {**read_limits(spec), "shmSize": _shm(spec, limits["shmSize"])}
    for name, value in made.items():
        if limits[name] != value:
            yield Difference(f"facts.limits.{name}", limits[name], value)


def read_limits(spec: Spec) -> dict[str, float | None]:
    """The limits in a spec under the names of facts; None: there is none."""
    resources = spec["linux"].get("resources", {})
    memory, cpu = resources.get("memory", {}), resources.get("cpu", {})
    period = cpu.get("period") or 100_000
    return {
        "memory": memory.get("limit"),
        "memoryReservation": memory.get("reservation"),
        "memorySwap": memory.get("swap"),
        "memorySwappiness": memory.get("swappiness"),
        "kernelMemory": memory.get("kernel"),
        "cpus": cpu["quota"] / period if cpu.get("quota", 0) > 0 else None,
        "cpuShares": cpu.get("shares") or None,
        "pids": resources.get("pids", {}).get("limit"),
        "oomScoreAdj": spec["process"].get("oomScoreAdj") or None,
    }


def _shm(spec: Spec, read: int | None) -> int | None:
    """The size of /dev/shm; what is read where it is another container's, the host's or one that dockerd mounts."""
    for mount in spec["mounts"]:
        if mount["destination"] == "/dev/shm":
            if mount["type"] != "tmpfs":
                return read
            sizes = [option for option in mount.get("options", []) if option.startswith("size=")]
            return int(sizes[0].removeprefix("size=")) if sizes else None
    return None
