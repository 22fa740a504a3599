"""The log driver of containers, services and the swarm; the values of its options stay where they are."""

from portero.facts import log

NONE = {"addresses": [], "files": [], "controlCharacters": [], "buffers": []}


def test_nothing_set_is_the_daemon_s_default() -> None:
    assert log.read_create({}) == {"driver": "", "options": [], **NONE, "at": "HostConfig.LogConfig"}
    assert log.read_service({}) == {"driver": "", "options": [], **NONE, "at": "TaskTemplate.LogDriver"}
    assert log.read_swarm({}, "Spec.") == {"driver": "", "options": [], **NONE, "at": "Spec.TaskDefaults.LogDriver"}


def test_a_container_s_options_are_reported_by_name() -> None:
    found = log.read_create({"LogConfig": {"Type": "splunk", "Config": {"splunk-token": "x", "tag": "y"}}})

    assert found == {"driver": "splunk", "options": ["splunk-token", "tag"], **NONE, "at": "HostConfig.LogConfig"}


def test_a_service_s_driver_is_reported() -> None:
    found = log.read_service({"LogDriver": {"Name": "none", "Options": {"a": "b"}}})

    assert found == {"driver": "none", "options": ["a"], **NONE, "at": "TaskTemplate.LogDriver"}


def test_the_driver_of_a_swarm_is_reported() -> None:
    spec = {"TaskDefaults": {"LogDriver": {"Name": "syslog", "Options": {"tag": "\n"}}}}

    found = log.read_swarm(spec, "")

    assert found["controlCharacters"] == [{"name": "tag", "at": "TaskDefaults.LogDriver.Options[*]"}]
