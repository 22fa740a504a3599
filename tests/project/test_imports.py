"""Imports go one way, by docs/architecture.txt, and each library stays in its rooms (docs/design.md, section 1)."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.paths import PACKAGE, ROOT
from tests.project.architecture import ROOMS

BY_PATH = {room.path: room for room in ROOMS}
# Which rooms may import a library.
LIBRARIES = {
    "flask": {"serve/server"},
    "gunicorn": {"serve/server"},
    "jsonschema": {"decide/engine", "decide/policy"},
    "jsonschema_rs": {"decide/engine"},
    "referencing": {"decide/engine"},
    "cryptography": {"serve/signing", "decide/identity", "decide/images", "tools/cli"},
    "jwt": {"decide/identity"},
    "prometheus_client": {"serve/status"},
    "docker": {"tools/scan"},
    "jinja2": {"tools/report"},
    "orjson": {"decide/ownership", "decide/values", "tools/report", "observe/lookups", "serve/decision_log"},
    "click": {"tools/cli", "tools/terminal", "__main__"},
    "ruamel": {"tools/compose"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))
# The command line begins in tools, and every room may know the version.
TOP = {"__main__", "__init__"}
# What reads a file, a clock, a socket or a process, or starts a thread; by library, what tells nothing of them.
IMPURE = """
    asyncio atexit ctypes fcntl glob grp http importlib io logging mmap multiprocessing os pwd queue random resource
    secrets select selectors shutil signal socket socketserver ssl stat subprocess sys syslog tempfile threading time
    urllib.request
"""
PURE_NAMES = {"socket": {"inet_aton"}}
# What a path or a date does that is more than a value.
TOUCHES_FILES = """
    absolute chmod cwd exists expanduser glob is_dir is_file is_mount is_socket is_symlink iterdir lstat mkdir open
    read_bytes read_text readlink resolve rglob samefile stat symlink_to touch unlink walk write_bytes write_text
