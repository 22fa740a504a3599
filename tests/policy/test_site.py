"""The site's values become schemas that both engines read alike; what is not a good value is a fault with its cure."""

from collections.abc import Callable
from typing import Any

import pytest

from portero.engine.rust import RUST
from portero.policy import site
from portero.policy.json_files import find_faults
from portero.proof.rule_examples import ENGINES


def compiled(becomes: str, value: Any) -> Callable[[Any], bool]:
    """Whether a candidate is accepted, by both engines alike."""
    schema = {"properties": {"key": {"becomes": becomes}}}
    resources = {"site": {"$defs": site.make_definitions({"key": value}, schema)}}
    checks = [engine.compile({"$ref": "site#/$defs/key"}, resources) for engine in ENGINES]

    def accepts(candidate: Any) -> bool:
        verdicts = {check.failures(candidate) == () for check in checks}
        assert len(verdicts) == 1, "the engines differ"
        return verdicts.pop()

    return accepts


def accepts(becomes: str, value: Any, candidate: Any) -> bool:
    return compiled(becomes, value)(candidate)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        ("/srv/data", True),
        ("/srv/data/below/it", True),
        ("/srv/data/line\nfeed", True),
        ("/srv/a+b (c)/x", True),
        ("/srv/datamine", False),
        ("/srv", False),
        ("/", False),
        ("/srv/aab (c)", False),
        ("/srv/data\n", False),
        ("x/srv/data", False),
        (None, False),
        (3, False),
    ],
)
def test_a_path_list_accepts_what_is_listed_and_what_lies_below(candidate: Any, expected: bool) -> None:
    assert accepts("path-list", ["/srv/data", "/srv/a+b (c)"], candidate) is expected


def test_a_path_list_with_the_root_accepts_every_path() -> None:
    assert accepts("path-list", ["/"], "/etc/x")
    assert accepts("path-list", ["/"], "/")
    assert not accepts("path-list", ["/"], "named-volume")


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        ("/etc/docker", True),
        ("/etc/docker/daemon.json", True),
        ("/etc/docker/\nx", True),
        ("/etc", True),
        ("/", True),
        ("/etc/dockerx", False),
        ("/etc/hosts", False),
        ("/srv", False),
    ],
)
def test_a_protected_path_list_accepts_what_is_at_below_and_above(candidate: str, expected: bool) -> None:
    assert accepts("protected-path-list", ["/etc/docker"], candidate) is expected


def test_the_protected_root_has_nothing_above_and_all_below() -> None:
    assert accepts("protected-path-list", ["/"], "/srv")


def test_a_name_list_accepts_its_names_as_they_are_written() -> None:
    assert accepts("name-list", ["runc"], "runc")
    assert not accepts("name-list", ["runc"], "RunC")


def test_a_log_address_list_accepts_its_addresses_and_any_of_another_host_when_it_is_empty() -> None:
    local, other = {"address": "udp://127.0.0.1:9", "local": True}, {"address": "udp://192.0.2.1:9", "local": False}

    assert accepts("log-address-list", [], other)
    assert not accepts("log-address-list", [], local)
    assert accepts("log-address-list", ["udp://127.0.0.1:9"], local)
    assert not accepts("log-address-list", ["udp://127.0.0.1:9"], other)


def test_a_prefix_list_accepts_its_names_and_what_begins_as_one_with_a_star() -> None:
    assert accepts("pattern-list", ["team", "com.example.*"], "team")
    assert accepts("pattern-list", ["com.example.*"], "com.example.owner")
    assert not accepts("pattern-list", ["team", "com.example.*"], "teams")
    assert not accepts("pattern-list", ["com.example.*"], "comXexample.owner")
    assert not accepts("pattern-list", ["com.example.*"], "org.com.example.owner")
    assert accepts("pattern-list", ["*_default", "shop_*_net"], "shop_default")
    assert not accepts("pattern-list", ["*_default", "shop_*_net"], "shop_defaults")
    assert accepts("pattern-list", ["shop_*_net"], "shop_front_net")
    assert not accepts("pattern-list", ["shop_*_net"], "shop_front")


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


@pytest.mark.parametrize("becomes", ["path-list", "protected-path-list", "name-list", "pattern-list", "device-list"])
@pytest.mark.parametrize("candidate", ["", "/", None, {}])
def test_an_empty_list_accepts_nothing(becomes: str, candidate: Any) -> None:
    assert not accepts(becomes, [], candidate)


