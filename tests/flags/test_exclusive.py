"""A flag takes the place of others that docker does not take beside it."""

from typing import Any

import pytest

from portero.flags import format_values, parse_values
from portero.flags.edits import NOTHING, Change, SetField
from portero.flags.exclusive import Cpus, LogDriver
from portero.flags.violated_fields import NONE, Violated
from tests.flags.bodies import document


def test_cpus_take_the_place_of_a_period_and_a_quota() -> None:
    changed = document(HostConfig={"NanoCpus": 4000000000, "CpuQuota": 900000, "CpuPeriod": 0})

    assert Cpus("HostConfig.").add(changed, "1", NONE) == Change(("1",), ("4",), (("--cpu-quota", "900000"),))
    assert changed["body"] == {"HostConfig": {"NanoCpus": 1000000000}}
    assert Cpus("HostConfig.").drop(changed, Violated(["HostConfig.NanoCpus"])) == Change(removed=("1",))


LOG = LogDriver(SetField("LogConfig", parse_values.log_driver, format_values.log_driver), "LogConfig.Config")


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({"Type": "json-file", "Config": {"max-size": "1m"}}, (("json-file",), (("--log-opt", "max-size=..."),))),
        ({"Type": "", "Config": {"max-size": "1m"}}, ((), (("--log-opt", "max-size=..."),))),
        ({"Type": "json-file"}, (("json-file",), ())),
        (None, ((), ())),
    ],
)
def test_another_log_driver_takes_none_of_the_options(before: Any, change: Any) -> None:
    changed = document(LogConfig=before)

    assert LOG.add(changed, "journald", NONE) == Change(("journald",), *change)
    assert changed["body"] == {"LogConfig": {"Type": "journald"}}
    assert LOG.add(changed, "journald", NONE) == NOTHING


def test_a_log_driver_goes_with_its_options() -> None:
    changed = document(LogConfig={"Type": "fluentd", "Config": {"fluentd-address": "unix:///x"}})

    assert LOG.drop(changed, Violated(["Labels"])) == NOTHING
    assert LOG.drop(changed, Violated(["LogConfig"])) == Change(
        removed=("fluentd",), others=(("--log-opt", "fluentd-address=..."),)
    )
