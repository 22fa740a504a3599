"""Imports go one way, by docs/architecture.txt, and each library stays in its groups (docs/design.md, section 1)."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.paths import PACKAGE
from tests.project.architecture import GROUPS, Group

LEVELS = {group.name: group.level for group in GROUPS}
TOOLS = {group.name for group in GROUPS if group.is_tool}
# Which groups may import a library.
LIBRARIES = {
    "flask": {"server"},
    "gunicorn": {"server"},
    "jsonschema": {"engine", "policy"},
    "jsonschema_rs": {"engine"},
    "referencing": {"engine"},
    "cryptography": {"signing", "identity", "images"},
    "jwt": {"identity"},
    "prometheus_client": {"status"},
    "docker": {"scan"},
    "jinja2": {"report"},
    "orjson": {"report", "objects"},
    "click": {"cli", "__main__"},
    "ruamel": {"compose"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def group_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}: imports are absolute"
            names.add(node.module or "")
            if node.module == "portero":
                names |= {f"portero.{alias.name}" for alias in node.names}
    return names


def groups_imported(module: Path) -> set[str]:
    """The other groups that a module imports from."""
    names = {name.split(".")[1] for name in imported(module) if name.startswith("portero.")}
    return names & LEVELS.keys() - {group_of(module)}


def imports_of(group: str) -> set[str]:
    return {other for module in MODULES if group_of(module) == group for other in groups_imported(module)}


def test_the_architecture_lists_every_group_of_the_package_once() -> None:
    assert sorted(group.name for group in GROUPS) == sorted({group_of(module) for module in MODULES})


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_a_module_imports_only_from_levels_below_its_own(module: Path) -> None:
    own = LEVELS[group_of(module)]

    assert [name for name in groups_imported(module) if LEVELS[name] >= own] == []


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_group_stands_on_the_lowest_level_that_its_imports_allow(group: Group) -> None:
    assert group.level == 1 + max((LEVELS[name] for name in imports_of(group.name)), default=-1)


@pytest.mark.parametrize("group", [group.name for group in GROUPS if not group.is_tool])
def test_the_guard_imports_no_tool(group: str) -> None:
    assert imports_of(group) & TOOLS == set()


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in PACKAGE.glob("*/__init__.py")), ids=lambda path: path.name
)
def test_a_folder_says_what_it_imports(folder: Path) -> None:
    about = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    says = about.partition("Imports: ")[2].replace("\n", " ").removesuffix(".")

    if folder.name == "cli":
        assert says == "any group"
    else:
        assert says == (", ".join(sorted(imports_of(folder.name))) or "nothing of Portero")


def test_each_turn_in_the_way_of_a_request_is_imported_by_an_earlier_one() -> None:
    way = sorted((group for group in GROUPS if group.turn), key=lambda group: group.turn or 0)

    assert [group.turn for group in way] == list(range(1, len(way) + 1))
    assert [
        group.name
        for number, group in enumerate(way[1:], 1)
        if not any(group.name in imports_of(earlier.name) for earlier in way[:number])
    ] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_a_library_is_used_only_in_its_groups(module: Path) -> None:
    libraries = {name.split(".")[0] for name in imported(module)} & LIBRARIES.keys()

    assert [library for library in libraries if group_of(module) not in LIBRARIES[library]] == []
