"""Reads what this version of Portero knows of the Engine API, from the tables among its built-in schemas."""

from portero.decide.reading.routes import Routes
from portero.decide.reading.shapes import Shapes, find_mismatches
from portero.decide.values.errors import LoadError
from portero.observe.process import package_files


def load_api() -> tuple[Routes, Shapes]:
    """The operations of the Engine API and the shapes of their bodies; raises LoadError, also when the two differ."""
    try:
        routes = Routes.load(package_files.read_schema("operations.json"))
        shapes = Shapes.load(package_files.schemas() / "api")
    except (OSError, ValueError) as error:
        raise LoadError([f"{package_files.schemas()}: {error}"]) from error
    if faults := list(find_mismatches(routes.operations, shapes)):
        raise LoadError([f"{package_files.schemas()}: {fault}" for fault in faults])
    return routes, shapes
