"""How a container's process runs: user, groups, sysctls, restart policy, health check, and other plain values."""

import re
from collections.abc import Iterable, Mapping

from portero.facts.fields import as_text, integer, text, texts
from portero.types import JSON, Fact

# Swarm's words for what the API of containers calls otherwise (moby api/types/swarm/task.go). Nothing said is `any`.
_CONDITIONS: Mapping[str, str] = {"": "always", "any": "always", "none": "no"}


def flag_of(value: JSON, said: str) -> Fact:
    """A truth value with its place."""
    return {"value": value, "at": said}


def text_of(value: str, said: str) -> Fact:
    """A text with its place."""
    return {"value": value, "at": said}


def names_of(names: Iterable[str], place: str) -> list[JSON]:
    """Names with their places in a list."""
    return [{"name": name, "at": f"{place}[{index}]"} for index, name in enumerate(names)]


def annotations(values: Fact, said: str) -> list[JSON]:
    """The names of annotations, which runtimes take as orders."""
    return [{"name": name, "at": said} for name in values]


def sysctls(values: Fact, said: str) -> list[JSON]:
    """Sysctls under the names that they have below /proc/sys, with dots."""
    return [{"name": _dotted(name), "value": as_text(value, said), "at": said} for name, value in values.items()]


def restart_of_container(policy: Fact, said: str) -> Fact:
    """The RestartPolicy of a container."""
    return _restart(text(policy, "Name"), integer(policy, "MaximumRetryCount"), said)


def restart_of_service(policy: Fact, said: str) -> Fact:
    """The RestartPolicy of a task, in the words of a container's."""
    condition = text(policy, "Condition")
    return _restart(_CONDITIONS.get(condition, condition), integer(policy, "MaxAttempts"), said)


def healthcheck(check: Fact, said: str) -> Fact:
    """Whether there is a health check (moby daemon/health.go, getProbe: an unknown kind of test is none)."""
    test = texts(check, "Test")
    if not test:
        return {"value": "image", "at": said}
    return {"value": "set" if test[0] in ("CMD", "CMD-SHELL") else "none", "at": said}


def extra_hosts(entries: Iterable[str], place: str) -> list[JSON]:
    """Entries name:address of a container or a build (moby opts/hosts.go: the first colon separates)."""
    return [_host(*entry.partition(":")[::2], f"{place}[{index}]") for index, entry in enumerate(entries)]


def hosts_of_service(entries: Iterable[str], place: str) -> list[JSON]:
    """Entries of a service, as a line of /etc/hosts: an address, then names."""
    return [
        _host(name, address, f"{place}[{index}]")
        for index, entry in enumerate(entries)
        for address, names in [_hosts_line(entry)]
        for name in names
    ]


def _hosts_line(entry: str) -> tuple[str, list[str]]:
    address, *names = entry.split() or [""]
    return address, names or [""]


def _host(name: str, address: str, said: str) -> Fact:
    return {"name": name, "address": address, "at": said}


def _restart(name: str, count: int | None, said: str) -> Fact:
    return {"name": name, "maximumRetryCount": count or 0, "at": said}


def _dotted(name: str) -> str:
    # runc writes to /proc/sys with every dot turned into a slash; empty parts do not change a path.
    return ".".join(part for part in re.split(r"[./]", name.lower()) if part)
