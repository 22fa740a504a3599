"""Decisions in dockerd's own log, where the standard output of a managed plugin goes."""

import json

import pytest

from portero.report import log_lines
from portero.report.log_lines import find_plugin_line
from tests.report.decisions import line

PLUGIN = "ab" * 32


def dockerd(text: bytes, level: str = "info", before: str = "") -> bytes:
    quoted = json.dumps(text.decode())
    return f'{before}time="2026-11-25T10:28:14Z" level={level} msg={quoted} plugin={PLUGIN}\n'.encode()


@pytest.mark.parametrize("before", ["", "Nov 25 10:28:14 build7 dockerd[812]: "])
def test_a_decision_is_found_with_and_without_the_journal_s_prefix(before: str) -> None:
    assert find_plugin_line(dockerd(line().strip(), before=before)) == line().strip()
    assert log_lines.read(dockerd(line().strip(), before=before)).id == "d-0123456789ab"


@pytest.mark.parametrize(
    "other",
    [
        line(),
        dockerd(line().strip(), level="error"),
        b'time="2026-11-25T10:28:14Z" level=info msg="API listen on /run/docker.sock"\n',
        b'time="2026-11-25T10:28:14Z" level=info msg="\\x7f" plugin=' + PLUGIN.encode() + b"\n",
        b"",
    ],
)
def test_any_other_line_stays_as_it_is(other: bytes) -> None:
    assert find_plugin_line(other) == other


def test_a_line_inside_another_message_is_no_decision() -> None:
    inner = dockerd(line().strip()).strip()

    assert find_plugin_line(dockerd(inner, level="error")) == dockerd(inner, level="error")
