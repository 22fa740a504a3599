"""Imports go one way, and the libraries stay in their rooms (DESIGN: one way through)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import PACKAGE

# From the first to the last; a module imports only from rooms above its own, or beside it in the same folder.
ORDER = (
    "__init__",
    "types",
    "sizes",
    "spelling",
    "unixhttp",
    "refusals",
    "decision",
    "engine",
    "host",
    "reading",
    "objects",
    "facts",
    "flags",
    "policy",
    "signing",
    "judging",
    "formats",
    "report",
    "capture",
    "hostcheck",
    "proof",
    "service",
    "standin",
    "scan",
    "server",
    "cli",
    "__main__",
)
ROOMS = {
    "flask": {"server"},
    "gunicorn": {"server"},
    "jsonschema": {"engine", "policy"},
    "jsonschema_rs": {"engine"},
    "referencing": {"engine"},
    "cryptography": {"signing"},
    "prometheus_client": {"service"},
    "docker": {"scan"},
    "jinja2": {"report", "scan"},
    "click": {"cli", "__main__"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}: imports are absolute"
            yield node.module or ""
            if node.module == "portero":
                yield from (f"portero.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_a_module_imports_only_from_rooms_above_its_own(module: Path) -> None:
    own = ORDER.index(room(module))
    names = [name.split(".")[1] for name in imported(module) if name.startswith("portero.")]
    back = [name for name in names if name in ORDER and ORDER.index(name) > own]

    assert back == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_a_library_is_used_only_in_its_room(module: Path) -> None:
    libraries = {name.split(".")[0] for name in imported(module)} & ROOMS.keys()

    assert [library for library in libraries if room(module) not in ROOMS[library]] == []


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room(module) for module in MODULES} <= set(ORDER)
