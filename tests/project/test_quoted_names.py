"""What docstrings and comments have in back-ticks and looks like a name is one, of the code or of a schema."""

import ast
import io
import json
import keyword
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.paths import PACKAGE, ROOT, TESTS

MODULES = sorted(file for folder in (PACKAGE, TESTS, ROOT / "bench", ROOT / "docs") for file in folder.rglob("*.py"))
QUOTED = re.compile(r"`(_?[a-z][a-z0-9_]*)`")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)
# Names of others: an option of ps, an ID, a claim of tokens, a crate, a program of tests, a metric of Prometheus.
OTHERS = {"e", "f289", "iss", "regex", "look", "up"}


@cache
def parse(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


@cache
def list_known() -> set[str]:
    """Modules and rooms, libraries, keywords of Python, and what schemas and settings name."""
    known = {part for module in MODULES for part in module.with_suffix("").relative_to(ROOT).parts}
    for node in (node for module in MODULES for node in ast.walk(parse(module))):
        known |= {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
    for file in (ROOT / "config.json", *(ROOT / "schemas").rglob("*.json")):
        known |= {*list_words(json.loads(file.read_text()))}
    return known | {*keyword.kwlist} | OTHERS


def list_words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        yield from value if isinstance(value, dict) else ()
        for inner in value.values() if isinstance(value, dict) else value:
            yield from list_words(inner)


def list_names(tree: ast.AST) -> set[str]:
    """All names in a piece of code, and the words of its texts but for docstrings."""
    docstrings = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, DOCUMENTED) and describe(node)}  # type: ignore[attr-defined]
    names = set[str]()
    for node in ast.walk(tree):
        found = [getattr(node, field, None) for field in ("id", "attr", "arg", "name", "asname", "module")]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            found.append(node.value)
        names.update(*(re.findall(r"\w+", each) for each in found if isinstance(each, str)))
    return names


def describe(node: ast.AST) -> str:
    return ast.get_docstring(node) or "" if isinstance(node, DOCUMENTED) else ""


def list_defined(tree: ast.AST) -> set[str]:
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)} | {
        each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }


def find_unknown(module: Path) -> Iterator[str]:
    """The quoted names that nothing bears; a function's are looked up in itself and its class, then in the module."""
    tree, source = parse(module), module.read_text()
    everything, defined, known = list_names(tree), list_defined(tree), list_known()
    classes = {id(member): node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for member in node.body}
    for node in ast.walk(tree):
        if quoted := {*QUOTED.findall(describe(node))} - known:
            of_function = isinstance(node, ast.FunctionDef)
            yield from quoted - (defined | list_names(classes.get(id(node), node)) if of_function else everything)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from {*QUOTED.findall(token.string)} - everything - known


def test_each_quoted_name_is_there() -> None:
    assert [(str(module), name) for module in MODULES for name in find_unknown(module)] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('def f(most: int) -> None:\n    """At most `mosst`."""', ["mosst"]),
        ('def f(most: int) -> None:\n    """At most `most`."""', []),
        ('def f(a: int) -> None:\n    """`bb`, see `g`."""\n\n\ndef g(bb: int) -> None: ...', ["bb"]),
        ("x = 1  # see `gone_away`", ["gone_away"]),
    ],
)
def test_a_name_that_a_rename_left_behind_is_found(tmp_path: Path, code: str, found: list[str]) -> None:
    (tmp_path / "module.py").write_text(code)

    assert [*find_unknown(tmp_path / "module.py")] == found
