"""The tables of engines: what was counted, what tests/corpus/engines.json knows, and schemas/engine-holes.json."""

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent
_COLUMNS = {
    "attacks": "attacks",
    "wrong": "wrong",
    "byDockerd": "refused by dockerd",
    "twins": "harmless",
    "falseAlarms": "false alarms",
}


def engine_numbers() -> str:
    """A row for each engine and corpus."""
    counted = json.loads((ROOT / "docs" / "engines.json").read_text())
    rows = [
        [engine, f"{corpus}.jsonl", *(str(numbers[name]) for name in _COLUMNS)]
        for engine, corpora in counted.items()
        for corpus, numbers in corpora.items()
    ]
    return _table(["engine", "corpus", *_COLUMNS.values()], rows)


def engine_differences() -> str:
    """A row for each thing that an engine does otherwise than 26.1."""
    cases: dict[tuple[str, str], list[str]] = {}
    for engine, known in json.loads((ROOT / "tests" / "corpus" / "engines.json").read_text()).items():
        for case, difference in known.items():
            cases.setdefault((engine, difference["reason"]), []).append(f"`{case}`")
    return _table(
        ["engine", "cases", "reason"], [[engine, ", ".join(names), reason] for (engine, reason), names in cases.items()]
    )


def engine_holes() -> str:
    """A row for each known hole."""
    rows = []
    for hole in json.loads((ROOT / "schemas" / "engine-holes.json").read_text()):
        harmless = hole.get("harmless")
        by = f"`{harmless['rule']}`, case `{harmless['case']}`" if harmless else ""
        rows.append([hole["id"], hole["in"], hole["what"], ", ".join(hole["fixed"]), by])
    return _table(["hole", "in", "with it", "fixed in", "made harmless by"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
