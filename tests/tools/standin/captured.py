"""The cases of tests/captures, ready to be typed at the stand-in: command, captured requests, expected decision."""

import re
from collections import Counter
from dataclasses import dataclass

from tests import captured
from tests.paths import CAPTURES

# Where the commands were typed: a folder below /tmp with data that they mount and read.
CAPTURED_AT = "/tmp/capdata"
TERMINAL = re.compile(r"\b(run|exec)\b.*\s-(i?t|ti)\b")

_IDS = (re.compile(r"[0-9a-f]{64}"), re.compile(r"(?<=/)[0-9a-z]{25}(?=/|$)"), re.compile(r"(?<=/)[0-9a-f]{12}(?=/|$)"))

Requests = Counter[str]


@dataclass(frozen=True, slots=True)
class Case:
    """One captured command: what it asked, and what the profile baseline says to it."""

    name: str
    command: str
    requests: Requests
    decision: str
    rules: frozenset[str]


def request(method: str, target: str) -> str:
    """Method and path, with IDs made alike."""
    path = target.partition("?")[0]
    for pattern in _IDS:
        path = pattern.sub("ID", path)
    return f"{method} {path}"


def cases() -> dict[str, Case]:
    """Every case by name, but those of clients of a newer engine: this machine may lack them."""
    asked = {
        case: envelopes for case, envelopes in captured.envelopes().items() if not case.startswith(("new/", "29/"))
    }
    expected = {row["case"]: row for row in captured.table(CAPTURES / "expected-baseline.tsv")}
    return {
        (name := row["case"]): Case(
            name,
            row["command"],
            Counter(request(envelope["RequestMethod"], envelope["RequestUri"]) for envelope in asked[name]),
            expected[name]["decision"],
            # The stand-in is asked what containers are that others join.
            frozenset(captured.rules_of(expected[name]["rules"])) - {"joined-containers-seen"},
        )
        for row in captured.table(CAPTURES / "index.tsv")
        if row["case"] in expected and row["case"] in asked
    }
