"""Reads what this version of Portero knows of the Engine API, from the tables among its built-in schemas."""

import json
from pathlib import Path
from typing import Any

from portero.decide.reading.routes import Routes
from portero.decide.reading.shapes import Shapes, find_mismatches
from portero.decide.values.errors import LoadError
from portero.observe.process import package_files


def load_api() -> tuple[Routes, Shapes]:
    """The operations of the Engine API and the shapes of their bodies; raises LoadError, also when the two differ."""
    try:
        routes = Routes.load(package_files.read_schema("operations.json"))
        shapes = load_shapes(package_files.schemas() / "api")
    except (OSError, ValueError) as error:
        raise LoadError([f"{package_files.schemas()}: {error}"]) from error
    if faults := list(find_mismatches(routes.operations, shapes)):
        raise LoadError([f"{package_files.schemas()}: {fault}" for fault in faults])
    return routes, shapes


def load_shapes(folder: Path) -> Shapes:
    """The shapes of all JSON bodies in a folder; raises OSError, and ValueError for what is not JSON."""
    return Shapes.of(_read_documents(folder), _read_documents(folder / "types"))


def _read_documents(folder: Path) -> dict[str, Any]:
    return {file.stem: json.loads(file.read_bytes()) for file in sorted(folder.glob("*.json"))}
