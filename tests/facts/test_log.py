"""The log driver of containers and services; the values of its options stay where they are."""

from portero.facts import log


def test_nothing_set_is_the_daemon_s_default() -> None:
    assert log.read_create({}) == {"driver": "", "options": [], "at": "HostConfig.LogConfig"}
    assert log.read_service({}) == {"driver": "", "options": [], "at": "TaskTemplate.LogDriver"}


def test_a_container_s_options_are_reported_by_name() -> None:
    found = log.read_create({"LogConfig": {"Type": "splunk", "Config": {"splunk-token": "x", "tag": "y"}}})

    assert found == {"driver": "splunk", "options": ["splunk-token", "tag"], "at": "HostConfig.LogConfig"}


def test_a_service_s_driver_is_reported() -> None:
    found = log.read_service({"LogDriver": {"Name": "none", "Options": {"a": "b"}}})

    assert found == {"driver": "none", "options": ["a"], "at": "TaskTemplate.LogDriver"}
