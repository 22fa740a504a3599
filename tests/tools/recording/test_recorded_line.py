"""Lines of a recording: written without secrets, read back, or refused."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from portero.decide.decision import Decision, Subject, Violation
from portero.decide.identity.caller import Identity
from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.values.refusals import Refused
from portero.tools.recording import recorded_line
from portero.tools.recording.recorded_line import InvalidRecordLine, Outcome, RecordedRequest
from portero.tools.recording.recorded_notes import read_notes, write_notes
from tests.decided import decided


def test_a_refusal_comes_back_as_one() -> None:
    written = write_notes(HostNotes({"daemon": {"": Refused("host-unreadable", "x")}}))

    refused = read_notes(written).answers["daemon"][""]

    assert (type(refused), refused.code, refused.at) == (Refused, "host-unreadable", "x")


MUCH = 1 << 20
BODY = base64.b64encode(b'{"Env":["TOKEN=hunter2"]}').decode()
ASKED = {"RequestMethod": "POST", "RequestUri": "/v1.45/containers/create", "RequestBody": BODY}


def decision() -> Decision:
    return decided(
        Violation("no-privileged", "baseline", "HostConfig.Privileged", "deny", "", {}),
        Violation("no-privileged", "baseline", "Privileged", "deny", "", {}),
        Violation("memory-limit", "hardened", "HostConfig.Memory", "deny", "", {}),
        Violation("image-digest", "advisory", "Image", "audit", "", {}),
        subject=Subject(operation="ContainerCreate", user="alice", image="busybox"),
        policy="digest",
    )


def written(data: bytes, most: int = MUCH) -> dict[str, Any]:
    line = recorded_line.make_record(data, decision(), most)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    document: dict[str, Any] = json.loads(line)
    return document


def test_a_line_has_the_question_without_secrets_and_the_decision() -> None:
    line = written(json.dumps(ASKED).encode())

    assert base64.b64decode(line["envelope"]["RequestBody"]) == b'{"Env":["TOKEN=***"]}'
    assert line["decision"]["id"] == "d-1"
    assert (line["format"], line["phase"]) == (1, "req")


@pytest.mark.parametrize(
    ("data", "withheld"),
    [
        (b"", "envelope"),
        (b'{"password": "hunter2"', "envelope"),
        (json.dumps(ASKED | {"RequestUri": "/x?token=hunter2%zz"}).encode(), "uri"),
        (json.dumps(ASKED | {"RequestBody": base64.b64encode(b'{"a":"hunter2"').decode()}).encode(), "body"),
    ],
)
def test_what_cannot_be_masked_is_withheld_and_the_decision_kept(data: bytes, withheld: str) -> None:
    line = written(data)

    assert (line["withheld"], "envelope" in line) == (withheld, False)
    assert line["decision"]["id"] == "d-1"
    assert "hunter2" not in json.dumps(line)


def test_a_line_that_is_too_long_keeps_the_decision() -> None:
    line = written(json.dumps(ASKED | {"RequestUri": "/" + "x" * MUCH}).encode())

    assert (line["withheld"], "envelope" in line) == ("size", False)


def test_a_line_is_read_back_with_what_was_decided() -> None:
    told = recorded_line.read_record(recorded_line.make_record(json.dumps(ASKED).encode(), decision(), MUCH))

    assert told is not None
    assert told.envelope is not None
    assert json.loads(told.envelope)["RequestUri"] == "/v1.45/containers/create"
    assert told.id == "d-1"
    rules = ("no-privileged", "memory-limit")
    assert told.outcome == Outcome(False, rules, "HostConfig.Privileged", "ContainerCreate", "alice", "busybox")


def test_a_withheld_line_has_no_question_and_a_bare_capture_no_decision() -> None:
    withheld = recorded_line.read_record(recorded_line.make_record(b"", decision(), MUCH))
    bare = recorded_line.read_record(json.dumps({"phase": "req", "seq": 1, "envelope": ASKED}).encode())

    assert withheld is not None
    assert (withheld.envelope, withheld.id) == (None, "d-1")
    assert bare == RecordedRequest(json.dumps(ASKED).encode(), None, "")


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"{", b"[]", b"1", b"{}", b'{"envelope": 1}', b'{"envelope": {}, "decision": 1}', b"[" * 100000),
        *(b'{"envelope": {}, "decision": {}}', b'{"envelope": {}, "decision": {"violations": [1]}}', b"\xff"),
    ],
)
def test_what_is_no_line_of_a_recording_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidRecordLine):
        recorded_line.read_record(line)


def test_who_asked_is_recorded_and_the_token_is_not() -> None:
    groups = {"tls": ("web",), "token": ("dev",)}
    alicia = Identity("alicia", ("web", "dev"), "tls+token", ("a.example.com",), 900.0, groups)
    asked = ASKED | {"RequestHeaders": {"X-PORTERO-Token": "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl"}}

    notes = HostNotes({"identity": {"": alicia}})
    line = recorded_line.make_record(json.dumps(asked).encode(), decision(), MUCH, notes)

    assert b"eyJhbGciOiJFZERTQSJ9" not in line
    assert b"c2lnbmF0dXJl" not in line
    told = recorded_line.read_record(line)
    assert told is not None
    assert told.notes is not None
    read = told.notes.answers["identity"][""]
    assert (read, read.sources, read.list_groups_by("token")) == (alicia, groups, {"dev"})


def test_a_line_whose_identity_is_none_is_no_line() -> None:
    line = json.loads(recorded_line.make_record(json.dumps(ASKED).encode(), decision(), MUCH))

    with pytest.raises(InvalidRecordLine):
        recorded_line.read_record(json.dumps(line | {"host": {"identity": {"": {"user": 7}}}}).encode())


def test_a_probe_of_the_host_check_and_an_answer_of_dockerd_are_no_requests_to_compare() -> None:
    probe = replace(decision(), subject=replace(decision().subject, is_probe=True))

    assert recorded_line.read_record(recorded_line.make_record(json.dumps(ASKED).encode(), probe, MUCH)) is None
    assert recorded_line.read_record(json.dumps({"phase": "res", "envelope": ASKED}).encode()) is None
