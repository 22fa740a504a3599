"""dockerd's flags as daemon.json would have them."""

import pytest

from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.flags import parse_flags, read_flag_settings
from tests.cases import cases


@pytest.mark.parametrize(("line", "settings"), cases(__file__, "dockerd-flags.jsonl"))
def test_flags_are_read_as_settings(line: str, settings: dict[str, JSON]) -> None:
    assert read_flag_settings(parse_flags(line.split())) == settings


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("--icc=false", {"icc": ("false",)}),
        ("--icc", {"icc": ("true",)}),
        ("--log-driver syslog", {"log-driver": ("syslog",)}),
        ("--tlsverify --tlscacert ca.pem", {"tlsverify": ("true",), "tlscacert": ("ca.pem",)}),
        ("-H fd:// -H=tcp://h:1 -Hunix:///s", {"host": ("fd://", "tcp://h:1", "unix:///s")}),
        ("-DH fd://", {"host": ("fd://",)}),
        ("-D --host a --host=b", {"D": ("true",), "host": ("a", "b")}),
        ("-G staff -g /srv", {"group": ("staff",), "data-root": ("/srv",)}),
        ("stray --group=", {"group": ("",)}),
        ("", {}),
    ],
)
def test_a_command_line_is_read_as_dockerd_reads_it(line: str, flags: dict[str, tuple[str, ...]]) -> None:
    assert parse_flags(line.split()) == flags
