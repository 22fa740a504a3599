"""The site's values become schemas that both engines read alike; what is not a good value is a fault with its cure."""

from collections.abc import Callable
from typing import Any

import pytest

from portero.decide.policy import site
from portero.decide.policy.json_files import find_faults
from portero.tools.proof.rule_examples import ENGINES


def compiled(becomes: str, value: Any, name: str = "key") -> Callable[[Any], bool]:
    """Whether a candidate is accepted, by both engines alike."""
    schema = {"properties": {"key": {"becomes": becomes}}}
    resources = {"site": {"$defs": site.make_definitions({"key": value}, schema)}}
    checks = [engine.compile({"$ref": f"site#/$defs/{name}"}, resources) for engine in ENGINES]

    def accepts(candidate: Any) -> bool:
        verdicts = {check.failures(candidate) == () for check in checks}
        assert len(verdicts) == 1, "the engines differ"
        return verdicts.pop()

    return accepts


def device(path: str, permissions: str) -> dict[str, str]:
    return {"path": path, "permissions": permissions, "at": "x"}


def image(registry: str, repository: str, **more: bool) -> dict[str, Any]:
    return {"registry": registry, "repository": repository, **more}


def subnet(prefix: str) -> list[dict[str, Any]]:
    return [{"prefix": prefix, "hostAddress": on_host} for on_host in (True, False)]


def rates(*limits: tuple[str, str, int]) -> list[dict[str, Any]]:
    return [{"device": f"/dev/{name}", "limit": limit, "rate": rate, "at": "x"} for name, limit, rate in limits]


