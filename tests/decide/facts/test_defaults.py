"""The daemon's defaults count where a request leaves a field out, and only there; the facts name them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.facts import defaults
from portero.decide.facts.collect import collect_facts
from portero.decide.interfaces.daemon import NO_DEFAULTS, DaemonDefaults, Ulimit
from portero.observe.host.fixed_host import FixedHost

ICC = "com.docker.network.bridge.enable_icc"
FULL = DaemonDefaults(
    log_driver="syslog",
    log_options={"syslog-address": "udp://logs:514", "tag": "x"},
    ulimits=(Ulimit("nofile", 1024, 2048), Ulimit("nproc", 64, 64)),
    no_new_privileges=True,
    runtime="kata",
    cgroup_namespace="private",
    ipc_mode="private",
    shm_size=1 << 20,
    user_namespaces=True,
    seccomp="custom",
    seccomp_sha256="0" * 64,
    network_options={"bridge": {ICC: "false"}},
    cgroup_v2=True,
)
SPEC = "TaskTemplate.ContainerSpec"
# The defaults that containers and services get.
OF_BOTH = [
    "log.driver",
    "log.options",
    "noNewPrivileges",
    "seccomp",
    "limits.shmSize",
    "limits.shmShare",
    "ulimits[0]",
    "ulimits[1]",
]


def collect(operation: str, body: Any, host: FixedHost | None = None) -> dict[str, Any]:
    return collect_facts(operation, body, {}, {}, host or FixedHost())


def found(
    operation: str,
    body: Any,
    daemon: DaemonDefaults = FULL,
    version: str | None = "1.45",
    host: FixedHost | None = None,
) -> dict[str, Any]:
    return defaults.fill_in(collect(operation, body, host), operation, body, version, lambda: daemon)


def bound(version: str | None, host: FixedHost, *binds: str, **config: Any) -> dict[str, Any]:
    """A container with these binds, of a daemon that sets no defaults."""
    body = {"Image": "busybox", "HostConfig": {"Binds": [*binds], **config}}
    return found("ContainerCreate", body, NO_DEFAULTS, version, host)


def create(version: str | None = "1.45", daemon: DaemonDefaults = FULL, **config: Any) -> dict[str, Any]:
    return found("ContainerCreate", {"Image": "busybox", "HostConfig": config}, daemon, version)


def test_a_container_without_settings_gets_every_default_with_the_at_of_the_absent_field() -> None:
    container = create()

    assert container["log"] == {
        "driver": "syslog",
        "options": ["syslog-address", "tag"],
        "addresses": [],
        "files": [],
        "controlCharacters": [],
        "buffers": [],
        "owners": [],
        "at": "HostConfig.LogConfig",
    }
    assert container["ulimits"] == [
        {"name": "nofile", "soft": 1024, "hard": 2048, "at": "HostConfig.Ulimits"},
        {"name": "nproc", "soft": 64, "hard": 64, "at": "HostConfig.Ulimits"},
    ]
    assert container["noNewPrivileges"] == {"value": True, "at": "HostConfig.SecurityOpt"}
    assert container["seccomp"] == {"profile": "custom", "sha256": "0" * 64, "at": "HostConfig.SecurityOpt"}
    assert container["runtime"] == {"value": "kata", "at": "HostConfig.Runtime"}
    assert container["limits"]["shmSize"] == {"value": 1 << 20, "at": "HostConfig.ShmSize"}
    assert {name: container["namespaces"][name]["mode"] for name in ("ipc", "cgroup", "user", "pid")} == {
        "ipc": "private",
        "cgroup": "private",
        "user": "private",
        "pid": "default",
    }


def test_the_defaults_that_count_are_named() -> None:
    assert create()["daemonDefaults"] == [
        *OF_BOTH,
        "runtime",
        *(f"namespaces.{kind}" for kind in ("ipc", "cgroup", "user")),
    ]


def test_where_the_daemon_says_nothing_the_facts_stay_as_they_were() -> None:
    body = {"Image": "busybox", "HostConfig": {}}

    assert found("ContainerCreate", body, DaemonDefaults()) == {
        **collect("ContainerCreate", body),
        "daemonDefaults": [],
    }


@pytest.mark.parametrize(
    ("config", "fact", "value"),
    [
        ({"LogConfig": {"Type": "none"}}, ("log", "driver"), "none"),
        ({"LogConfig": {"Type": "none"}}, ("log", "options"), []),
        ({"SecurityOpt": ["no-new-privileges=false"]}, ("noNewPrivileges", "value"), False),
        ({"SecurityOpt": ["seccomp=unconfined"]}, ("seccomp", "profile"), "unconfined"),
        ({"SecurityOpt": ["seccomp=builtin"]}, ("seccomp", "profile"), "builtin"),
        ({"Runtime": "runc"}, ("runtime", "value"), "runc"),
        ({"ShmSize": 7}, ("limits", "shmSize", "value"), 7),
        ({"IpcMode": "host"}, ("namespaces", "ipc", "mode"), "host"),
        ({"CgroupnsMode": "host"}, ("namespaces", "cgroup", "mode"), "host"),
        ({"UsernsMode": "host"}, ("namespaces", "user", "mode"), "host"),
    ],
    ids=str,
)
def test_what_is_in_a_request_wins_over_a_default(config: dict[str, Any], fact: tuple[str, ...], value: Any) -> None:
    found: Any = create(**config)
    for name in fact:
        found = found[name]

    assert found == value


def test_a_ulimit_of_the_request_stays_and_the_others_are_added() -> None:
    container = create(Ulimits=[{"Name": "nofile", "Soft": 9999, "Hard": 9999}])

    assert [(limit["name"], limit["soft"]) for limit in container["ulimits"]] == [("nofile", 9999), ("nproc", 64)]
    assert "ulimits[1]" in container["daemonDefaults"]
    assert "ulimits[0]" not in container["daemonDefaults"]


def test_options_of_the_log_go_with_the_daemons_driver_only() -> None:
    same = create(LogConfig={"Type": "syslog", "Config": {"tag": "mine"}})
    other = create(LogConfig={"Type": "journald"})

    assert (same["log"]["options"], other["log"]["options"]) == (["tag", "syslog-address"], [])
    assert ("log.options" in same["daemonDefaults"], "log.driver" in same["daemonDefaults"]) == (True, False)


@pytest.mark.parametrize(
    ("version", "ipc"),
    [("1.24", "shareable"), ("1.39", "shareable"), ("1.40", "private"), ("1.40.0.1", "private"), (None, "private")],
)
def test_an_old_client_gets_a_shareable_ipc_namespace_whatever_the_daemon_says(version: str | None, ipc: str) -> None:
    assert create(version)["namespaces"]["ipc"]["mode"] == ipc


@pytest.mark.parametrize(
    ("daemon", "ipc", "cgroup"),
    [
        pytest.param(DaemonDefaults(), "shareable", "default", id="nothing is known"),
        pytest.param(DaemonDefaults(cgroup_v2=False), "shareable", "default", id="version 1 of control groups"),
    ],
)
def test_where_the_daemon_says_nothing_an_old_client_still_gets_a_shareable_ipc_namespace(
    daemon: DaemonDefaults, ipc: str, cgroup: str
) -> None:
    container = create("1.30", daemon, Privileged=True)

    assert {name: container["namespaces"][name]["mode"] for name in ("ipc", "cgroup")} == {"ipc": ipc, "cgroup": cgroup}
    assert container["daemonDefaults"] == ["namespaces.ipc"]


@pytest.mark.parametrize(
    ("cgroup_v2", "version", "privileged", "mode"),
    [
        (False, "1.40", False, "host"),
        (None, "1.40", False, "host"),
        (True, "1.40", False, "private"),
        (False, "1.41", False, "private"),
        (False, None, False, "private"),
        (False, "1.45", True, "host"),
        (True, "1.45", True, "private"),
    ],
)
def test_old_clients_and_privileged_containers_undo_a_private_cgroup_namespace_but_for_cgroup_v2(
    cgroup_v2: bool | None, version: str | None, privileged: bool, mode: str
) -> None:
    container = create(version, replace(FULL, cgroup_v2=cgroup_v2), Privileged=privileged)

    assert container["namespaces"]["cgroup"]["mode"] == mode


@pytest.mark.parametrize("operation", ["ServiceCreate", "ServiceUpdate"])
def test_the_containers_of_a_service_get_the_same_defaults(operation: str) -> None:
    service = found(operation, {"TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}})

    assert service["log"]["driver"] == "syslog"
    assert service["noNewPrivileges"] == {"value": True, "at": f"{SPEC}.Privileges.NoNewPrivileges"}
    assert service["seccomp"]["profile"] == "custom"
    assert [limit["at"] for limit in service["ulimits"]] == [f"{SPEC}.Ulimits"] * 2
    assert service["limits"]["shmSize"]["value"] == 1 << 20
    # What a service calls its runtime is none of a container.
    assert service["runtime"]["value"] == ""
    assert service["daemonDefaults"] == OF_BOTH


def test_a_service_undoes_defaults_by_what_it_says() -> None:
    privileges = {"Seccomp": {"Mode": "unconfined"}}
    task = {"ContainerSpec": {"Image": "busybox", "Privileges": privileges}, "LogDriver": {"Name": "none"}}

    service = found("ServiceCreate", {"TaskTemplate": task})

    assert (service["log"]["driver"], service["seccomp"]["profile"]) == ("none", "unconfined")


@pytest.mark.parametrize(
    ("body", "allowed", "named"),
    [
        ({"Name": "app"}, False, True),
        ({"Name": "app", "Driver": "bridge"}, False, True),
        ({"Name": "app", "Options": {ICC: "true"}}, True, False),
        ({"Name": "app", "Options": {ICC: "odd"}}, None, False),
        ({"Name": "app", "Driver": "macvlan"}, None, False),
        ({"Name": "app", "ConfigFrom": {"Network": "other"}}, None, False),
    ],
    ids=str,
)
def test_options_of_a_new_network_are_those_of_its_driver(
    body: dict[str, Any], allowed: bool | None, named: bool
) -> None:
    odd = DaemonDefaults(network_options={"bridge": {ICC: "no"}})
    assert found("NetworkCreate", {"Name": "app"}, odd)["network"]["interContainerCommunication"] is None
    network = found("NetworkCreate", body)

    assert network["network"]["interContainerCommunication"] is allowed
    assert network["daemonDefaults"] == (["network.interContainerCommunication"] if named else [])


@pytest.mark.parametrize("operation", ["ContainerUpdate", "ContainerExec", "VolumeCreate", "ImageBuild", "Unknown"])
def test_other_operations_are_given_nothing(operation: str) -> None:
    assert found(operation, {}) == collect(operation, {})


def test_the_facts_that_come_in_are_left_alone() -> None:
    given = collect("ContainerCreate", {"HostConfig": {}})

    defaults.fill_in(given, "ContainerCreate", {"HostConfig": {}}, "1.45", lambda: FULL)

    assert given == collect("ContainerCreate", {"HostConfig": {}})


CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "LogConfig": st.just({"Type": "journald"}),
        "SecurityOpt": st.sampled_from([["no-new-privileges"], ["seccomp=unconfined"], []]),
        "Runtime": st.just("runc"),
        "ShmSize": st.integers(1, 9),
        "IpcMode": st.sampled_from(["host", "none", ""]),
        "Ulimits": st.lists(st.sampled_from(["nofile", "core"]).map(lambda name: {"Name": name}), max_size=2),
    },
)


@given(CONFIGS, st.sampled_from([None, "1.30", "1.40", "1.45"]))
def test_only_what_is_named_differs_from_the_request(config: dict[str, Any], version: str | None) -> None:
    body = {"Image": "busybox", "HostConfig": config}
    given, container = collect("ContainerCreate", body), create(version, **config)
    named = {name.partition(".")[0].partition("[")[0] for name in container["daemonDefaults"]}

    assert {name for name in given if given[name] != container[name]} <= named


@given(CONFIGS, st.sampled_from([None, "1.30", "1.39", "1.40", "1.45"]))
def test_a_daemon_without_defaults_gives_the_same_facts_as_one_with_an_unrelated_default(
    config: dict[str, Any], version: str | None
) -> None:
    unrelated = DaemonDefaults(network_options={"bridge": {ICC: "false"}})

    assert create(version, DaemonDefaults(), **config) == create(version, unrelated, **config)


BELOW = FixedHost({"mounts": {"/srv/data/disk": "ext4"}})
READ_ONLY: list[Any] = [
    {"Binds": ["/srv/data:/d:ro"]},
    {"Mounts": [{"Type": "bind", "Source": "/srv/data", "Target": "/d", "ReadOnly": True}]},
]


def is_writable(config: Any, version: str | None, host: FixedHost = BELOW) -> bool:
    return bool(bound(version, host, **config)["mounts"][0]["writable"])


@pytest.mark.parametrize("config", READ_ONLY, ids=str)
@pytest.mark.parametrize(("version", "writable"), [("1.24", True), ("1.43", True), ("1.44", False), (None, False)])
def test_a_read_only_bind_of_an_old_client_leaves_mounts_below_it_writable(
    config: Any, version: str | None, writable: bool
) -> None:
    assert is_writable(config, version) is writable


@pytest.mark.parametrize("config", READ_ONLY, ids=str)
def test_a_read_only_bind_of_an_old_client_without_mounts_below_it_is_read_only(config: Any) -> None:
    assert not is_writable(config, "1.43", FixedHost())


@pytest.mark.parametrize("version", ["1.40", "1.43"])
def test_a_bind_that_is_not_recursive_shows_no_mounts_below_it(version: str) -> None:
    config = {"Mounts": [{**READ_ONLY[1]["Mounts"][0], "BindOptions": {"NonRecursive": True}}]}

    assert not is_writable(config, version)


def test_the_facts_name_a_bind_that_an_old_client_leaves_writable() -> None:
    filled = bound("1.43", BELOW, "/srv:/s", "/srv/data:/d:ro", "/srv/data:/e:ro")

    assert filled["daemonDefaults"] == ["mounts[1].writable", "mounts[2].writable"]
    assert [mount["target"] for mount in filled["mounts"]] == ["/s", "/d", "/e"]


SWAP = {"mount": "HostConfig.Binds[0]", "folder": "/srv/data/disk", "at": "HostConfig.Binds[1]"}


@pytest.mark.parametrize(
    ("version", "source", "through"),
    [
        ("1.43", "/srv/data/disk/a/b", [SWAP]),
        ("1.24", "/srv/data/disk/a", [SWAP]),
        ("1.44", "/srv/data/disk/a/b", []),
        ("1.43", "/srv/data/other/b", []),
    ],
)
def test_a_source_below_a_mount_that_stays_writable_can_be_swapped(version: str, source: str, through: Any) -> None:
    filled = bound(version, BELOW, "/srv/data:/d:ro", f"{source}:/x")

    assert [mount["swappableThrough"] for mount in filled["mounts"]] == [[], through]


def test_what_the_host_mounts_inside_the_source_is_writable_for_an_old_client() -> None:
    filled = bound("1.43", FixedHost({"mounts": {"/srv/app/etc": "/etc"}}), "/srv/app:/x:ro")

    assert {mount["source"]: mount["writable"] for mount in filled["mounts"]} == {"/srv/app": True, "/etc": True}
