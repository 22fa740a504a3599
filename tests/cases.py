"""Tables of cases that stand in a file of JSON lines beside their tests.

A line is the list of the values of one case, or {"case": its name, "values": the list}.
"""

import json
from pathlib import Path
from typing import Any

import pytest


def cases(test_file: str, name: str) -> list[Any]:
    """The cases of one table, for parametrize; `test_file`: the __file__ of the tests."""
    lines = Path(test_file).with_name(name).read_text(encoding="utf-8").splitlines()
    return [_read(json.loads(line)) for line in lines]


def _read(line: Any) -> Any:
    is_named = isinstance(line, dict) and line.keys() == {"case", "values"}
    return pytest.param(*line["values"], id=line["case"]) if is_named else line
