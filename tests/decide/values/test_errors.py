"""Errors that list faults, and the tree of all errors as it is drawn."""

import ast
import os
import re
from pathlib import Path

import pytest

from portero.decide.values.errors import Faults, FileFaults, raise_error
from tests.paths import PACKAGE


def test_each_fault_is_a_line() -> None:
    error = Faults(fault for fault in ("first", "second"))

    assert error.faults == ("first", "second")
    assert str(error) == "first\nsecond"


def test_faults_of_files_name_the_file() -> None:
    error = FileFaults([("site.json", "is missing")])

    assert error.faults == (("site.json", "is missing"),)
    assert str(error) == "site.json: is missing"


def test_a_walk_ends_at_what_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(os.walk(tmp_path / "none", onerror=raise_error))


def list_drawn() -> set[tuple[str, str]]:
    """Each error with the one above it, as the module draws them."""
    drawn = (ast.get_docstring(ast.parse((PACKAGE / "decide/values/errors.py").read_text())) or "").splitlines()[2:]
    above: dict[int, str] = {}
    pairs = set()
    for line in drawn:
        depth, names = len(line) - len(line.lstrip()), line.partition(":")[0].split(",")
        above[depth] = names[-1].strip()
        pairs |= {(name.strip(), above[depth - 2]) for name in names if depth}
    return pairs


def test_the_tree_of_errors_is_as_it_is_drawn() -> None:
    classes = [node for file in PACKAGE.rglob("*.py") for node in ast.walk(ast.parse(file.read_text()))]
    bases = {
        node.name: re.sub(r".*\.", "", ast.unparse(node.bases[0]))
        for node in classes
        if isinstance(node, ast.ClassDef) and node.bases and not node.name.startswith("_")
    }
    errors = {"Exception", "BaseException", "ValueError", "OSError", "LookupError", "RuntimeError", "ClickException"}
    found = set[str]()
    while more := {name for name, base in bases.items() if base in errors | found} - found:
        found |= more

    assert {(name, bases[name]) for name in found - {"PorteroError"}} == list_drawn()
