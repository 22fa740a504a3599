"""How a container's process runs: user, groups, folder, sysctls, health check, and other plain values.

And the namespaces that it shares, by their modes (moby api/types/container/hostconfig.go, 26.1).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from portero.decide.values.docker_names import AT_PATH, JOINING, find_namespace_owner
from portero.decide.values.json_fields import JSON, Fact, as_text, integer, text, texts

# Swarm's conditions and the names of the same in a container (moby api/types/swarm/task.go). Absent is `any`.
_CONDITIONS: Mapping[str, str] = {"": "always", "any": "always", "none": "no"}
_GROUP_NUMBER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_PROCESS = re.compile(r"self|thread-self|[0-9]+")
# Links in a process's folder that lead to a folder.
_LINKS = frozenset({"fd", "cwd", "root"})
# With .. the kernel goes up from where a link led: /proc/net/../fd/8 is /proc/self/fd/8. No ordinary path does that.
_CLIMBS_FROM = frozenset({"proc", "fd"})
# The words that dockerd knows for each namespace; they are compared exactly, case and all.
_WORDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "network": ("NetworkMode", frozenset({"default", "bridge", "none", "host"})),
    "pid": ("PidMode", frozenset({"host"})),
    "ipc": ("IpcMode", frozenset({"host", "private", "shareable", "none"})),
    "uts": ("UTSMode", frozenset({"host"})),
    "user": ("UsernsMode", frozenset({"host"})),
    "cgroup": ("CgroupnsMode", frozenset({"host", "private"})),
}


def make_value(value: JSON, at: str) -> Fact:
    """One value with its `at`."""
    return {"value": value, "at": at}


def read_sysctls(values: Fact, at: str) -> list[JSON]:
    """Sysctls under the names that they have below /proc/sys, with dots."""
    # runc writes to /proc/sys with every dot turned into a slash; empty parts do not change a path.
    return [
        {"name": ".".join(filter(None, re.split(r"[./]", name.lower()))), "value": as_text(value, at), "at": at}
        for name, value in values.items()
    ]


def read_domain_name(name: str, at: str) -> list[JSON]:
    """Domainname, which dockerd sets as a sysctl (moby daemon/oci_linux.go, setLinuxDomainname)."""
    return [{"name": "kernel.domainname", "value": name, "at": at}] if name else []


def read_grace_period(spec: Fact, at: str) -> Fact:
    """StopGracePeriod of a service in seconds; None: not set."""
    nanoseconds = integer(spec, "StopGracePeriod")
    return make_value(None if nanoseconds is None else nanoseconds / 1e9, at)


def read_container_restart(policy: Fact, at: str) -> Fact:
    """The RestartPolicy of a container."""
    return {"name": text(policy, "Name"), "maximumRetryCount": integer(policy, "MaximumRetryCount") or 0, "at": at}


def read_service_restart(policy: Fact, at: str) -> Fact:
    """The RestartPolicy of a task, under the names of a container's."""
    condition = text(policy, "Condition")
    name, count = _CONDITIONS.get(condition, condition), integer(policy, "MaxAttempts") or 0
    return {"name": name, "maximumRetryCount": count, "at": at}


def read_healthcheck(check: Fact, at: str) -> Fact:
    """Whether there is one (moby daemon/health.go, getProbe: an unknown kind of test is none), and how long it is."""
    test = texts(check, "Test")
    kind = "image" if not test else "set" if test[0] in ("CMD", "CMD-SHELL") else "none"
    return {"healthcheck": make_value(kind, at), "healthcheckSize": measure_texts([(f"{at}.Test", check.get("Test"))])}


def read_extra_hosts(entries: Iterable[str], at: str) -> list[JSON]:
    """Entries name:address of a container or a build (moby opts/hosts.go: the first colon separates)."""
    pairs = (entry.partition(":")[::2] for entry in entries)
    return [{"name": name, "address": address, "at": f"{at}[{index}]"} for index, (name, address) in enumerate(pairs)]


