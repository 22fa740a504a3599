"""Reads what this version of Portero knows of the Engine API, from the tables among its built-in schemas."""

import json
from collections.abc import Mapping

from portero.files import package_files
from portero.reading.routes import Routes
from portero.reading.shapes import ShapeFault, Shapes, find_mismatches
from portero.values.errors import LoadError


def load_api() -> tuple[Routes, Shapes]:
    """The operations of the Engine API and the shapes of their bodies; raises LoadError, also when the two differ."""
    routes, shapes = _routes(), _shapes()
    if faults := list(find_mismatches(routes.operations, shapes)):
        raise LoadError([f"{package_files.schemas()}: {fault}" for fault in faults])
    return routes, shapes


def _routes() -> Routes:
    file = package_files.schemas() / "operations.json"
    try:
        data: Mapping[str, object] = json.loads(file.read_text(encoding="utf-8"))
        return Routes.load(data)
    except (OSError, ValueError) as error:
        raise LoadError([f"{file}: {error}"]) from error


def _shapes() -> Shapes:
    folder = package_files.schemas() / "api"
    try:
        return Shapes.load(folder)
    except (OSError, ShapeFault) as error:
        raise LoadError([f"{folder}: {error}"]) from error
