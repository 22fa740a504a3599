"""Values of a request as they are typed; nothing that can be a secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from portero.decide.flags import format_values

LINES = [json.loads(line) for line in Path(__file__).with_name("typed.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line['writer']} {line['typed']}")
def test_a_value_is_typed_as_docker_takes_it(line: dict[str, Any]) -> None:
    assert getattr(format_values, line["writer"])(line["value"]) == line["typed"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (format_values.security_option('seccomp={"a": "s3cret"}'), "seccomp=..."),
        (format_values.driver_option("o", "username=u,password=s3cret"), "o=..."),
        (format_values.driver_option("device", "//u:s3cret@nas/x"), "device=..."),
        (format_values.driver_option("token", "s3cret"), "token=..."),
        (format_values.driver_option("device", "/srv/x"), "device=/srv/x"),
        (format_values.driver_option("o", "bind"), "o=bind"),
        (format_values.driver_option("o", "size=1m,uid=1000,noexec"), "o=size=1m,uid=1000,noexec"),
        (format_values.driver_option("o", "noexec,credentials=/x"), "o=..."),
        (format_values.hidden_pair("splunk-token", "s3cret"), "splunk-token=..."),
        (
            format_values.mount(
                {
                    "Type": "volume",
                    "Source": "v",
                    "Target": "/v",
                    "VolumeOptions": {"DriverConfig": {"Name": "nas", "Options": {"key": "s3cret"}}},
                }
            ),
            "type=volume,source=v,target=/v,volume-driver=nas,volume-opt=key=...",
        ),
    ],
)
def test_what_can_be_a_secret_is_left_out(written: str, shown: str) -> None:
    assert written == shown
    assert "s3cret" not in written
    assert format_values.is_whole(written) == ("..." not in shown)