@pytest.mark.parametrize(
    ("path", "permissions", "expected"),
    [
        ("/dev/null", "rw", True),
        ("/dev/null", "w", True),
        ("/dev/null", "rwm", False),
        ("/dev/null", "m", False),
        ("/dev/zero", "r", True),
        ("/dev/zero", "rw", False),
        ("/dev/nullx", "r", False),
        ("/dev", "r", False),
    ],
)
def test_a_device_is_accepted_with_no_more_than_its_permissions(path: str, permissions: str, expected: bool) -> None:
    listed = [{"path": "/dev/null", "permissions": "rw"}, {"path": "/dev/zero", "permissions": "r"}]

    assert accepts("device-list", listed, {"path": path, "permissions": permissions, "at": "x"}) is expected


def test_a_device_without_path_or_permissions_is_not_accepted() -> None:
    assert not accepts("device-list", [{"path": "/dev/null", "permissions": "r"}], {"path": "/dev/null"})


@pytest.mark.parametrize(
    ("size", "expected"),
    [("512m", 536870912), ("1k", 1024), ("2g", 2147483648), ("1t", 1 << 40), ("7b", 7), ("9", 9), (5, 5)],
)
def test_a_size_counts_as_docker_counts(size: str | int, expected: int) -> None:
    assert accepts("size", size, expected)
    assert not accepts("size", size, expected + 1)


def test_a_figure_is_an_upper_bound_and_takes_no_silence() -> None:
    assert accepts("figure", 1.5, 1.5)
    assert not accepts("figure", 1.5, 1.6)
    assert not accepts("figure", 1.5, None)


@pytest.mark.parametrize(("candidate", "expected"), [(4.9, False), (5, True), (20, True), (20.1, False), (None, False)])
def test_a_range_takes_both_bounds_and_no_silence(candidate: Any, expected: bool) -> None:
    assert accepts("range", [5, 20], candidate) is expected


def test_an_optional_name_list_accepts_its_names_and_everything_when_it_is_empty() -> None:
    assert accepts("optional-name-list", ["app"], "app")
    assert not accepts("optional-name-list", ["app"], "other")
    assert accepts("optional-name-list", [], "other")


@pytest.mark.parametrize(
    ("registry", "repository", "expected"),
    [
        ("registry.example.com", "team/app", True),
        ("registry.example.com", "team", True),
        ("registry.example.com", "teams/app", False),
        ("registry.example.com", "app", False),
        ("registry.example.org:5000", "anything", True),
        ("registry.example.org", "anything", False),
        ("docker.io", "team/app", False),
        ("", "", False),
    ],
)
def test_a_registry_list_accepts_a_registry_and_what_lies_below_a_folder(
    registry: str, repository: str, expected: bool
) -> None:
    listed = ["registry.example.com/team", "registry.example.org:5000"]

    assert accepts("registry-list", listed, {"registry": registry, "repository": repository}) is expected
    assert accepts("registry-list", [], {"registry": registry, "repository": repository})


def test_a_registry_list_accepts_no_name_that_may_be_an_id_of_any_image() -> None:
    found = {"registry": "docker.io", "repository": "library/f08d", "mayBeId": True}

    assert not accepts("registry-list", ["docker.io"], found)
    assert accepts("registry-list", ["docker.io"], found | {"mayBeId": False})
    assert accepts("registry-list", [], found)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("4:110001100011001101100100", True),  # 198.51.100.0/24
        ("4:1100011000110011011001001", True),  # 198.51.100.128/25
        ("4:11000110001100110110010", False),  # 198.51.100.0/23
        ("6:001000000000000100001101101110000000000000000001", True),  # 2001:db8:1::/48
        ("4:", False),
        ("", False),
    ],
)
def test_a_subnet_list_accepts_what_lies_in_a_listed_range(prefix: str, expected: bool) -> None:
    listed = ["198.51.100.0/24", "2001:db8:1::/48"]

    for on_host in (True, False):
        assert accepts("subnet-list", listed, {"prefix": prefix, "hostAddress": on_host}) is expected


def test_an_empty_subnet_list_accepts_any_range_that_gives_the_host_no_address() -> None:
    assert accepts("subnet-list", [], {"prefix": "4:1", "hostAddress": False})
    assert not accepts("subnet-list", [], {"prefix": "4:1", "hostAddress": True})