"""
NOW = {"now", "today", "utcnow"}


def room_of(module: Path) -> str:
    """The room of a module: its folder, or itself where it stands alone in its ring."""
    inside = module.relative_to(PACKAGE)
    folder = inside.parent.as_posix()
    return folder if folder in BY_PATH else inside.with_suffix("").as_posix()


def room_named(name: str) -> str | None:
    """The room that a dotted name is of."""
    words = name.split(".")[1:]
    return next((path for count in (2, 1) if (path := "/".join(words[:count])) in BY_PATH), None)


@cache
def imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return names


def rooms_imported(module: Path) -> set[str]:
    """The other rooms that a module imports from."""
    rooms = {room_named(name) for name in imported(module) if name.startswith("portero.")}
    return {room for room in rooms if room is not None} - {room_of(module)}


def imports_of(room: str) -> set[str]:
    return {other for module in MODULES if room_of(module) == room for other in rooms_imported(module)}


def test_the_architecture_lists_every_room_of_the_package_once() -> None:
    faces = {ring.name for ring in (room.ring for room in ROOMS)} | {""}
    found = {room_of(module) for module in MODULES} - TOP - {f"{face}/__init__" for face in faces}

    assert sorted(room.path for room in ROOMS) == sorted(found)


def test_a_room_imports_from_rings_below_and_from_lower_floors_of_its_own() -> None:
    assert [
        (room.path, other) for room in ROOMS for other in imports_of(room.path) if not may_import(room.path, other)
    ] == []


def may_import(path: str, other: str) -> bool:
    room, taken = BY_PATH[path], BY_PATH[other]
    return taken.floor < room.floor if room.ring == taken.ring else taken.ring.name in room.ring.may_import


def test_a_room_stands_on_the_lowest_floor_of_its_ring_that_its_imports_allow() -> None:
    lowest = {
        room.path: 1
        + max((BY_PATH[other].floor for other in imports_of(room.path) if BY_PATH[other].ring == room.ring), default=0)
        for room in ROOMS
    }

    assert lowest == {room.path: room.floor for room in ROOMS}


def test_no_ring_imports_tools() -> None:
    assert {room.ring.name for room in ROOMS if "tools" in room.ring.may_import} == set()


def find_impure(module: Path) -> Iterator[str]:
    """The names by which a module could read a file, a clock, a socket or a process."""
    tree = ast.parse(module.read_text())
    libraries = imported(module).intersection(IMPURE.split())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in libraries:
            yield from (f"{node.module}.{each.name}" for each in node.names if not is_pure(node.module, each.name))
        elif isinstance(node, ast.Attribute):
            of, name = ast.unparse(node.value), node.attr
            if (of in libraries and not is_pure(of, name)) or (of in ("date", "datetime") and name in NOW):
                yield f"{of}.{name}"
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in TOUCHES_FILES.split() or name == "__import__":
                yield name


def is_pure(library: str, name: str) -> bool:
    return name in PURE_NAMES.get(library, ())


def test_what_is_decided_reads_no_file_no_clock_no_socket_and_no_process() -> None:
    inside = [module for module in MODULES if module.is_relative_to(PACKAGE / "decide")]
    found = {(module.relative_to(PACKAGE).as_posix(), name) for module in inside for name in find_impure(module)}

    # What marks the body of an envelope; tables, when a module is imported.
    assert found == {
        ("decide/reading/envelope.py", "os.urandom"),
        ("decide/values/tables.py", "read_text"),
    }


@pytest.mark.parametrize(
    "code",
    [
        *("import time\ntime.monotonic()", "from time import time", "import os\nos.getpid()", "open('x')"),
        *("from pathlib import Path\nPath('x').read_bytes()", "from datetime import datetime\ndatetime.now()"),
        *("import socket\nsocket.socket()", "import urllib.request\nurllib.request.urlopen('x')"),
    ],
)
def test_what_reads_the_world_is_found(tmp_path: Path, code: str) -> None:
    (tmp_path / "module.py").write_text(code)

    assert [*find_impure(tmp_path / "module.py")] != []


@pytest.mark.parametrize("code", ["import socket\nsocket.inet_aton('1')", "from socket import inet_aton", "path.name"])
def test_what_is_a_value_is_pure(tmp_path: Path, code: str) -> None:
    (tmp_path / "module.py").write_text(code)

    assert [*find_impure(tmp_path / "module.py")] == []


def test_a_ring_begins_with_its_sentence() -> None:
    rings = {room.ring for room in ROOMS}
    sentences = {ring.name: ring.about.partition(". ")[0].removesuffix(".") for ring in rings}
    faces = {
        ring.name: ast.get_docstring(ast.parse((PACKAGE / ring.name / "__init__.py").read_text())) for ring in rings
    }

    assert [name for name, sentence in sentences.items() if not (faces[name] or "").startswith(f"{sentence}.")] == []
    page = " ".join((ROOT / "docs" / "design.md").read_text().partition("## 2")[0].split())
    assert [name for name, sentence in sentences.items() if sentence not in page] == []


def test_a_room_says_what_it_imports() -> None:
    folders = [room.path for room in ROOMS if (PACKAGE / room.path).is_dir()]
    abouts = {
        path: ast.get_docstring(ast.parse((PACKAGE / path / "__init__.py").read_text())) or "" for path in folders
    }
    says = {path: about.partition("Imports: ")[2].replace("\n", " ") for path, about in abouts.items()}

    imports = {path: ", ".join(sorted(imports_of(path))).replace("/", ".") or "nothing of Portero" for path in folders}
    assert says == {path: f"{text}." for path, text in imports.items()}


def test_each_turn_in_the_way_of_a_request_is_imported_by_an_earlier_one() -> None:
    way = sorted((room for room in ROOMS if room.turn), key=lambda room: room.turn or 0)

    assert [room.turn for room in way] == list(range(1, len(way) + 1))
    assert [
        room.path
        for number, room in enumerate(way[1:], 1)
        if not any(room.path in imports_of(earlier.path) for earlier in way[:number])
    ] == []


def test_a_library_is_used_only_in_its_rooms() -> None:
    used = {(name.split(".")[0], room_of(module)) for module in MODULES for name in imported(module)}

    assert sorted((name, room) for name, room in used if room not in LIBRARIES.get(name, {room})) == []
