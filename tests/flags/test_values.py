"""Values of flags as the docker command reads them."""

from collections.abc import Callable
from typing import Any

import pytest

from portero.flags import values


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        (values.size, "512M", 536870912),
        (values.cpus, "0.5", 500000000),
        (values.cpus, "2", 2000000000),
        (values.ulimit, "nofile=1024", {"Name": "nofile", "Soft": 1024, "Hard": 1024}),
        (values.restart, "on-failure:3", {"Name": "on-failure", "MaximumRetryCount": 3}),
        (values.restart, "no", {"Name": "no", "MaximumRetryCount": 0}),
        (values.restart_of_service, "on-failure:3", {"Condition": "on-failure", "MaxAttempts": 3}),
        (values.restart_of_service, "no", {"Condition": "none", "MaxAttempts": 0}),
        (values.log_driver, "syslog", {"Type": "syslog"}),
        (values.log_driver_of_service, "syslog", {"Name": "syslog"}),
        (values.networks, "app", [{"Target": "app"}]),
        (values.name, {"Name": "nofile"}, "nofile"),
        (values.name, "text", None),
        (values.option, "seccomp=a:b", "seccomp"),
        (values.option, "label:disable", "label"),
        (values.itself, "ALL", "ALL"),
    ],
)
def test_a_value_is_read_as_docker_reads_it(reader: Callable[[Any], Any], text: Any, value: Any) -> None:
    assert reader(text) == value