def _rate(device: str, limit: str, rate: int) -> dict[str, Any]:
    return {"device": device, "limit": limit, "rate": rate, "at": "x"}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([_rate("/dev/sda", "readBps", 10 << 20), _rate("/dev/sda", "writeIOps", 1000)], True),
        (
            [_rate("/dev/sda", "readBps", 1), _rate("/dev/sda", "writeIOps", 1), _rate("/dev/sdb", "readBps", 1 << 40)],
            True,
        ),
        ([_rate("/dev/sda", "readBps", 1)], False),
        ([_rate("/dev/sda", "readBps", 1), _rate("/dev/sda", "writeIOps", 1001)], False),
        ([_rate("/dev/sda", "readBps", 0), _rate("/dev/sda", "writeIOps", 1)], False),
        (
            [_rate("/dev/sda", "readBps", 1), _rate("/dev/sda", "writeIOps", 1), _rate("/dev/sda", "writeIOps", 9999)],
            False,
        ),
        ([], False),
    ],
)
def test_a_rate_list_wants_every_rate_of_every_device_and_none_beyond(
    limits: list[dict[str, Any]], expected: bool
) -> None:
    listed = [{"path": "/dev/sda", "readBps": "10m", "writeIOps": 1000}]

    assert accepts("rate-list", listed, limits) is expected
    assert accepts("rate-list", [], limits)


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
        ({"bind-sources-writable": ["srv"]}, f"bind-sources-writable[0]: {_PATH}"),
        ({"bind-sources-writable": ["/srv/"]}, f"bind-sources-writable[0]: {_PATH}"),
        ({"bind-sources-writable": ["//srv"]}, f"bind-sources-writable[0]: {_PATH}"),
        ({"bind-sources-writable": ["/srv/../etc"]}, f"bind-sources-writable[0]: {_PATH}"),
        ({"bind-sources-writable": ["/srv/."]}, f"bind-sources-writable[0]: {_PATH}"),
        ({"bind-sources-writable": ["/srv\n"]}, f"bind-sources-writable[0]: {_PATH}"),
        ({"bind-sources-writable": "/srv"}, 'bind-sources-writable: must be of type array: write ["/srv"]'),
        ({"bind-sources-writable": "srv"}, "bind-sources-writable: must be of type array: write a list in [ ]"),
        ({"devices": "/dev/null"}, "devices: must be of type array: write a list in [ ]"),
        ({"runtimes": ["two words"]}, "runtimes[0]: write a name of plain ASCII characters without spaces"),
        (
            {"devices": [{"path": "/dev/null", "permissions": "wr"}]},
            "devices[0].permissions: write the letters of r, w and m that are allowed, in that order",
        ),
        ({"devices": [{"path": "/dev/null"}]}, "devices[0]: 'permissions' is missing"),
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


def test_an_exact_list_accepts_what_is_listed_alone() -> None:
    assert accepts("exact-path-list", ["/srv/data"], "/srv/data")
    assert not accepts("exact-path-list", ["/srv/data"], "/srv/data/x")


@pytest.mark.parametrize(("candidate", "expected"), [("/srv/data", True), ("/srv/data/x", True), ("/srv", False)])
def test_what_an_exact_list_has_within_it_has_a_name_of_its_own(candidate: str, expected: bool) -> None:
    schema: dict[str, Any] = {"properties": {"key": {"becomes": "exact-path-list"}}}
    resources = {"site": {"$defs": site.make_definitions({"key": ["/srv/data"]}, schema)}}
    check = RUST.compile({"$ref": "site#/$defs/key-within"}, resources)

    assert (check.failures(candidate) == ()) is expected
    assert site.list_names(schema) == {"key", "key-within"}


@pytest.mark.parametrize(("listed", "expected"), [(["docker.io"], True), (["quay.io"], False), ([], False)])
def test_what_a_registry_list_lists_has_a_name_of_its_own_that_is_nothing_with_an_empty_list(
    listed: list[str], expected: bool
) -> None:
    schema: dict[str, Any] = {"properties": {"key": {"becomes": "registry-list"}}}
    resources = {"site": {"$defs": site.make_definitions({"key": listed}, schema)}}
    check = RUST.compile({"$ref": "site#/$defs/key-listed"}, resources)

    image = {"registry": "docker.io", "repository": "library/app", "mayBeId": False}
    assert (check.failures(image) == ()) is expected
    assert site.list_names(schema) == {"key", "key-listed"}


@pytest.mark.parametrize(
    ("methods", "method", "accepted"),
    [
        (["tls"], "tls", True),
        (["tls"], "tls+token", True),
        (["token"], "tls+token", True),
        (["tls+token"], "tls", False),
        (["tls+token"], "token", False),
        (["tls+token"], "tls+token", True),
        ([""], "tls+token", False),
        (["tls"], "", False),
    ],
)
def test_certificate_and_token_together_are_each_of_the_two_methods(
    methods: list[str], method: str, accepted: bool
) -> None:
    assert accepts("method-list", methods, method) is accepted
