"""The log driver of containers and services; the values of its options stay where they are."""

from portero.facts import log


def test_nothing_said_is_the_daemon_s_default() -> None:
    assert log.of_create({}) == {"driver": "", "options": [], "at": "HostConfig.LogConfig"}
    assert log.of_service({}) == {"driver": "", "options": [], "at": "TaskTemplate.LogDriver"}


def test_a_container_s_options_are_told_by_name() -> None:
    told = log.of_create({"LogConfig": {"Type": "splunk", "Config": {"splunk-token": "x", "tag": "y"}}})

    assert told == {"driver": "splunk", "options": ["splunk-token", "tag"], "at": "HostConfig.LogConfig"}


def test_a_service_s_driver_is_told() -> None:
    told = log.of_service({"LogDriver": {"Name": "none", "Options": {"a": "b"}}})

    assert told == {"driver": "none", "options": ["a"], "at": "TaskTemplate.LogDriver"}
