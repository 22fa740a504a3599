"""Imports go one way, by docs/architecture.txt, and each library stays in its groups (docs/design.md, section 1)."""

import ast
from functools import cache
from pathlib import Path

from tests.paths import PACKAGE
from tests.project.architecture import GROUPS

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


def test_a_module_imports_only_from_levels_below_its_own() -> None:
    wrong = [(module, name) for module in MODULES for name in groups_imported(module) if not is_below(name, module)]

    assert wrong == []


def is_below(group: str, module: Path) -> bool:
    return LEVELS[group] < LEVELS[group_of(module)]


def test_a_group_stands_on_the_lowest_level_that_its_imports_allow() -> None:
    lowest = {name: 1 + max((LEVELS[other] for other in imports_of(name)), default=-1) for name in LEVELS}

    assert lowest == LEVELS


def test_the_guard_imports_no_tool() -> None:
    assert {
        group.name: tools for group in GROUPS if not group.is_tool and (tools := imports_of(group.name) & TOOLS)
    } == {}


def test_a_folder_says_what_it_imports() -> None:
    folders = [path.parent for path in PACKAGE.glob("*/__init__.py")]
    abouts = {
        folder.name: ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or "" for folder in folders
    }
    says = {name: about.partition("Imports: ")[2].replace("\n", " ") for name, about in abouts.items()}

    imports = {name: ", ".join(sorted(imports_of(name))) or "nothing of Portero" for name in says}
    assert says == {name: f"{text}." for name, text in (imports | {"cli": "any group"}).items()}


def test_each_turn_in_the_way_of_a_request_is_imported_by_an_earlier_one() -> None:
    way = sorted((group for group in GROUPS if group.turn), key=lambda group: group.turn or 0)

    assert [group.turn for group in way] == list(range(1, len(way) + 1))
    assert [
        group.name
        for number, group in enumerate(way[1:], 1)
        if not any(group.name in imports_of(earlier.name) for earlier in way[:number])
    ] == []


def test_a_library_is_used_only_in_its_groups() -> None:
    used = {(name.split(".")[0], group_of(module)) for module in MODULES for name in imported(module)}

    assert sorted((name, group) for name, group in used if group not in LIBRARIES.get(name, {group})) == []
