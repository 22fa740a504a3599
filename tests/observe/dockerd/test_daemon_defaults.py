"""daemon.json as dockerd reads it: what it says counts, what dockerd would not start with says nothing."""

import hashlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.interfaces.daemon import DaemonDefaults, Ulimit
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.daemon_defaults import SUBUID as FILE
from portero.observe.dockerd.daemon_defaults import are_off, make_defaults, parse_settings, remaps_root
from tests.cases import cases


def said(**settings: Any) -> DaemonDefaults:
    return make_defaults({name.replace("_", "-"): value for name, value in settings.items()})


def test_every_default_is_read() -> None:
    defaults = said(
        log_driver="syslog",
        log_opts={"tag": "x", "syslog-address": "udp://logs:514"},
        default_ulimits={"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}},
        no_new_privileges=True,
        default_runtime="kata",
        default_cgroupns_mode="private",
        default_ipc_mode="shareable",
        default_shm_size="64M",
        userns_remap="default",
        seccomp_profile="unconfined",
        default_network_opts={"bridge": {"com.docker.network.bridge.enable_icc": "false"}},
    )

    assert defaults == DaemonDefaults(
        log_driver="syslog",
        log_options={"syslog-address": "udp://logs:514", "tag": "x"},
        ulimits=(Ulimit("nofile", 1024, 2048),),
        no_new_privileges=True,
        runtime="kata",
        cgroup_namespace="private",
        ipc_mode="shareable",
        shm_size=64 << 20,
        user_namespaces=True,
        seccomp="unconfined",
        network_options={"bridge": {"com.docker.network.bridge.enable_icc": "false"}},
    )


@pytest.mark.parametrize(
    "data",
    [
        *(b"{", b"[]", b'"x"', b"\xff\xfe{\x00}\x00", b"[" * 100_000, b"1" * 10_000),
        b'{"default-shm-size": ' + b"9" * 5000 + b"}",
    ],
    ids=["cut off", "list", "text", "utf-16", "deep", "long number", "long size"],
)
def test_what_dockerd_cannot_parse_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        parse_settings(data)


@pytest.mark.parametrize("data", [b"", b" \n", b"null", b"{}"])
def test_an_empty_configuration_sets_nothing(data: bytes) -> None:
    assert parse_settings(data) == {}
    assert make_defaults({}) == DaemonDefaults()


@pytest.mark.parametrize(
    ("data", "driver"),
    [
        (b'\xef\xbb\xbf{"log-driver": "local"}', "local"),
        (b'{"log-driver": "local", "log-driver": "syslog"}', "syslog"),
    ],
    ids=["a byte order mark is skipped", "of two equal names the last one counts"],
)
def test_it_is_parsed_as_dockerd_does(data: bytes, driver: str) -> None:
    assert make_defaults(parse_settings(data)).log_driver == driver


@pytest.mark.parametrize(
    "settings",
    [
        *({"log_driver": 7}, {"log_driver": None}, {"log_opts": ["tag"]}, {"log_opts": {"tag": 7}}),
        *({"no_new_privileges": "true"}, {"no_new_privileges": 1}, {"no_new_privileges": False}),
        *({"default_cgroupns_mode": "hots"}, {"default_ipc_mode": "host"}, {"default_shm_size": 64}),
        *({"default_shm_size": "-1"}, {"default_shm_size": "64 megabytes"}, {"default_shm_size": ""}),
        *({"userns_remap": ""}, {"userns_remap": True}, {"seccomp_profile": ""}),
        *({"default_ulimits": [{"Name": "nofile"}]}, {"default_ulimits": {"nofile": 1024}}),
        {"default_ulimits": {"nofile": {"Soft": 1, "Hard": 1}}},
        {"default_ulimits": {"nofile": {"Name": "nproc", "Soft": 1, "Hard": 1}}},
        {"default_ulimits": {"nofile": {"Name": "nofile", "Soft": True, "Hard": 1}}},
        {"default_ulimits": {"nofile": {"Name": "nofile", "Soft": 1.5, "Hard": 2}}},
        {"default_ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2**63}}},
        *({"default_network_opts": "bridge"}, {"Log_Driver": "syslog"}),
    ],
    ids=str,
)
def test_an_odd_value_says_nothing(settings: dict[str, Any]) -> None:
    assert said(**settings) == DaemonDefaults()


@pytest.mark.parametrize(
    ("limits", "ulimit"),
    [
        ({"nofile": {"Name": "nofile", "Hard": 5}}, Ulimit("nofile", 0, 5)),
        ({"nproc": {"NAME": "nproc", "soft": 5}}, Ulimit("nproc", 5, 0)),
        ({"nofile": {"name": "nofile", "SOFT": 1, "hArd": 2}}, Ulimit("nofile", 1, 2)),
    ],
    ids=["without a soft one", "without a hard one", "names as Go matches them"],
)
def test_a_limit_that_is_left_out_is_zero(limits: JSON, ulimit: Ulimit) -> None:
    assert said(default_ulimits=limits).ulimits == (ulimit,)


def test_an_odd_value_leaves_the_others_their_meaning() -> None:
    assert said(default_shm_size=[1], log_driver="local") == DaemonDefaults(log_driver="local")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("67108864", 64 << 20),
        ("64m", 64 << 20),
        ("64M", 64 << 20),
        ("64mb", 64 << 20),
        ("64 MiB", 64 << 20),
        ("1.5g", 3 << 29),
        ("1k", 1024),
        ("2b", 2),
    ],
)
def test_a_size_is_read_with_dockers_units(text: str, size: int) -> None:
    assert said(default_shm_size=text).shm_size == size


