"""dockerd's flags as daemon.json would have them."""

import pytest

from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.flags import parse_flags, read_flag_settings

BOTH = {"Soft": int("9" * 19), "Hard": int("9" * 19)}


@pytest.mark.parametrize(
    ("line", "settings"),
    [
        ("", {}),
        ("--debug --icc=false", {}),
        ("--seccomp-profile unconfined", {"seccomp-profile": "unconfined"}),
        ("--log-driver=none --log-driver=syslog", {"log-driver": "syslog"}),
        ("--log-opt a=b=c --log-opt d", {"log-opts": {"a": "b=c", "d": ""}}),
        ("--no-new-privileges", {"no-new-privileges": True}),
        ("--no-new-privileges=f", {"no-new-privileges": False}),
        *((f"--no-new-privileges={true}", {"no-new-privileges": True}) for true in ("1", "t", "T", "TRUE", "True")),
        *(
            (f"--{key}=x", {key: "x"})
            for key in ("default-cgroupns-mode", "default-ipc-mode", "default-shm-size", "log-driver", "userns-remap")
        ),
        ("--default-ulimit core=" + "9" * 19, {"default-ulimits": {"core": {"Name": "core", **BOTH}}}),
        ("--default-ulimit core=" + "9" * 20, {}),
        ("--userns-remap default --default-runtime x", {"default-runtime": "x", "userns-remap": "default"}),
        (
            "--default-ulimit nofile=5:6 --default-ulimit=core=-1 --default-ulimit odd",
            {
                "default-ulimits": {
                    "nofile": {"Name": "nofile", "Soft": 5, "Hard": 6},
                    "core": {"Name": "core", "Soft": -1, "Hard": -1},
                }
            },
        ),
        (
            "--default-network-opt bridge=a=b=c --default-network-opt bridge=d=",
            {"default-network-opts": {"bridge": {"a": "b=c", "d": ""}}},
        ),
    ],
)
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
