"""What a build asks for. All of it is in the query (moby api/server/router/build/build_routes.go, 26.1).

What dockerd refuses is refused here as well. dockerd shows a plugin neither the context nor the Dockerfile in it.

Of a build with BuildKit (over /grpc and /session, and in a builder of buildx) it shows nothing, so the fact `buildkit`
is what dockerd itself refuses to all of them. Where /grpc is refused buildx starts another builder, whatever the
message was (measured with buildx 0.29): it asks for the container buildx_buildkit_NAME and pulls moby/buildkit, so
these requests have the fact, too.
"""

from collections.abc import Mapping, Sequence

from portero.decide.facts import addresses, devices, limits, networks, process, secret_names
from portero.decide.interfaces.host import HostMoment
from portero.decide.reading.body_decoder import canonicalize
from portero.decide.reading.go_json import fold, parse_json
from portero.decide.reading.shapes import Field, ListOf, MapOf, Scalar, Shape, Struct
from portero.decide.reading.uri import find_first
from portero.decide.values.go_values import parse_go_int64
from portero.decide.values.json_fields import JSON, Fact, as_object, as_text, items
from portero.decide.values.refusals import Refused

Query = Mapping[str, Sequence[str]]

# The parameters for limits, by the field of a HostConfig that a container has for the same.
_LIMITS: Mapping[str, str] = {
    "Memory": "memory",
    "MemorySwap": "memswap",
    "CpuShares": "cpushares",
    "CpuPeriod": "cpuperiod",
    "CpuQuota": "cpuquota",
    "ShmSize": "shmsize",
}
# A build has no parameter for other limits; that of CPUs follows from the quota.
_AT: Mapping[str, str] = {
    name: f"?{_LIMITS[field]}" if field in _LIMITS else "query" for name, field in limits.AT.items()
} | {"cpus": "?cpuquota"}
_TEXT_MAP = MapOf(Scalar("string"))
_TEXTS = ListOf(Scalar("string"))
_ULIMIT = {
    name: Field(name, Scalar(kind), pointer=False)
    for name, kind in [("Name", "string"), ("Hard", "int64"), ("Soft", "int64")]
}
_ULIMITS = ListOf(Struct({fold(name): field for name, field in _ULIMIT.items()}, {}))
# The names of buildx (driver/docker-container/factory.go and driver.go, bkimage/bkimage.go).
_BUILDER_CONTAINER = "buildx_buildkit_"
_BUILDER_IMAGE = ("docker.io", "moby/buildkit")


def read_query(query: Query, host: HostMoment) -> dict[str, JSON]:
    """The facts of ImageBuild."""
    mode = find_first(query, "networkmode")
    return {
        "build": _make_fact(query),
        **devices.read_built("operation", host, commits=True),
        "downloads": [addresses.make_fact(find_first(query, "remote"), "?remote")] if _is_fetched(query) else [],
        # RUN steps can share a namespace too.
        "namespaces": {"network": process.make_namespace("network", mode, "?networkmode")},
        "networks": [networks.make_fact(mode or "default", "?networkmode", host)],
        "cgroupParent": process.make_value(find_first(query, "cgroupparent"), "?cgroupparent"),
        "secrets": _find_secrets(query, "buildargs") + _find_secrets(query, "labels"),
        "extraHosts": process.read_extra_hosts(_read_extra_hosts(query), "?extrahosts"),
        "limits": limits.make_fact(
            # httputils.Int64ValueOrZero: what is no number counts as absent.
            {field: parse_go_int64(find_first(query, name)) or 0 for field, name in _LIMITS.items()},
            _AT,
            updating=False,
        ),
        "ulimits": limits.read_ulimits(
            {"Ulimits": _parse_parameter(find_first(query, "ulimits"), _ULIMITS, "?ulimits")}, "?ulimits"
        ),
    }


def _make_fact(query: Query) -> Fact:
    version = _read_version(query)
    if version not in ("1", "2"):
        raise Refused("body-wrong-type", "?version")
    return {
        "remote": process.make_value(_is_fetched(query), "?remote"),
        "version": version,
        "securityOptions": [{"name": option, "at": "?securityopt"} for option in query.get("securityopt", ())],
        "at": "?version",
    }


def _read_version(query: Query) -> str:
    return find_first(query, "version") or "1"


def _is_fetched(query: Query) -> bool:
    """Whether the daemon fetches the context itself (moby builder/builder-next/builder.go, Build)."""
    version, remote = _read_version(query), find_first(query, "remote")
    if version == "2" and remote == "client-session":
        return False
    if version == "2" and remote == "upload-request":
        return find_first(query, "buildid") == ""
    return remote != ""


def _read_extra_hosts(query: Query) -> list[str]:
    # dockerd takes each value as name:address. A list in JSON, which some clients send, means its entries.
    entries: list[JSON] = []
    for value in query.get("extrahosts", ()):
        entries += items({"": _parse_parameter(value, _TEXTS, "?extrahosts")}, "") if value.startswith("[") else [value]
    return [as_text(entry, "?extrahosts") for entry in entries]


def _find_secrets(query: Query, name: str) -> list[JSON]:
    at = f"?{name}"
    # An argument without a value (null) is only declared.
    return secret_names.find_in_map(as_object(_parse_parameter(find_first(query, name), _TEXT_MAP, at), at), at)


def _parse_parameter(text: str, shape: Shape, at: str) -> JSON:
    """A parameter in JSON, under the same rules as a body; None when it is empty or absent."""
    try:
        return canonicalize(shape, parse_json(text.encode())).body if text else None
    except UnicodeEncodeError:
        raise Refused("body-not-utf8", at) from None
    except Refused as refused:
        raise Refused(refused.code, at) from None


def read_connection(host: HostMoment) -> dict[str, JSON]:
    """The facts of Grpc and Session."""
    return _make_buildkit_fact("operation", host)


def read_builder_inspect(path: Mapping[str, str], host: HostMoment) -> dict[str, JSON]:
    """The facts of ContainerInspect; {} for a container that is no builder."""
    return _make_buildkit_fact("path.id", host) if path.get("id", "").lstrip("/").startswith(_BUILDER_CONTAINER) else {}


def read_builder_pull(image: JSON, host: HostMoment) -> dict[str, JSON]:
    """The facts of a pull; {} for another image than BuildKit's."""
    is_builder = isinstance(image, dict) and (image["registry"], image["repository"]) == _BUILDER_IMAGE
    return _make_buildkit_fact("?fromImage", host) if is_builder else {}


def _make_buildkit_fact(at: str, host: HostMoment) -> dict[str, JSON]:
    return {"buildkit": {"entitlements": host.daemon().entitlements, "at": at}, **devices.read_built(at, host)}
