"""Values that are frozen for the type checker alone (decide/values/dataclass.py) are written only where they are made.

mypy refuses `value.field = x`; here is what it does not see: `setattr`, and values whose type it does not know.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import PACKAGE

TREES = {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
CONSTRUCTION = {"__init__", "__post_init__"}
# Of the standard library's objects, written by name: entries of archives, elements of XML.
FOREIGN = {"mode", "text"}


def is_frozen(node: ast.ClassDef) -> bool:
    calls = [each for each in node.decorator_list if isinstance(each, ast.Call)]
    return any(word.arg == "frozen" for call in calls for word in call.keywords)


def list_classes(tree: ast.AST) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def list_written(node: ast.AST) -> Iterator[ast.Attribute]:
    """Attributes that are assigned or deleted, in any kind of statement."""
    yield from (
        each for each in ast.walk(node) if isinstance(each, ast.Attribute) and not isinstance(each.ctx, ast.Load)
    )


def list_fields(node: ast.ClassDef) -> set[str]:
    return {
        each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }


CLASSES = [node for tree in TREES.values() for node in list_classes(tree)]
FROZEN = {name for node in CLASSES if is_frozen(node) for name in list_fields(node)}
# Names that a class which is not frozen gives to its own attributes: mypy alone tells whose is meant.
OPEN = {
    name
    for node in CLASSES
    if not is_frozen(node)
    for name in list_fields(node) | {each.attr for each in list_written(node) if ast.unparse(each.value) == "self"}
}


def find_writes(tree: ast.AST) -> Iterator[str]:
    made = {
        id(each)
        for node in list_classes(tree)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in CONSTRUCTION
        for each in ast.walk(method)
    }
    for node in list_classes(tree):
        if is_frozen(node):
            yield from (
                f"{each.lineno} {each.attr}" for each in list_written(node) if ast.unparse(each.value) == "self"
            )
    for each in list_written(tree):
        if ast.unparse(each.value) != "self" and each.attr in FROZEN - OPEN - FOREIGN:
            yield f"{each.lineno} {each.attr}"
    for call in ast.walk(tree):
        name = ast.unparse(call.func).split(".")[-1].strip("_") if isinstance(call, ast.Call) else ""
        if name in ("setattr", "delattr") and id(call) not in made:
            yield f"{call.lineno} {name}"
        if (isinstance(call, ast.Attribute) and call.attr == "__dict__") or name == "vars":
            yield f"{call.lineno} __dict__"


def test_every_module_takes_the_decorator_of_portero() -> None:
    found = [path.name for path, tree in TREES.items() for each in ast.walk(tree) if takes_standard_decorator(each)]
    assert found == ["dataclass.py"]


def takes_standard_decorator(node: ast.AST) -> bool:
    named = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
    return isinstance(node, ast.ImportFrom) and node.module == "dataclasses" and "dataclass" in named


@pytest.mark.parametrize("path", TREES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_writes_to_a_frozen_value(path: Path) -> None:
    if path.name != "dataclass.py":
        assert list(find_writes(TREES[path])) == []


@pytest.mark.parametrize(
    "written",
    [
        "class A:\n    def f(self):\n        object.__setattr__(self, 'x', 1)",
        "def f(a):\n    setattr(a, 'violations', ())",
        "def f(a):\n    a.violations = ()",
        "def f(a):\n    del a.violations",
        "def f(a):\n    a.violations += (1,)",
        "def f(a):\n    a.__dict__['violations'] = ()",
        "def f(a):\n    vars(a).clear()",
        "@dataclass(frozen=True)\nclass A:\n    x: int\n    def f(self):\n        self.x, _ = 1, 2",
    ],
)
def test_a_write_is_found_in_every_spelling(written: str) -> None:
    assert len(list(find_writes(ast.parse(written)))) == 1


def test_construction_may_write() -> None:
    written = "class A:\n    def __post_init__(self):\n        object.__setattr__(self, 'x', 1)"
    assert list(find_writes(ast.parse(written))) == []
