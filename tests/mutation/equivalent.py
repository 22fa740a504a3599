"""The reviewed list of mutants that change nothing a test could notice, each with the reason."""

import json
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("equivalent.json")


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A line of a module (its path inside the package) that may become `mutant`, both without indentation."""

    module: str
    line: str
    mutant: str
    reason: str


def read_list() -> list[Equivalent]:
    return [Equivalent(**entry) for entry in json.loads(LIST.read_text())]
