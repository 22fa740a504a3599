"""Reads what this version of Portero knows of the Engine API, from the tables among its built-in schemas."""

import json
from collections.abc import Mapping

from portero.reading.cross_check import find_mismatches
from portero.reading.routes import Routes
from portero.reading.shapes import ShapeFault, Shapes
from portero.service import resources
from portero.service.load_error import LoadError


def load_api() -> tuple[Routes, Shapes]:
    """The operations of the Engine API and the shapes of their bodies; raises LoadError, also when the two differ."""
    routes, shapes = _routes(), _shapes()
    if faults := list(find_mismatches(routes.operations, shapes)):
        raise LoadError([f"{resources.schemas()}: {fault}" for fault in faults])
    return routes, shapes


def _routes() -> Routes:
    file = resources.schemas() / "operations.json"
    try:
        data: Mapping[str, object] = json.loads(file.read_text(encoding="utf-8"))
        return Routes.load(data)
    except (OSError, ValueError) as error:
        raise LoadError([f"{file}: {error}"]) from error


def _shapes() -> Shapes:
    folder = resources.schemas() / "api"
    try:
        return Shapes.load(folder)
    except (OSError, ShapeFault) as error:
        raise LoadError([f"{folder}: {error}"]) from error