LOCAL, REMOTE = {"address": "udp://127.0.0.1:9", "local": True}, {"address": "udp://192.0.2.1:9", "local": False}
DEVICES = [{"path": "/dev/null", "permissions": "rw"}, {"path": "/dev/zero", "permissions": "r"}]
REGISTRIES = ["registry.example.com/team", "registry.example.org:5000"]
SUBNETS = ["198.51.100.0/24", "2001:db8:1::/48"]
RATES = [{"path": "/dev/sda", "readBps": "10m", "writeIOps": 1000}]
FILLED = [
    pytest.param(
        "path-list",
        ["/srv/data", "/srv/a+b (c)"],
        ["/srv/data", "/srv/data/below/it", "/srv/data/line\nfeed", "/srv/a+b (c)/x"],
        ["/srv/datamine", "/srv", "/", "/srv/aab (c)", "/srv/data\n", "x/srv/data", None, 3],
        id="a path list: what is listed and what lies below",
    ),
    pytest.param("path-list", ["/"], ["/etc/x", "/"], ["named-volume"], id="a path list with the root: every path"),
    pytest.param(
        "protected-path-list",
        ["/etc/docker"],
        ["/etc/docker", "/etc/docker/daemon.json", "/etc/docker/\nx", "/etc", "/"],
        ["/etc/dockerx", "/etc/hosts", "/srv"],
        id="a protected path list: what is at, below and above",
    ),
    pytest.param("protected-path-list", ["/"], ["/srv"], [], id="the protected root: all below"),
    pytest.param("exact-path-list", ["/srv/data"], ["/srv/data"], ["/srv/data/x"], id="an exact list: nothing below"),
    pytest.param("name-list", ["runc"], ["runc"], ["RunC"], id="a name list: names as they are written"),
    pytest.param("optional-name-list", ["app"], ["app"], ["other"], id="an optional name list: its names"),
    pytest.param("log-address-list", ["udp://127.0.0.1:9"], [LOCAL], [REMOTE], id="a log address list: its addresses"),
    pytest.param(
        "pattern-list",
        ["team", "com.example.*"],
        ["team", "com.example.owner"],
        ["teams", "comXexample.owner", "org.com.example.owner"],
        id="a prefix list: its names and what begins as one with a star",
    ),
    pytest.param(
        "pattern-list",
        ["*_default", "shop_*_net"],
        ["shop_default", "shop_front_net"],
        ["shop_defaults", "shop_front"],
        id="a star at the beginning and inside",
    ),
    pytest.param(
        "device-list",
        DEVICES,
        [device("/dev/null", "rw"), device("/dev/null", "w"), device("/dev/zero", "r")],
        [
            *(device("/dev/null", more) for more in ("rwm", "m")),
            *(device("/dev/zero", "rw"), device("/dev/nullx", "r"), device("/dev", "r"), {"path": "/dev/null"}),
        ],
        id="a device list: no more than its permissions",
    ),
    *(
        pytest.param("size", size, [count], [count + 1], id=f"a size as docker counts: {size}")
        for size, count in (("512m", 1 << 29), ("1k", 1 << 10), ("2g", 2 << 30), ("1t", 1 << 40), ("7b", 7), ("9", 9))
    ),
    pytest.param("size", 5, [5], [6], id="a size in bytes"),
    pytest.param("figure", 1.5, [1.5], [1.6, None], id="a figure: an upper bound and no silence"),
    pytest.param("range", [5, 20], [5, 20], [4.9, 20.1, None], id="a range: both bounds and no silence"),
    pytest.param(
        "registry-list",
        REGISTRIES,
        [
            *(image("registry.example.com", name) for name in ("team/app", "team")),
            image("registry.example.org:5000", "anything"),
        ],
        [
            *(image("registry.example.com", name) for name in ("teams/app", "app")),
            *(image("registry.example.org", "anything"), image("docker.io", "team/app"), image("", "")),
        ],
        id="a registry list: a registry and what lies below a folder",
    ),
    pytest.param(
        "registry-list",
        ["docker.io"],
        [image("docker.io", "library/f08d", mayBeId=False)],
        [image("docker.io", "library/f08d", mayBeId=True)],
        id="a registry list: no name that may be an ID of any image",
    ),
    pytest.param(
        "subnet-list",
        SUBNETS,
        [
            *subnet("4:110001100011001101100100"),  # 198.51.100.0/24
            *subnet("4:1100011000110011011001001"),  # 198.51.100.128/25
            *subnet("6:001000000000000100001101101110000000000000000001"),  # 2001:db8:1::/48
        ],
        [*subnet("4:11000110001100110110010"), *subnet("4:"), *subnet("")],  # 198.51.100.0/23
        id="a subnet list: what lies in a listed range",
    ),
    pytest.param(
        "rate-list",
        RATES,
        [
            rates(("sda", "readBps", 10 << 20), ("sda", "writeIOps", 1000)),
            rates(("sda", "readBps", 1), ("sda", "writeIOps", 1), ("sdb", "readBps", 1 << 40)),
        ],
        [
            rates(("sda", "readBps", 1)),
            rates(("sda", "readBps", 1), ("sda", "writeIOps", 1001)),
            rates(("sda", "readBps", 0), ("sda", "writeIOps", 1)),
            rates(("sda", "readBps", 1), ("sda", "writeIOps", 1), ("sda", "writeIOps", 9999)),
            [],
        ],
        id="a rate list: every rate of every device and none beyond",
    ),
    # Certificate and token together are each of the two methods.
    pytest.param("method-list", ["tls"], ["tls", "tls+token"], [""], id="by certificate"),
    pytest.param("method-list", ["token"], ["tls+token"], [], id="by token"),
    pytest.param("method-list", ["tls+token"], ["tls+token"], ["tls", "token"], id="by both"),
    pytest.param("method-list", [""], [], ["tls+token"], id="by none"),
]
EMPTY = [
    *(
        pytest.param(becomes, [], [], ["", "/", None, {}], id=f"an empty {becomes}: nothing")
        for becomes in ("path-list", "protected-path-list", "name-list", "pattern-list", "device-list")
    ),
    pytest.param("optional-name-list", [], ["other"], [], id="an empty optional list: everything"),
    pytest.param("log-address-list", [], [REMOTE], [LOCAL], id="an empty log address list: any of another host"),
    pytest.param(
        "registry-list",
        [],
        [image("docker.io", "team/app"), image("", ""), image("docker.io", "library/f08d", mayBeId=True)],
        [],
        id="an empty registry list: everything",
    ),
    pytest.param(
        "subnet-list",
        [],
        [{"prefix": "4:1", "hostAddress": False}],
        [{"prefix": "4:1", "hostAddress": True}],
        id="an empty subnet list: any range that gives the host no address",
    ),
    pytest.param("rate-list", [], [[], rates(("sda", "readBps", 1))], [], id="an empty rate list: everything"),
]


@pytest.mark.parametrize(("becomes", "value", "accepted", "refused"), FILLED + EMPTY)
def test_a_value_accepts(becomes: str, value: Any, accepted: list[Any], refused: list[Any]) -> None:
    accepts = compiled(becomes, value)

    assert [one for one in accepted if not accepts(one)] == []
    assert [one for one in refused if accepts(one)] == []


@pytest.mark.parametrize(
    ("becomes", "value", "name", "accepted", "refused"),
    [
        ("exact-path-list", ["/srv/data"], "key-within", ["/srv/data", "/srv/data/x"], ["/srv"]),
        ("registry-list", ["docker.io"], "key-listed", [image("docker.io", "library/app", mayBeId=False)], []),
        ("registry-list", ["quay.io"], "key-listed", [], [image("docker.io", "library/app", mayBeId=False)]),
        ("registry-list", [], "key-listed", [], [image("docker.io", "library/app", mayBeId=False)]),
    ],
    ids=["what lies within an exact list", "what is listed", "what is not", "an empty list lists nothing"],
)
def test_a_list_has_a_second_name_for(
    becomes: str, value: Any, name: str, accepted: list[Any], refused: list[Any]
) -> None:
    accepts = compiled(becomes, value, name)

    assert [one for one in accepted if not accepts(one)] == []
    assert [one for one in refused if accepts(one)] == []
    assert site.list_names({"properties": {"key": {"becomes": becomes}}}) == {"key", name}


