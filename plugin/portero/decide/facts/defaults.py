"""The daemon's defaults, put into the facts where a request leaves a field out.

Facts and DaemonDefaults in; out come the facts as if the request had the defaults in it, and `daemonDefaults`, which
names those that were filled in. dockerd creates the containers of services as all others (moby
daemon/cluster/executor/container/adapter.go, create), so the same defaults count there. An update keeps what it leaves
out, and an exec gets no defaults.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, cast

from portero.decide.facts.limits import compute_share
from portero.decide.facts.mount import list_swaps
from portero.decide.facts.networks import ICC
from portero.decide.interfaces.daemon import NO_DEFAULTS, DaemonDefaults
from portero.decide.reading.shapes import parse_version
from portero.decide.values.dataclass import asdict, dataclass, replace
from portero.decide.values.go_values import parse_go_bool
from portero.decide.values.json_fields import JSON, Fact, child, text
from portero.decide.values.spelling import format_path

# The path of a fact and its value.
_Filled: TypeAlias = tuple[tuple[str | int, ...], JSON]

# Clients before 1.40 expect other modes than newer ones, whatever the daemon's defaults are.
_OLD = 40

# From here on read-only binds are recursively so (moby container_routes.go, DefaultReadOnlyNonRecursive; measured).
_RECURSIVE = 44

# By itself the kernel's version of control groups fills in nothing.
_NONE_SET = (NO_DEFAULTS, *(replace(NO_DEFAULTS, cgroup_v2=version) for version in (True, False)))


@dataclass(frozen=True, slots=True)
class _Request:
    facts: Mapping[str, JSON]
    body: Fact
    version: str | None
    daemon: DaemonDefaults

    def is_older_than(self, minor: int) -> bool:
        """Whether the call is of an API before 1.`minor`; without a version it is the daemon's."""
        return self.version is not None and parse_version(self.version) < (1, minor)


def fill_in(
    facts: Mapping[str, JSON], operation_id: str, body: JSON, version: str | None, daemon: Callable[[], DaemonDefaults]
) -> dict[str, JSON]:
    """The facts of one call with the daemon's defaults filled in; `daemon` is called only where they count."""
    fillers = _FILLERS.get(operation_id)
    result = dict(facts)
    if fillers is None:
        return result
    request = _Request(facts, body if isinstance(body, dict) else {}, version, daemon())
    # With none set, as on most hosts, only old clients get other values: asking each filler is two percent of a create.
    is_plain = not request.is_older_than(_RECURSIVE) and request.daemon in _NONE_SET
    filled = [] if is_plain else [one for filler in fillers for one in filler(request)]
    for path, value in filled:
        result = cast("dict[str, JSON]", _replace(result, path, value))
    result["daemonDefaults"] = [format_path(path) for path, _ in filled]
    return result


def _fill_log(request: _Request) -> Iterator[_Filled]:
    """The driver, and options that go with the daemon's driver only (daemon/logs.go, mergeAndVerifyLogConfig)."""
    log = cast(Fact, request.facts["log"])
    if log["driver"] == "" and request.daemon.log_driver:
        yield ("log", "driver"), request.daemon.log_driver
    options = cast("list[str]", log["options"])
    more = [option for option in request.daemon.log_options if option not in options]
    if more and log["driver"] in ("", request.daemon.log_driver):
        yield ("log", "options"), [*options, *more]


def _make_filler(at: str) -> Callable[[_Request], Iterator[_Filled]]:
    """Those whose name is not in the request (daemon/oci_linux.go, mergeUlimits)."""

    def fill(request: _Request) -> Iterator[_Filled]:
        limits = cast("list[Fact]", request.facts["ulimits"])
        names = {limit["name"] for limit in limits}
        more = [limit for limit in request.daemon.ulimits if limit.name not in names]
        for index, limit in enumerate(more, len(limits)):
            yield ("ulimits", index), {**asdict(limit), "at": at}

    return fill


def _fill_no_new_privileges(request: _Request) -> Iterator[_Filled]:
    """Before the request's option (daemon/daemon_linux.go, parseSecurityOpt)."""
    if request.daemon.no_new_privileges and _find_fact(request, "noNewPrivileges")["value"] is None:
        yield ("noNewPrivileges",), {**_find_fact(request, "noNewPrivileges"), "value": True}


def _fill_seccomp(request: _Request) -> Iterator[_Filled]:
    """The daemon's profile (daemon/seccomp_linux.go, WithSeccomp)."""
    seccomp = _find_fact(request, "seccomp")
    if request.daemon.seccomp and seccomp["profile"] == "default":
        yield ("seccomp",), {**seccomp, "profile": request.daemon.seccomp, "sha256": request.daemon.seccomp_sha256}