def test_the_builtin_profile_may_be_named() -> None:
    assert said(seccomp_profile="builtin") == DaemonDefaults(seccomp="builtin")


@pytest.mark.parametrize("profile", ["/no/such/file", "Unconfined", "relative.json"])
def test_a_profile_whose_file_is_not_there_is_custom_without_a_digest(profile: str) -> None:
    assert said(seccomp_profile=profile) == DaemonDefaults(seccomp="custom")


def test_a_profile_in_a_file_is_known_by_its_digest() -> None:
    files = {"/etc/docker/seccomp.json": b"{}"}

    defaults = make_defaults({"seccomp-profile": "/etc/docker/seccomp.json"}, files.get)

    assert (defaults.seccomp, defaults.seccomp_sha256) == ("custom", hashlib.sha256(b"{}").hexdigest())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
SETTINGS = st.sampled_from(
    [
        *("log-driver", "log-opts", "default-ulimits", "no-new-privileges", "default-runtime", "default-cgroupns-mode"),
        *("default-ipc-mode", "default-shm-size", "userns-remap", "seccomp-profile", "default-network-opts"),
    ]
)


@given(st.dictionaries(SETTINGS, VALUES))
def test_no_value_is_an_error(settings: dict[str, Any]) -> None:
    assert isinstance(make_defaults(settings), DaemonDefaults)


@given(st.binary(max_size=64))
def test_any_content_is_read_or_a_value_error(data: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(make_defaults(parse_settings(data)), DaemonDefaults)


SUBUID = "dockremap:231072:65536\nzero:0:65536\nalicia:100000:65536\nalicia:000:1\nbroken\n"


REMAPPED = ("dockremap", "default", "dockremap:dockremap", "unlisted")
OF_ROOT = ("", "root", "root:root", "0:0", "zero", "alicia", "0", "1000:1000")


@pytest.mark.parametrize("value", REMAPPED + OF_ROOT)
def test_a_remap_counts_only_where_root_becomes_another_user(value: str) -> None:
    assert remaps_root(value, SUBUID) is (value in REMAPPED)


def test_a_number_counts_where_no_range_begins_at_root() -> None:
    assert remaps_root("1000", "alicia:100000:65536\n")


def test_the_file_is_that_of_the_host() -> None:
    assert FILE == "/etc/subuid"


OF_ACCOUNTS = ("dockremap:0:65536", "dockremap:1000:65536")


@pytest.mark.parametrize("line", [*OF_ACCOUNTS, "dockremap:65536:65536", "other:0:65536"])
def test_the_user_of_the_default_is_dockremap(line: str) -> None:
    assert remaps_root("default", line) is (line not in OF_ACCOUNTS)
    assert remaps_root("dockremap", line) is (line not in OF_ACCOUNTS)
    assert remaps_root("default", line + ":x") is True


OFF: dict[str, JSON] = {"network-host": False, "security-insecure": False, "device": False}


def test_all_written_false_are_off() -> None:
    assert are_off({"builder": {"gc": {"enabled": True}, "entitlements": {**OFF, "another": True}}})


@pytest.mark.parametrize("settings", cases(__file__, "entitlements-that-are-on.jsonl"))
def test_all_else_is_on(settings: dict[str, JSON]) -> None:
    assert not are_off(settings)
