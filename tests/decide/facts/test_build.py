"""What a build asks for: its query, as the docker command line (26.1) and others write it, and what BuildKit may."""

from collections.abc import Mapping
from typing import Any

import pytest

from portero.decide.facts import build
from portero.decide.facts.collect import collect_facts
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost

HOST = FixedHost()
OFF: Mapping[str, JSON] = {
    "builder": {"entitlements": {"network-host": False, "security-insecure": False, "device": False}}
}
BUILDER = "buildx_buildkit_default"


def of(**query: str) -> Any:
    return build.read_query({name: (value,) for name, value in query.items()}, HOST)


def test_a_build_that_says_nothing_has_nothing_dangerous() -> None:
    found = of()

    assert found["build"] == {
        "remote": {"value": False, "at": "?remote"},
        "version": "1",
        "securityOptions": [],
        "at": "?version",
    }
    assert found["networks"] == [{"name": "default", "resolved": "default", "at": "?networkmode"}]
    assert found["cgroupParent"] == {"value": "", "at": "?cgroupparent"}
    assert (found["secrets"], found["extraHosts"], found["ulimits"]) == ([], [], [])
    assert {number["value"] for number in found["limits"].values()} == {None}
    assert {name: number["at"] for name, number in found["limits"].items() if number["at"] != "query"} == {
        **{"memory": "?memory", "memorySwap": "?memswap", "swap": "?memswap", "cpus": "?cpuquota"},
        **{
            "cpuShares": "?cpushares",
            "cpuPeriod": "?cpuperiod",
            "cpuQuota": "?cpuquota",
            "shmSize": "?shmsize",
            "shmShare": "?shmsize",
        },
    }


def test_the_flags_of_the_classic_builder_are_read() -> None:
    found = of(
        networkmode="none",
        memory="268435456",
        memswap="0",
        cpushares="512",
        cpuperiod="0",
        cpuquota="",
        shmsize="67108864",
        ulimits='[{"Name":"nofile","Hard":1024,"Soft":512}]',
        securityopt="seccomp=unconfined",
        extrahosts="a:1.2.3.4",
        cgroupparent="/x",
    )

    assert found["networks"][0]["name"] == "none"
    assert found["limits"]["memory"] == {"value": 268435456, "at": "?memory"}
    assert found["limits"]["swap"] == {"value": 268435456, "at": "?memswap", "added": True}
    assert found["limits"]["cpuShares"] == {"value": 512, "at": "?cpushares"}
    assert found["limits"]["shmSize"] == {"value": 67108864, "at": "?shmsize"}
    assert found["limits"]["pids"] == {"value": None, "at": "query"}
    assert found["ulimits"] == [{"name": "nofile", "soft": 512, "hard": 1024, "at": "?ulimits[0]"}]
    assert found["build"]["securityOptions"] == [{"name": "seccomp=unconfined", "at": "?securityopt"}]
    assert found["extraHosts"] == [{"name": "a", "address": "1.2.3.4", "at": "?extrahosts[0]"}]
    assert found["cgroupParent"]["value"] == "/x"


def test_the_first_value_counts() -> None:
    found = build.read_query({"networkmode": ("host", "none")}, HOST)

    assert found["networks"] == [{"name": "host", "resolved": "host", "at": "?networkmode"}]
    assert found["namespaces"] == {"network": {"mode": "host", "container": None, "at": "?networkmode"}}


def test_every_extra_host_counts() -> None:
    found: Any = build.read_query({"extrahosts": ("a:1", '["b:2", "c:3"]')}, HOST)

    assert [(fact["name"], fact["address"]) for fact in found["extraHosts"]] == [("a", "1"), ("b", "2"), ("c", "3")]


@pytest.mark.parametrize(
    ("query", "fetched"),
    [
        ({"remote": "https://example.com/x.git"}, True),
        ({"remote": ""}, False),
        ({"remote": "client-session", "version": "2"}, False),
        ({"remote": "client-session"}, True),
        ({"remote": "upload-request", "version": "2", "buildid": "x"}, False),
        ({"remote": "upload-request", "version": "2"}, True),
    ],
)
def test_a_remote_context_is_one_that_the_daemon_fetches(query: dict[str, str], fetched: bool) -> None:
    assert of(**query)["build"]["remote"] == {"value": fetched, "at": "?remote"}


