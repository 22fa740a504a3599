"""The daemon's own defaults, put into the facts where a request says nothing.

Facts and DaemonDefaults in; out come the facts as if the request had said the defaults, and `daemonDefaults`, which
names those that were put in. dockerd makes the containers of services as it makes all others (moby
daemon/cluster/executor/container/adapter.go, create), so the same defaults count there. An update leaves alone what it
does not say, and a process that joins a container is given none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TypeAlias, cast

from portero.facts.fields import child, text
from portero.facts.networks import ICC
from portero.facts.values import go_bool
from portero.host.daemon_defaults import NOTHING_KNOWN, DaemonDefaults
from portero.types import JSON, Fact

# A place among the facts and what is put there.
_Filled: TypeAlias = tuple[tuple[str | int, ...], JSON]

# Clients before 1.40 expect other containers than newer ones, whatever the daemon's defaults are.
_OLD = 40


@dataclass(frozen=True, slots=True)
class _Case:
    facts: Mapping[str, JSON]
    body: Fact
    version: str | None
    daemon: DaemonDefaults

    def older_than(self, minor: int) -> bool:
        """Whether the call is of an API before 1.`minor`; without a version it is of the daemon's own."""
        return self.version is not None and _figures(self.version) < (1, minor)

    def says_nothing(self) -> bool:
        """Whether there is nothing to put in: no default is set, and the API's version brings none."""
        return self.daemon == NOTHING_KNOWN and not self.older_than(_OLD)


def filled(
    told: Mapping[str, JSON],
    operation_id: str,
    body: JSON,
    version: str | None,
    daemon: Callable[[], DaemonDefaults],
) -> dict[str, JSON]:
    """The facts `told` of one call, with the daemon's defaults in them; `daemon` is asked only where they count."""
    fillers = _FILLERS.get(operation_id)
    facts = dict(told)
    if fillers is None:
        return facts
    case = _Case(told, body if isinstance(body, dict) else {}, version, daemon())
    put = [] if case.says_nothing() else [one for filler in fillers for one in filler(case)]
    for path, value in put:
        facts = cast(dict[str, JSON], _with(facts, path, value))
    facts["daemonDefaults"] = [_spelt(path) for path, _ in put]
    return facts


def _log(case: _Case) -> Iterator[_Filled]:
    """The driver, and options that go with the daemon's driver only (daemon/logs.go, mergeAndVerifyLogConfig)."""
    log = cast(Fact, case.facts["log"])
    if log["driver"] == "" and case.daemon.log_driver:
        yield ("log", "driver"), case.daemon.log_driver
    said = cast(list[str], log["options"])
    more = [option for option in case.daemon.log_options if option not in said]
    if more and log["driver"] in ("", case.daemon.log_driver):
        yield ("log", "options"), [*said, *more]


def _ulimits(place: str) -> Callable[[_Case], Iterator[_Filled]]:
    """Those whose name the request does not say (daemon/oci_linux.go, mergeUlimits)."""

    def fill(case: _Case) -> Iterator[_Filled]:
        said = cast(list[Fact], case.facts["ulimits"])
        names = {limit["name"] for limit in said}
        more = [limit for limit in case.daemon.ulimits if limit.name not in names]
        for index, limit in enumerate(more, len(said)):
            yield ("ulimits", index), {**asdict(limit), "at": place}

    return fill


def _no_new_privileges(case: _Case) -> Iterator[_Filled]:
    """Before the request's own option (daemon/daemon_linux.go, parseSecurityOpt)."""
    if case.daemon.no_new_privileges and _fact(case, "noNewPrivileges")["value"] is None:
        yield ("noNewPrivileges",), {**_fact(case, "noNewPrivileges"), "value": True}


def _seccomp(case: _Case) -> Iterator[_Filled]:
    """The daemon's profile (daemon/seccomp_linux.go, WithSeccomp)."""
    seccomp = _fact(case, "seccomp")
    if case.daemon.seccomp and seccomp["profile"] == "default":
        yield ("seccomp",), {**seccomp, "profile": case.daemon.seccomp, "sha256": case.daemon.seccomp_sha256}


def _shm_size(case: _Case) -> Iterator[_Filled]:
    """The size of /dev/shm (daemon/daemon_unix.go, adaptContainerSettings)."""
    size = cast(Fact, _fact(case, "limits")["shmSize"])
    if case.daemon.shm_size and size["value"] is None:
        yield ("limits", "shmSize"), {**size, "value": case.daemon.shm_size}


def _runtime(case: _Case) -> Iterator[_Filled]:
    """The runtime (daemon/daemon_unix.go, verifyPlatformContainerSettings). A service's Runtime is another thing."""
    if case.daemon.runtime and _fact(case, "runtime")["value"] == "":
        yield ("runtime",), {**_fact(case, "runtime"), "value": case.daemon.runtime}


def _namespaces(case: _Case) -> Iterator[_Filled]:
    modes = {"ipc": _ipc(case), "cgroup": _cgroup(case), "user": "private" if case.daemon.user_namespaces else ""}
    for name, mode in modes.items():
        namespace = cast(Fact, _fact(case, "namespaces")[name])
        if mode and namespace["mode"] == "default":
            yield ("namespaces", name), {**namespace, "mode": mode}


def _ipc(case: _Case) -> str:
    # api/server/router/container/container_routes.go, postContainersCreate: what clients before 1.40 expect.
    return "shareable" if case.older_than(_OLD) else case.daemon.ipc_mode


def _cgroup(case: _Case) -> str:
    """The same for clients before 1.41, and privileged containers (adaptContainerSettings), but for cgroup v2.

    Without a word in daemon.json the mode is that of the kernel's version, old client or not: nothing is put in.
    """
    on_v1 = case.daemon.cgroup_v2 is not True
    undone = on_v1 and (case.older_than(41) or _fact(case, "privileged")["value"] is True)
    return "host" if case.daemon.cgroup_namespace and undone else case.daemon.cgroup_namespace


def _network(case: _Case) -> Iterator[_Filled]:
    """Options of a new network by its driver, unless it copies another one's (daemon/network.go, createNetwork)."""
    driver = text(case.body, "Driver") or "bridge"
    options = case.daemon.network_options.get(driver, {})
    says = ICC in child(case.body, "Options") or case.body.get("ConfigFrom") is not None
    allowed = go_bool(options.get(ICC, ""))
    if not says and allowed is not None:
        yield ("network", "interContainerCommunication"), allowed


def _fact(case: _Case, name: str) -> Fact:
    return cast(Fact, case.facts[name])


def _with(value: JSON, path: tuple[str | int, ...], new: JSON) -> JSON:
    """A copy of the value with something new at a path; an index is one past the end of its list."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return [*cast(list[JSON], value), _with(None, rest, new)]
    inner = cast(Fact, value)
    return {**inner, step: _with(inner[step], rest, new)}


def _spelt(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _figures(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


_CONTAINER = (_log, _no_new_privileges, _seccomp, _shm_size)
_SERVICE = (*_CONTAINER, _ulimits("TaskTemplate.ContainerSpec.Ulimits"))
_FILLERS: Mapping[str, tuple[Callable[[_Case], Iterator[_Filled]], ...]] = {
    "ContainerCreate": (*_CONTAINER, _ulimits("HostConfig.Ulimits"), _runtime, _namespaces),
    "ServiceCreate": _SERVICE,
    "ServiceUpdate": _SERVICE,
    "NetworkCreate": (_network,),
}
