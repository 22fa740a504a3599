"""A line of the decision log as text: the document of its decision as JSON."""

import json
from dataclasses import replace

import pytest

from portero.decision import Decision, Subject, Violation, refusal
from portero.service.log_line import LogLine

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


@pytest.mark.parametrize("alike", [1, 2, 1000])
def test_a_line_is_the_document_of_its_decision_as_json(alike: int) -> None:
    made = replace(decision(refusal("internal-error", ""), user='eve"\n\\\N{GRINNING FACE}\ud800'), id='d-"1')

    text = LogLine(made, 7, alike).text()

    assert text == json.dumps(made.line(7) | ({"alike": alike} if alike > 1 else {}), separators=(",", ":"))
    assert text.isascii()
    assert "\n" not in text
