"""How many mounts a request asks for, of every kind, and how long their texts are: a body in, two figures out.

Sources, targets and names of all mounts stand in each list of dockerd, which everybody waits for.
"""

from collections.abc import Mapping

from portero.decide.facts.process import list_texts
from portero.decide.values.json_fields import JSON, child, integer, objects, text
from portero.decide.values.path import clean

_OF_CREATE = ("Binds", "Mounts", "Tmpfs", "VolumesFrom")
_OF_SERVICE = "TaskTemplate.ContainerSpec.Mounts"
# A container of --volumes-from brings all that it has; where that is known, it is counted (joined_containers.py).
_OF_ANOTHER = 16


def measure_create(body: Mapping[str, JSON]) -> dict[str, JSON]:
    """The facts mountCount and mountSize, in bytes; a container of --volumes-from counts as sixteen mounts."""
    settings = child(body, "HostConfig")
    return _measure(
        {f"HostConfig.{name}": settings.get(name) for name in _OF_CREATE} | {"Volumes": body.get("Volumes")}
    )


def measure_service(body: Mapping[str, JSON]) -> dict[str, JSON]:
    """The same of ServiceCreate and ServiceUpdate."""
    return _measure({_OF_SERVICE: child(child(body, "TaskTemplate"), "ContainerSpec").get("Mounts")})


def add_image(shown: Mapping[str, JSON] | None, facts: Mapping[str, JSON], at: str) -> dict[str, JSON]:
    """imageMountCount and imageMountSize: with the volumes that the image declares, where nothing else is mounted."""
    taken = {text(mount, "target") for mount in objects(facts, "mounts")}
    added = [path for path in child(child(shown or {}, "Config"), "Volumes") if clean(path) not in taken]
    more = {"Count": len(added), "Size": sum(len(path.encode()) for path in added)}
    figures = {name: (integer(child(facts, f"mount{name}"), "value") or 0) + value for name, value in more.items()}
    return {f"imageMount{name}": {"value": value, "at": at} for name, value in figures.items()} if added else {}


def _measure(fields: Mapping[str, JSON]) -> dict[str, JSON]:
    """`at` is the field with the most."""
    counts = {at: len(value) if isinstance(value, (list, dict)) else 0 for at, value in fields.items()}
    counts |= {at: count * _OF_ANOTHER for at, count in counts.items() if at.endswith(".VolumesFrom")}
    sizes = {at: len("".join(list_texts(value)).encode()) for at, value in fields.items()}
    return {
        name: {"value": sum(figures.values()), "at": max(figures, key=figures.__getitem__)}
        for name, figures in (("mountCount", counts), ("mountSize", sizes))
    }