def read_service_hosts(entries: Iterable[str], at: str) -> list[JSON]:
    """Entries of a service, as a line of /etc/hosts: an address, then names."""
    return [
        {"name": name, "address": address, "at": f"{at}[{index}]"}
        for index, entry in enumerate(entries)
        for address, *names in [entry.split() or [""]]
        for name in names or [""]
    ]


def read_groups(added: list[str], at: str) -> list[JSON]:
    """The groups of GroupAdd, and of a service's Groups.

    A name is looked up in the /etc/group of the image, a number is the host's (moby/sys user, GetAdditionalGroups and
    GetExecUser): both count.
    """
    return [
        {"name": _normalize_group(group), "primary": False, "at": f"{at}[{index}]"} for index, group in enumerate(added)
    ]


def read_primary(user: str, at: str) -> list[JSON]:
    """Of `user:group`; none when no group is given. What follows a second colon is ignored."""
    group = user.split(":")[1] if ":" in user else ""
    return [{"name": _normalize_group(group), "primary": True, "at": at}] if group else []


def _normalize_group(group: str) -> str:
    """Numbers as strconv reads them: +06 is 6."""
    return str(int(group)) if _GROUP_NUMBER.fullmatch(group) else group


def read_working_directory(body: Fact, name: str, at: str) -> Fact:
    """The field `name` of the body, as sent; empty: the image's, which is seen where the container is started.

    `ofProcess`: it leads through what a process has open. /proc/self/fd/8 names what the runtime itself has open then:
    with runc up to 1.1.11 a folder of the host (CVE-2024-21626). dockerd cleans the path of a container
    (daemon/container.go, validateContainerConfig) and hands that of an exec on unchanged, so that
    `/proc/self/fd/8/../..` goes up from where the descriptor leads (measured on 20.10 and 26.1). Links in the image or
    in a volume cannot be seen here.
    """
    path = text(body, name)
    return {"value": path, "ofProcess": _passes_process_link(path), "at": at}


def _passes_process_link(path: str) -> bool:
    if "proc" not in path and "fd" not in path:
        return False
    # A relative one is refused by dockerd or runc (measured); it counts as one from the root.
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        return not _CLIMBS_FROM.isdisjoint(parts)
    if parts[:1] == ["proc"]:
        return _PROCESS.fullmatch("".join(parts[1:2])) is not None and not _LINKS.isdisjoint(parts[2:])
    return parts[:2] == ["dev", "fd"]


def measure_texts(fields: Iterable[tuple[str, JSON]]) -> Fact:
    """The bytes of maps, lists and texts, by their place in the request; `at` is the longest one.

    Labels, options and commands stand in each list of dockerd, which everybody reads; a command also in its last 256
    events, and for as long as its exec is known.
    """
    sizes = {at: _measure(value) if value else 0 for at, value in fields}
    return {"value": sum(sizes.values()), "at": max(sizes, key=sizes.__getitem__)}


def list_texts(value: JSON) -> Iterator[str]:
    """All texts in a value, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from list_texts(part)


def _measure(value: JSON) -> int:
    texts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else [value]
    try:
        joined = "".join(cast("list[str]", texts))
    except TypeError:  # not all of them are texts
        joined = "".join([text for text in texts if isinstance(text, str)])
    return len(joined) if joined.isascii() else len(joined.encode())


def read_namespaces(config: Fact) -> Fact:
    """All six, from a HostConfig."""
    return {
        namespace: make_namespace(namespace, text(config, field), f"HostConfig.{field}")
        for namespace, (field, _) in _WORDS.items()
    }


def make_namespace(namespace: str, mode: str, at: str) -> Fact:
    return {"mode": _normalize_mode(namespace, mode), "container": find_namespace_owner(mode), "at": at}


def _normalize_mode(namespace: str, mode: str) -> str:
    if mode == "":
        return "default"
    if mode in _WORDS[namespace][1]:
        return mode
    if mode.startswith(JOINING):
        return "container"
    if mode.startswith(AT_PATH):
        return "path"
    return "network" if namespace == "network" else "other"