def test_names_of_secret_arguments_and_labels_are_reported() -> None:
    found = of(buildargs='{"TOKEN":"x","SECRET":null,"VER":"2"}', labels='{"api.key":"y"}')

    assert found["secrets"] == [{"name": "TOKEN", "at": "?buildargs"}, {"name": "api.key", "at": "?labels"}]


def test_a_quota_and_a_period_are_cpus_and_what_is_no_number_says_nothing() -> None:
    assert of(cpuquota="50000", cpuperiod="25000")["limits"]["cpus"] == {"value": 2, "at": "?cpuquota"}
    assert of(memory="1e9", cpuquota="abc")["limits"] == of()["limits"]


def test_names_in_ulimits_fold_as_go_folds_them() -> None:
    assert of(ulimits='[{"name":"nofile","\u017foft":1,"HARD":2,"x":3}, null]')["ulimits"] == [
        {"name": "nofile", "soft": 1, "hard": 2, "at": "?ulimits[0]"},
        {"name": "", "soft": 0, "hard": 0, "at": "?ulimits[1]"},
    ]


@pytest.mark.parametrize("name", ["buildargs", "labels", "ulimits"])
def test_null_says_nothing(name: str) -> None:
    found = of(**{name: "null"})

    assert (found["secrets"], found["ulimits"]) == ([], [])


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("buildargs", "[]", "body-wrong-type"),
        ("buildargs", '{"A":1}', "body-wrong-type"),
        ("buildargs", "{", "body-undecodable"),
        ("buildargs", '{"A":"b"} x', "body-trailing-data"),
        ("buildargs", "\ud800", "body-not-utf8"),
        ("labels", '{"A":"b","A":"c"}', "body-duplicate-name"),
        ("ulimits", "{}", "body-wrong-type"),
        ("ulimits", '[{"Soft":1.5}]', "body-wrong-type"),
        ("ulimits", '[{"Soft":1,"soft":2}]', "body-duplicate-name"),
        ("ulimits", '[{"Soft":9223372036854775808}]', "body-number"),
        ("extrahosts", "[1]", "body-wrong-type"),
        ("version", "3", "body-wrong-type"),
    ],
)
def test_what_dockerd_would_not_read_is_refused(name: str, value: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        of(**{name: value})

    assert (refused.value.code, refused.value.at) == (code, f"?{name}")


def found(
    operation: str, *, path: Mapping[str, str] | None = None, daemon: Mapping[str, JSON] | None = None, **query: str
) -> JSON:
    host = FixedHost({"daemon": dict(daemon or {})})
    facts = collect_facts(operation, None, {name: (value,) for name, value in query.items()}, path or {}, host)
    return facts.get("buildkit")


@pytest.mark.parametrize("operation", ["Grpc", "Session"])
def test_the_connections_have_what_dockerd_refuses_to_builds(operation: str) -> None:
    assert found(operation) == {"entitlements": "on", "at": "operation"}
    assert found(operation, daemon=OFF) == {"entitlements": "off", "at": "operation"}


@pytest.mark.parametrize(
    ("name", "is_builder"),
    [
        *((name, True) for name in (BUILDER, f"/{BUILDER}", "buildx_buildkit_mybuilder0")),
        *((name, False) for name in ("web", "my_buildx_buildkit_x", "other_buildx_buildkit_x", "")),
    ],
)
def test_so_has_the_container_that_buildx_asks_for_and_no_other(name: str, is_builder: bool) -> None:
    expected = {"entitlements": "on", "at": "path.id"} if is_builder else None
    assert found("ContainerInspect", path={"id": name}) == expected


@pytest.mark.parametrize(
    ("image", "is_builder"),
    [
        *((image, True) for image in ("moby/buildkit", "docker.io/moby/buildkit", "index.docker.io/moby/buildkit")),
        *((image, False) for image in ("busybox", "registry.example.com/moby/buildkit", "")),
    ],
)
def test_so_has_the_pull_of_its_image_and_no_other(image: str, is_builder: bool) -> None:
    expected = {"entitlements": "on", "at": "?fromImage"} if is_builder else None
    assert found("ImageCreate", fromImage=image, tag="buildx-stable-1") == expected
