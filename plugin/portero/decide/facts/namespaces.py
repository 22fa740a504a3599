"""The namespaces that a container shares, by their modes (moby api/types/container/hostconfig.go, 26.1)."""

from collections.abc import Mapping

from portero.decide.values.docker_names import AT_PATH, JOINING, find_namespace_owner
from portero.decide.values.json_fields import Fact, text

# The words that dockerd knows for each namespace; they are compared exactly, case and all.
_WORDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "network": ("NetworkMode", frozenset({"default", "bridge", "none", "host"})),
    "pid": ("PidMode", frozenset({"host"})),
    "ipc": ("IpcMode", frozenset({"host", "private", "shareable", "none"})),
    "uts": ("UTSMode", frozenset({"host"})),
    "user": ("UsernsMode", frozenset({"host"})),
    "cgroup": ("CgroupnsMode", frozenset({"host", "private"})),
}


def read_create(config: Fact) -> Fact:
    """All six, from a HostConfig."""
    return {
        namespace: _make_fact(namespace, text(config, field), f"HostConfig.{field}")
        for namespace, (field, _) in _WORDS.items()
    }


def read_build(mode: str, at: str) -> Fact:
    """The network's alone, from the networkmode of a build: RUN steps can share a namespace too."""
    return {"network": _make_fact("network", mode, at)}


def _make_fact(namespace: str, mode: str, at: str) -> Fact:
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
