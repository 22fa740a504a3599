"""Reads what this version of Portero knows of the Engine API, from the tables among its built-in schemas."""

import json
from collections.abc import Mapping

from portero.files import package_files
from portero.reading.routes import Routes
from portero.reading.shapes import ShapeFault, Shapes, find_mismatches
from portero.values.errors import LoadError


def load_api() -> tuple[Routes, Shapes]:
    """The operations of the Engine API and the shapes of their bodies; raises LoadError, also when the two differ."""
    file, folder = package_files.schemas() / "operations.json", package_files.schemas() / "api"
    try:
        data: Mapping[str, object] = json.loads(file.read_text(encoding="utf-8"))
        routes = Routes.load(data)
    except (OSError, ValueError) as error:
        raise LoadError([f"{file}: {error}"]) from error
    try:
        shapes = Shapes.load(folder)
    except (OSError, ShapeFault) as error:
        raise LoadError([f"{folder}: {error}"]) from error
    if faults := list(find_mismatches(routes.operations, shapes)):
        raise LoadError([f"{package_files.schemas()}: {fault}" for fault in faults])
    return routes, shapes
