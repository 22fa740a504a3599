"""What is written of a decision that is made again: byte for byte what would be written of it anew."""

import base64
import json
import tracemalloc
from dataclasses import fields, replace

import pytest

from portero.decision import Decision, Subject, Violation, refusal
from portero.host.fixed import FixedHost
from portero.judging import reply
from portero.judging.judge import Judge
from portero.service import log_line
from portero.service.loading import judge_of
from portero.service.log_line import LogLine
from portero.service.settings import Settings
from tests import captured
from tests.judging.corpus import every_body

NOON = 1_800_000_000.0


def decision(*violations: Violation, user: str = "alice") -> Decision:
    return Decision(
        id="d-1",
        time=NOON,
        subject=Subject("ContainerCreate", "POST", "/containers/create", "1.45", user),
        violations=violations,
        policy="p",
        profile="hardened",
        mode="enforce",
    )


def make_judge(profile: str, mode: str) -> Judge:
    settings = {"profile": profile, "mode": mode, "host_root": "none", "audit_profile": "restricted"}
    return replace(judge_of(Settings.read({}, settings))[0], host=FixedHost(captured.HOST))


def create(name: str, *binds: str) -> bytes:
    body = {"Image": f"registry.example.com/shop/{name}", "HostConfig": {"Binds": binds, "Privileged": True}}
    asked = {
        "RequestMethod": "POST",
        "RequestUri": "/v1.45/containers/create",
        "RequestHeaders": {"Content-Type": "application/json"},
        "RequestBody": base64.b64encode(json.dumps(body).encode()).decode(),
    }
    return json.dumps(asked).encode()


def write(made: Decision, microseconds: int) -> tuple[str, str]:
    return LogLine(made, microseconds).text(), "" if made.allowed else reply.write_denial(made)


@pytest.mark.parametrize(("profile", "mode"), [("hardened", "enforce"), ("baseline", "audit")])
def test_what_is_written_of_a_decision_made_again_is_what_is_written_of_one_made_anew(profile: str, mode: str) -> None:
    judge = make_judge(profile, mode)
    sent = {json.dumps(one).encode() for case in captured.envelopes().values() for one in case}
    again = refused = 0
    for data in sent | {data for _, data in every_body()}:
        judge.decide(data, "d-1", NOON)
        judge.decide(data, "d-1", NOON)
        for number in range(2):
            id, time = f"d-{number}", NOON + number * 86_400.123
            made = judge.decide(data, id, time)
            fresh = replace(judge).decide(data, id, time)
            assert fresh.written is None
            assert write(made, number) == write(fresh, number), data
            assert json.loads(LogLine(made, number).text()) == made.line(number)
        if made.written is not None:
            again += 1
            refused += bool(made.written.denial)
            assert made.written.line

    assert again > 200
    assert (refused > 100) == (judge.mode == "enforce")


@pytest.mark.parametrize("alike", [1, 2, 1000])
def test_a_line_is_the_document_of_its_decision_as_json(alike: int) -> None:
    made = replace(decision(refusal("internal-error", ""), user='eve"\n\\\N{GRINNING FACE}\ud800'), id='d-"1')

    for one in (made, made.again("d-2", NOON), made.again("d-2", NOON).again('d-"\\', 0.5)):
        document = one.line(7) | ({"alike": alike} if alike > 1 else {})
        text = LogLine(one, 7, alike).text()
        assert text == json.dumps(document, separators=(",", ":"))
        assert text.isascii()
        assert "\n" not in text


def test_a_decision_that_says_something_else_is_written_anew() -> None:
    again = decision(refusal("unknown-field", "A")).again("d-2", NOON)
    before = write(again, 1)
    other = replace(again, violations=(refusal("log-failure", ""),))

    assert other.written is None
    assert "unknown-field" not in "".join(write(other, 1))
    assert "log-failure" not in "".join(before + write(again, 1))


def test_nothing_of_a_decision_is_lost_when_it_is_made_again() -> None:
    first = replace(decision(refusal("unknown-field", "A")), fault=ValueError(), audit_profile="restricted")
    again = first.again("d-2", NOON + 1)

    assert (again.id, again.time) == ("d-2", NOON + 1)
    for one in fields(Decision):
        if one.name not in ("id", "time", "written"):
            assert getattr(again, one.name) is getattr(first, one.name)


def test_nothing_long_is_kept() -> None:
    many = [refusal("unknown-field", f"{'x' * 5000}.{number}") for number in range(4)]
    again = decision(*many).again("d-2", NOON)
    long = [replace(one, reason="y" * 5000, wording=None) for one in many]
    text = write(decision(*long).again("d-2", NOON), 1)

    assert again.written is not None
    assert write(again, 1)[0] == LogLine(again, 1).text()
    assert len(text[0]) > log_line._LONGEST_KEPT
    assert again.written.line == ""
    made = decision(*long).again("d-2", NOON)
    assert reply.write_denial(made) == text[1]
    assert len(text[1]) > reply._LONGEST_KEPT
    assert made.written is not None
    assert made.written.denial == ()


def test_what_is_kept_takes_little_memory_whatever_is_refused() -> None:
    judge = make_judge("restricted", "enforce")
    tracemalloc.start()
    try:
        for number in range(128):
            data = create(f"{number}", *(f"/etc/\N{GRINNING FACE}{'x' * 90}{mount}:/m{mount}:rw" for mount in range(6)))
            for _ in range(3):
                write(judge.decide(data, "d-1", NOON), 1)
        kept = [made.decision.written for made in judge._before._made.values()]
        assert len(kept) > 100
        assert all(written and written.denial and written.line for written in kept), kept[0]
        assert tracemalloc.get_traced_memory()[0] < 8 << 20
    finally:
        tracemalloc.stop()
