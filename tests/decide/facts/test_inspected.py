"""The output of docker inspect as the request that creates the object. tests/inspect is from dockerd 26.1.5."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.facts import inspected
from portero.decide.facts.inspected import Fills, Inspected, remove_filled
from portero.decide.facts.security import MASKED
from portero.decide.interfaces.daemon import DaemonDefaults
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.dockerd.daemon_defaults import make_defaults

OUTPUT = Path(__file__).parent / "inspect"
INFO: Any = {"CgroupVersion": "1", "LoggingDriver": "json-file", "DefaultRuntime": "runc"}
FILLS = Fills.of(INFO, DaemonDefaults())


def inspect_output(kind: str) -> dict[str, Any]:
    """The output of docker inspect for one kind, by name."""
    things = json.loads((OUTPUT / f"{kind}.json").read_text())
    return {thing.get("Name", thing.get("Spec", {}).get("Name")).removeprefix("/"): thing for thing in things}


def request_of(thing: dict[str, Any]) -> Inspected:
    found = inspected.make_request(thing)
    assert found is not None
    return found


def read(kind: str, name: str) -> Inspected:
    return request_of(inspect_output(kind)[name])


def host_config_of(thing: dict[str, Any]) -> Any:
    return request_of(thing).body["HostConfig"]


@pytest.mark.parametrize(
    ("kept", "mode", "left"),
    [
        pytest.param(False, "host", {"OomKillDisable": False}, id="version 1 fills in the host's"),
        pytest.param(
            None, "host", {"OomKillDisable": None, "CgroupnsMode": "host"}, id="on version 2 it was asked for"
        ),
        pytest.param(False, "private", {"OomKillDisable": False, "CgroupnsMode": "private"}, id="no default of any"),
    ],
)
def test_the_control_group_namespace_of_version_1_is_a_default(kept: JSON, mode: str, left: dict[str, JSON]) -> None:
    body: dict[str, JSON] = {"Image": "x", "HostConfig": {"OomKillDisable": kept, "CgroupnsMode": mode}}

    assert inspected.drop_cgroup_default(body) == {"Image": "x", "HostConfig": left}
    assert inspected.drop_cgroup_default({"Name": "v"}) == {"Name": "v"}


def test_networks_of_a_container_keep_what_was_asked_for_and_lose_what_was_given() -> None:
    networking = read("container", "bad").body["NetworkingConfig"]

    assert networking == {"EndpointsConfig": {"front": {}}}


def test_a_bind_that_was_taken_over_from_another_container_is_a_mount_of_this_one() -> None:
    heir = inspect_output("container")["plain"]
    heir["HostConfig"]["Binds"] = ["/srv/own:/own"]
    heir["Mounts"] = [
        {"Type": "bind", "Source": "/srv/own", "Destination": "/own", "RW": True, "Propagation": "rprivate"},
        {"Type": "bind", "Source": "/etc", "Destination": "/data", "RW": False, "Propagation": "rslave"},
        {"Type": "volume", "Name": "x", "Source": "/var/lib/docker/volumes/x/_data", "Destination": "/v", "RW": True},
    ]

    taken = {"Type": "bind", "Source": "/etc", "Target": "/data", "ReadOnly": True}
    assert host_config_of(heir)["Mounts"] == [
        taken | {"BindOptions": {"Propagation": "rslave", "CreateMountpoint": True}}
    ]


def test_a_bind_that_the_container_names_as_a_mount_itself_is_not_read_twice() -> None:
    named = inspect_output("container")["plain"]
    named["HostConfig"]["Mounts"] = [{"Type": "bind", "Source": "/srv/own", "Target": "/own"}]
    named["Mounts"] = [{"Type": "bind", "Source": "/srv/own", "Destination": "/own", "RW": True, "Propagation": ""}]

    assert host_config_of(named)["Mounts"] == [{"Type": "bind", "Source": "/srv/own", "Target": "/own"}]


def test_a_bind_at_a_path_that_is_only_the_source_of_another_one_is_no_mount_that_is_named() -> None:
    heir = inspect_output("container")["plain"]
    heir["HostConfig"]["Binds"] = ["/data:/own"]
    heir["Mounts"] = [{"Type": "bind", "Source": "/etc", "Destination": "/data", "RW": True, "Propagation": ""}]

    assert [mount["Source"] for mount in host_config_of(heir)["Mounts"]] == ["/etc"]


@pytest.mark.parametrize(("more", "kept"), [(["/proc/interrupts"], False), ([], False), (None, True)])
def test_the_daemons_own_list_of_masked_paths_is_no_list_of_the_request(more: list[str] | None, kept: bool) -> None:
    thing = inspect_output("container")["bad"]
    thing["HostConfig"]["MaskedPaths"] = [] if more is None else [*MASKED, *more]

    assert ("MaskedPaths" in host_config_of(thing)) is kept


def test_a_service_is_its_spec() -> None:
    found = read("service", "svc")

    assert (found.operation, found.name) == ("ServiceCreate", "svc")
    assert found.body == inspect_output("service")["svc"]["Spec"]


def test_a_network_keeps_what_a_request_can_ask_for() -> None:
    asked = {
        "Name": "n",
        "Driver": "bridge",
        "IPAM": {"Driver": "default"},
        "Internal": True,
        "Attachable": True,
        "Ingress": False,
        "ConfigOnly": False,
        "Options": {"a": "b"},
        "Labels": {"c": "d"},
    }
    found = inspected.make_request(asked | {"Id": "f" * 64, "Scope": "local", "Created": "now"})

    assert found == Inspected("NetworkCreate", "n", asked, "f" * 64)


def test_a_volume_keeps_name_driver_options_and_labels() -> None:
    thing: Any = {"Name": "v", "Driver": "x/y", "Mountpoint": "/m", "Options": {"a": "b"}, "Labels": {"c": "d"}}
    found = inspected.make_request(thing)

    assert found == Inspected(
        "VolumeCreate", "v", {"Name": "v", "Driver": "x/y", "DriverOpts": {"a": "b"}, "Labels": {"c": "d"}}
    )


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("container", ("Id", "Config", "HostConfig")),
        ("service", ("ID", "Spec", "Endpoint")),
        ("volume", ("Name", "Driver", "Mountpoint")),
        ("network", ("Name", "Id", "Driver", "IPAM", "Scope")),
    ],
)
def test_an_object_is_known_by_its_keys(kind: str, keys: tuple[str, ...]) -> None:
    assert inspected.find_kind(dict.fromkeys(keys)) == kind
    for left_out in keys:
        assert inspected.find_kind({key: None for key in keys if key != left_out}) is None


@pytest.mark.parametrize(
    ("name", "driver", "is_own"),
    [
        *(("none", "null", True), ("docker_gwbridge", "bridge", True), ("docker_gwbridge", "acme", False)),
        *((name, None, True) for name in ("bridge", "host", "ingress")),
    ],
)
def test_networks_that_dockerd_makes_itself_were_not_requested(name: str, driver: str | None, is_own: bool) -> None:
    networks = inspect_output("network")
    thing = networks[name] if driver is None else networks["front"] | {"Name": name, "Driver": driver}

    assert (inspected.make_request(thing) is None) is is_own


@pytest.mark.parametrize("document", [None, 7, [], {}, {"Image": "busybox", "HostConfig": {}}, {"Id": "x"}])
def test_what_is_no_inspected_thing_is_none(document: Any) -> None:
    assert inspected.find_kind(document) is None
    assert inspected.make_request(document) is None


def test_a_field_of_another_type_is_refused() -> None:
    invalid = inspect_output("container")["plain"] | {"HostConfig": 7}

    with pytest.raises(Refused, match="body-wrong-type"):
        inspected.make_request(invalid)


def config(fills: Fills = FILLS, **said: Any) -> dict[str, Any]:
    """What is left of a HostConfig."""
    found = Inspected("ContainerCreate", "web", {"Image": "busybox", "HostConfig": said})
    left: Any = remove_filled(found, fills).body["HostConfig"]
    return dict(left)


def test_a_plain_container_of_a_real_daemon_says_nothing_any_more() -> None:
    left: Any = remove_filled(read("container", "plain"), FILLS).body["HostConfig"]

    assert not {"CgroupnsMode", "Runtime", "ShmSize"} & left.keys()
    assert left["LogConfig"] == {"Config": {}}
    assert left["NetworkMode"] == "bridge"


@pytest.mark.parametrize(
    ("at", "fills"),
    [
        ({"CgroupnsMode": "private"}, FILLS),
        ({"CgroupnsMode": "host"}, replace(FILLS, cgroup_v1=False, cgroup_namespace="private")),
        ({"CgroupnsMode": "host", "Privileged": True}, replace(FILLS, cgroup_v1=False, cgroup_namespace="private")),
        *((said, FILLS) for said in ({"Runtime": "kata"}, {"ShmSize": 1 << 30}, {"SecurityOpt": ["label=disable"]})),
        ({"SecurityOpt": ["label=disable", "seccomp=unconfined"], "Privileged": True}, FILLS),
        ({"MaskedPaths": []}, FILLS),
        ({"MaskedPaths": [*MASKED[:3]]}, FILLS),
        ({"LogConfig": {"Type": "none", "Config": {}}}, FILLS),
    ],
)
def test_what_differs_from_the_daemon_was_requested(at: dict[str, Any], fills: Fills) -> None:
    assert config(fills, **at) == at


@pytest.mark.parametrize("shares", [{"Privileged": True}, {"PidMode": "host"}, {"IpcMode": "host"}])
def test_the_label_that_goes_with_a_shared_namespace_was_not_requested(shares: dict[str, Any]) -> None:
    assert config(SecurityOpt=["label=disable"], **shares) == shares


def test_a_privileged_container_gets_the_hosts_control_groups_on_version_1() -> None:
    fills = Fills.of(INFO, make_defaults({"default-cgroupns-mode": "private"}))

    assert config(fills, CgroupnsMode="host") == {"CgroupnsMode": "host"}
    assert config(fills, CgroupnsMode="host", Privileged=True) == {"Privileged": True}


def test_the_daemons_own_configuration_is_what_it_fills_in() -> None:
    fills = Fills.of(
        {"CgroupVersion": "2", "LoggingDriver": "journald", "DefaultRuntime": "kata"},
        make_defaults({"default-cgroupns-mode": "host", "default-shm-size": "32m"}),
    )

    said = {"CgroupnsMode": "host", "Runtime": "kata", "ShmSize": 32 << 20}
    assert config(fills, **said, LogConfig={"Type": "journald", "Config": {"tag": "x"}}) == {
        "LogConfig": {"Config": {"tag": "x"}}
    }


def test_log_options_of_the_daemon_were_not_requested_and_others_were() -> None:
    fills = Fills.of(
        {"LoggingDriver": "syslog"},
        make_defaults({"log-opts": {"syslog-address": "unixgram:///run/x.sock", "tag": "{{.ID}}"}}),
    )
    of_daemon = {"syslog-address": "unixgram:///run/x.sock", "tag": "{{.ID}}"}

    assert config(fills, LogConfig={"Type": "syslog", "Config": of_daemon}) == {"LogConfig": {"Config": {}}}
    assert config(fills, LogConfig={"Type": "syslog", "Config": {**of_daemon, "tag": "x"}}) == {
        "LogConfig": {"Config": {"tag": "x"}}
    }
    # Of another driver dockerd adds none.
    of_other = {"LogConfig": {"Type": "fluentd", "Config": of_daemon}}
    assert config(fills, **of_other) == of_other


def test_the_shorter_list_of_masked_paths_of_older_daemons_was_not_requested() -> None:
    assert config(MaskedPaths=[path for path in MASKED if "powercap" not in path]) == {}


def test_other_things_stay_as_they_are() -> None:
    found = Inspected("VolumeCreate", "data", {"Driver": "local"})

    assert remove_filled(found, FILLS) is found
