"""What real clients sent once (tests/captures): the envelopes of each case, and the tables of what is expected."""

import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.paths import CAPTURES

# The host that the captures are judged on: links, sockets, and the names behind network IDs.
HOST: dict[str, Any] = json.loads((CAPTURES / "host.json").read_text())


def envelopes() -> dict[str, list[dict[str, Any]]]:
    """The AuthZReq envelopes of each case, in order."""
    found = defaultdict(list)
    for name in ("cli.jsonl.gz", "compose.jsonl.gz", "new.jsonl.gz", "29.jsonl.gz"):
        with gzip.open(CAPTURES / name, "rt", encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                if line["phase"] == "req":
                    found[line["case"]].append(line["envelope"])
    return found


def table(file: Path) -> list[dict[str, str]]:
    """The rows of a table of tab-separated values with a head."""
    with file.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def rules_of(cell: str) -> set[str]:
    """The rule ids in a cell; `-` is none."""
    return set(cell.split(",")) - {"-"}