def _fill_shm_size(request: _Request) -> Iterator[_Filled]:
    """The size of /dev/shm (daemon/daemon_unix.go, adaptContainerSettings)."""
    limits = cast("dict[str, Fact]", _find_fact(request, "limits"))
    if request.daemon.shm_size and limits["shmSize"]["value"] is None:
        share = compute_share(request.daemon.shm_size, cast("int | None", limits["memory"]["value"]))
        yield ("limits", "shmSize"), {**limits["shmSize"], "value": request.daemon.shm_size}
        yield ("limits", "shmShare"), {**limits["shmShare"], "value": share}


def _fill_runtime(request: _Request) -> Iterator[_Filled]:
    """The runtime (daemon/daemon_unix.go, verifyPlatformContainerSettings). A service's Runtime is another thing."""
    if request.daemon.runtime and _find_fact(request, "runtime")["value"] == "":
        yield ("runtime",), {**_find_fact(request, "runtime"), "value": request.daemon.runtime}


def _fill_namespaces(request: _Request) -> Iterator[_Filled]:
    modes = {
        # What clients before 1.40 expect (api/server/router/container/container_routes.go, postContainersCreate).
        "ipc": "shareable" if request.is_older_than(_OLD) else request.daemon.ipc_mode,
        "cgroup": _find_cgroup_mode(request),
        "user": "private" if request.daemon.user_namespaces else "",
    }
    for name, mode in modes.items():
        namespace = cast(Fact, _find_fact(request, "namespaces")[name])
        if mode and namespace["mode"] == "default":
            yield ("namespaces", name), {**namespace, "mode": mode}


def _find_cgroup_mode(request: _Request) -> str:
    """Another mode for clients before 1.41, and privileged containers (adaptContainerSettings), but for cgroup v2.

    Without a setting in daemon.json the mode depends on the kernel, not on the client: nothing is filled in.
    """
    on_v1 = request.daemon.cgroup_v2 is not True
    forced = on_v1 and (request.is_older_than(41) or _find_fact(request, "privileged")["value"] is True)
    return "host" if request.daemon.cgroup_namespace and forced else request.daemon.cgroup_namespace


def _fill_network(request: _Request) -> Iterator[_Filled]:
    """Options of a new network by its driver, unless it copies another one's (daemon/network.go, createNetwork)."""
    driver = text(request.body, "Driver") or "bridge"
    options = request.daemon.network_options.get(driver, {})
    is_set = ICC in child(request.body, "Options") or request.body.get("ConfigFrom") is not None
    allowed = parse_go_bool(options.get(ICC, ""))
    if not is_set and allowed is not None:
        yield ("network", "interContainerCommunication"), allowed


def _fill_mounts(request: _Request) -> Iterator[_Filled]:
    """For clients before 1.44 what is mounted below a read-only bind stays writable; services are not affected."""
    if not request.is_older_than(_RECURSIVE):
        return
    mounts = cast("list[Fact]", request.facts["mounts"])
    binds = {mount["at"] for mount in mounts if mount["via"] in ("bind", "mount") and mount["mountsBelow"]}
    points: dict[str, str] = {}
    for index, mount in enumerate(mounts):
        # What the host mounts inside the source is another fact, with the same place in the request.
        if mount["type"] == "bind" and mount["at"] in binds and not mount["writable"]:
            points |= dict.fromkeys(cast("list[str]", mount["mountsBelow"]), cast(str, mount["at"]))
            yield ("mounts", index, "writable"), True
    for index, mount in enumerate(mounts if points else ()):
        if more := list_swaps(mount, points):
            yield ("mounts", index, "swappableThrough"), [*cast("list[JSON]", mount["swappableThrough"]), *more]


def _find_fact(request: _Request, name: str) -> Fact:
    return cast(Fact, request.facts[name])


def _replace(value: JSON, path: tuple[str | int, ...], new: JSON) -> JSON:
    """A copy of the value with `new` at a path; an index is in its list or one past the end."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = cast("list[JSON]", value)
        return [*items[:step], _replace(items[step] if step < len(items) else None, rest, new), *items[step + 1 :]]
    inner = cast(Fact, value)
    return {**inner, step: _replace(inner[step], rest, new)}


_CONTAINER = (_fill_log, _fill_no_new_privileges, _fill_seccomp, _fill_shm_size)
_SERVICE = (*_CONTAINER, _make_filler("TaskTemplate.ContainerSpec.Ulimits"))
_FILLERS: Mapping[str, tuple[Callable[[_Request], Iterator[_Filled]], ...]] = {
    "ContainerCreate": (*_CONTAINER, _make_filler("HostConfig.Ulimits"), _fill_runtime, _fill_namespaces, _fill_mounts),
    "ServiceCreate": _SERVICE,
    "ServiceUpdate": _SERVICE,
    "NetworkCreate": (_fill_network,),
}
