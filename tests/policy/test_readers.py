"""Values of flags as the docker command reads them."""

from collections.abc import Callable
from typing import Any

import pytest

from portero.policy import readers


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        (readers.size, "512M", 536870912),
        (readers.cpus, "0.5", 500000000),
        (readers.cpus, "2", 2000000000),
        (readers.switch, "", True),
        (readers.ulimit, "nofile=1024", {"Name": "nofile", "Soft": 1024, "Hard": 1024}),
        (readers.restart, "on-failure:3", {"Name": "on-failure", "MaximumRetryCount": 3}),
        (readers.restart, "no", {"Name": "no", "MaximumRetryCount": 0}),
        (readers.restart_of_service, "on-failure:3", {"Condition": "on-failure", "MaxAttempts": 3}),
        (readers.restart_of_service, "no", {"Condition": "none", "MaxAttempts": 0}),
        (readers.log_driver, "syslog", {"Type": "syslog"}),
        (readers.log_driver_of_service, "syslog", {"Name": "syslog"}),
        (readers.no_healthcheck, "", {"Test": ["NONE"]}),
        (readers.networks, "app", [{"Target": "app"}]),
        (readers.name, {"Name": "nofile"}, "nofile"),
        (readers.name, "text", None),
        (readers.option, "seccomp=a:b", "seccomp"),
        (readers.option, "label:disable", "label"),
        (readers.itself, "ALL", "ALL"),
    ],
)
def test_a_value_is_read_as_docker_reads_it(reader: Callable[[Any], Any], text: Any, value: Any) -> None:
    assert reader(text) == value
