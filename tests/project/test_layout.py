"""The layout of package and tests: small modules, one meaning for each name, a test file beside each module."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.paths import PACKAGE, TESTS

# A module over the first number has two jobs; so many do have them, and there may only be fewer.
TWO_JOBS, MOST_LINES, MANY_LONG = 200, 250, 34
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTED = [module for module in MODULES if not module.stem.startswith("__")]


def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


def classes(module: Path) -> Iterator[str]:
    return (node.name for node in ast.walk(tree(module)) if isinstance(node, ast.ClassDef))


def does_something(module: Path) -> bool:
    """Whether it has a function with more than a docstring, as those of a protocol have."""
    functions = (node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef))
    return any(len(node.body) > (ast.get_docstring(node) is not None) for node in functions)


def mirror(module: Path) -> Path:
    inside = module.relative_to(PACKAGE)
    return TESTS / inside.parent / f"test_{inside.name}"


def test_a_module_does_one_job() -> None:
    lines = {module: len(module.read_text().splitlines()) for module in MODULES}

    assert [module for module, count in lines.items() if count > MOST_LINES] == []
    assert len([module for module, count in lines.items() if count > TWO_JOBS]) <= MANY_LONG


def test_no_two_classes_have_one_name() -> None:
    counted = Counter(name for module in MODULES for name in classes(module))

    assert [name for name, times in counted.items() if times > 1] == []


def test_a_folder_of_the_package_has_a_folder_of_tests() -> None:
    assert [module for module in TESTED if not mirror(module).with_name("__init__.py").exists()] == []


def test_a_module_has_a_test_file_of_its_name() -> None:
    assert [module for module in TESTED if not mirror(module).exists() and does_something(module)] == []