def test_a_list_of_thousands_accepts_its_first_and_last_entries_and_no_other() -> None:
    # More text than the engine compiles as one pattern.
    paths: Any = [f"/srv/customers/customer-{number}/data" for number in range(8_000)]

    for becomes in ("path-list", "protected-path-list"):
        listed = compiled(becomes, paths)
        assert all(map(listed, (paths[0], paths[-1], f"{paths[3_999]}/below")))
        assert not any(map(listed, ("/srv/customers/customer-8000/data", 7)))
    starred = compiled("pattern-list", [f"{path}-*" for path in paths])
    assert starred(f"{paths[-1]}-x")
    assert not starred(paths[-1])


def test_later_values_override_key_by_key_actions_rule_by_rule_and_lists_of_doors_by_name() -> None:
    first: dict[str, Any] = {"runtimes": ["runc"], "sysctls": ["a"], "actions": {"x": "off", "y": "audit"}}
    lists: dict[str, Any] = {"door-lists": {"x": ["Info"], "y": ["Info"]}}

    merged = site.merge_sites([first | lists, {"runtimes": []}, {"actions": {"y": "deny"}, "door-lists": {"y": []}}])

    assert merged == {
        "runtimes": [],
        "sysctls": ["a"],
        "actions": {"x": "off", "y": "deny"},
        "door-lists": {"x": ["Info"], "y": []},
    }


def test_the_shipped_values_are_good_and_complete(values: dict[str, Any], site_schema: dict[str, Any]) -> None:
    assert list(find_faults(values, site_schema)) == []
    assert set(site.list_keys(site_schema)) <= set(values)


def test_every_key_is_described(site_schema: dict[str, Any]) -> None:
    undescribed = [
        key for key, about in site_schema["properties"].items() if key != "$schema" and not about.get("description")
    ]

    assert undescribed == []


_LIMIT = "write a whole number from 1 upwards: to Docker 0 is no limit"
_PATH = "write an absolute path without //, . or .. and without a slash at the end, such as /srv/data"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"runtime": []}, "'runtime' is unknown: did you mean 'runtimes'?"),
        *(
            ({"bind-sources-writable": [path]}, f"bind-sources-writable[0]: {_PATH}")
            for path in ("srv", "/srv/", "//srv", "/srv/../etc", "/srv/.", "/srv\n")
        ),
        ({"bind-sources-writable": "/srv"}, 'bind-sources-writable: must be of type array: write ["/srv"]'),
        ({"bind-sources-writable": "srv"}, "bind-sources-writable: must be of type array: write a list in [ ]"),
        ({"devices": "/dev/null"}, "devices: must be of type array: write a list in [ ]"),
        ({"runtimes": ["two words"]}, "runtimes[0]: write a name of plain ASCII characters without spaces"),
        (
            {"devices": [{"path": "/dev/null", "permissions": "wr"}]},
            "devices[0].permissions: write the letters of r, w and m that are allowed, in that order",
        ),
        (
            {"devices": [{"path": "/dev/null"}]},
            "devices[0]: 'permissions' is missing: write the letters of r, w and m that are allowed, in that order",
        ),
        (
            {"seccomp-profiles": ["ABC"]},
            "seccomp-profiles[0]: write the 64 lower-case hexadecimal digits that sha256sum prints",
        ),
        ({"restart-max": 0}, f"restart-max: {_LIMIT}"),
        ({"pids-max": 0}, f"pids-max: {_LIMIT}"),
        ({"cpus-max": 0}, "cpus-max: write a number from 0.01 upwards: to Docker 0 is no limit"),
        ({"replicas-max": -1}, "replicas-max: write a number from 0 upwards"),
        ({"cpu-shares": [2]}, "cpu-shares: write two numbers, the least and the most, such as [2, 1024]"),
        ({"ports-privileged": [8080]}, "ports-privileged[0]: write a port number from 1 to 1023"),
        (
            {"registries": ["team/app"]},
            "registries[0]: write a registry's host name, with a folder if need be, such as registry.example.com/team; "
            "Docker Hub is docker.io",
        ),
        (
            {"block-devices": [{"path": "/dev/sda"}]},
            "block-devices[0]: write a path and at least one of readBps, writeBps, readIOps, writeIOps",
        ),
        ({"unknown-fields": "refuse"}, "unknown-fields: must be one of deny, audit, off"),
        ({"actions": {"no-privileged": "warn"}}, "actions.no-privileged: must be one of deny, audit, off"),
    ],
)
def test_a_bad_value_is_named_with_its_cure(value: dict[str, Any], expected: str, site_schema: dict[str, Any]) -> None:
    assert list(find_faults(value, site_schema)) == [expected]
