"""The cases of tests/captures, ready to be typed at the stand-in: command, captured requests, expected decision."""

import csv
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.paths import CAPTURES

HOST = json.loads((CAPTURES / "host.json").read_text())
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
    """Every case by name."""
    requests = _requests()
    expected = {row["case"]: row for row in _table("expected-baseline.tsv")}
    return {
        row["case"]: Case(
            row["case"],
            row["command"],
            requests[row["case"]],
            expected[row["case"]]["decision"],
            frozenset(expected[row["case"]]["rules"].split(",")) - {"-"},
        )
        for row in _table("index.tsv")
        # What clients of a newer engine sent is not typed again: this machine may lack them.
        if row["case"] in expected and row["case"] in requests
    }


def _requests() -> dict[str, Requests]:
    found: dict[str, Requests] = defaultdict(Counter)
    for name in ("cli.jsonl.gz", "compose.jsonl.gz"):
        with gzip.open(CAPTURES / name, "rt", encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                if line["phase"] == "req":
                    envelope: dict[str, Any] = line["envelope"]
                    found[line["case"]][request(envelope["RequestMethod"], envelope["RequestUri"])] += 1
    return found


def _table(name: str) -> Iterator[dict[str, str]]:
    with (CAPTURES / name).open(encoding="utf-8") as table:
        yield from csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
