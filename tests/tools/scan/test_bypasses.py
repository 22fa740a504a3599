"""Ways round the rules: what existing things could be used for, and which rules close the way."""

import re
from pathlib import Path

from tests.decide.judging.requests import write_files
from tests.tools.scan.recorded_daemon import Daemon
from tests.tools.scan.scanning import bypasses, found


def test_ways_round_the_rules_are_reported_with_the_rules_that_are_violated(daemon: Daemon) -> None:
    told = bypasses(found(daemon))

    assert told["docker start priv"] == {"no-privileged"}
    assert told["docker exec neth COMMAND"] == {"no-host-network"}
    assert "no-bind-volumes" in told["docker run -v evil:/mnt IMAGE"]
    assert "no-bind-volumes" in told["docker start usesevil"]
    assert "no-bind-volumes" in told["docker cp FILE usesevil:PATH"]
    assert "no-sensitive-paths" in told["docker service rollback before"]
    (task,) = [command for command in told if command.startswith("docker exec caps.1.")]
    assert told[task] == {"capabilities"}
    (prepared,) = [command for command in told if re.fullmatch(r"POST /exec/[0-9a-f]{12}/start", command)]
    assert told[prepared] == {"no-privileged"}
    assert len(told) == 8


def test_a_way_that_a_rule_refuses_is_closed_and_says_by_which(daemon: Daemon) -> None:
    document = found(daemon)

    assert {bypass["command"]: bypass["closed"] for bypass in document["bypasses"] if not bypass["open"]} == {
        "docker run --volumes-from usesevil IMAGE": ["joined-containers-seen"],
        "docker run --network container:neth IMAGE": ["joined-containers-seen"],
    }


def test_a_rule_that_the_site_switches_off_opens_the_way(daemon: Daemon, tmp_path: Path) -> None:
    site = write_files(tmp_path / "site", {"site.json": {"actions": {"joined-containers-seen": "off"}}})

    document = found(daemon, "--schemas", str(site))

    assert "docker run --volumes-from usesevil IMAGE" in bypasses(document)


def test_a_volume_that_comes_back_with_the_former_settings_is_a_way(daemon: Daemon) -> None:
    before = next(each for each in daemon.answers["/services"] if each["Spec"]["Name"] == "before")
    mounts = before["PreviousSpec"]["TaskTemplate"]["ContainerSpec"]["Mounts"]
    mounts[:] = [{"Type": "volume", "Source": "evil", "Target": "/x"}]
    assert "no-bind-volumes" in bypasses(found(daemon))["docker service rollback before"]

    mounts[0]["Source"] = "data"
    assert "docker service rollback before" not in bypasses(found(daemon))


def test_the_options_of_a_network_that_only_holds_them_are_a_way(daemon: Daemon) -> None:
    mynet = next(net for net in daemon.answers["/networks"] if net["Name"] == "mynet")
    options = {"com.docker.network.bridge.default_bridge": "true"}
    mynet |= {"ConfigOnly": True, "Driver": "null", "Options": options}

    told = bypasses(found(daemon))
    assert told["docker network create --config-from mynet NAME"] == {"bridge-names"}
    assert "docker run --network mynet IMAGE" not in told


def test_a_network_of_a_foreign_driver_is_a_way(daemon: Daemon) -> None:
    mynet = next(net for net in daemon.answers["/networks"] if net["Name"] == "mynet")
    mynet["Driver"] = "acme/bridge"
    daemon.named("plain")["NetworkSettings"]["Networks"] = {"mynet": {}}

    told = bypasses(found(daemon))
    assert told["docker run --network mynet IMAGE"] == {"no-network-plugins"}
    # One that is on it, and mounts what it may.
    assert told["docker exec plain COMMAND"] == {"no-network-plugins"}
    assert "docker cp FILE plain:PATH" not in told


def test_a_command_that_ran_already_is_no_way(daemon: Daemon) -> None:
    (exec,) = [said for path, said in daemon.answers.items() if path.startswith("/exec/")]
    exec["ExitCode"] = 0

    assert not [command for command in bypasses(found(daemon)) if command.startswith("POST")]


def test_with_lookups_every_way_is_closed_by_the_rule_that_judges_what_exists(daemon: Daemon) -> None:
    document = found(daemon, lookups="auto")

    assert bypasses(document) == {}
    closed = {bypass["command"]: bypass["closed"] for bypass in document["bypasses"]}
    assert closed["docker start priv"] == ["existing-container"]
    assert closed["docker run -v evil:/mnt IMAGE"] == ["existing-volume"]
    assert closed["docker service rollback before"] == ["existing-service"]
