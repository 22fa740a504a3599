"""The owner's label in what a request makes: a body in, what it makes and which edits write the label out.

Only what is missing or null is written, and never a second name: the plugin judges what dockerd will read.
"""

import json
import re
from collections.abc import Iterator, Mapping

from portero.decide.ownership.json_text import Place, TextEdit
from portero.decide.values.json_fields import JSON

_TASK = ("TaskTemplate", "ContainerSpec")
# Where labels are beside those at the top, and where mounts are.
_TASKS_IN: Mapping[str, tuple[str, ...]] = {"ServiceCreate": _TASK, "ServiceUpdate": _TASK}
_MOUNTED_IN: Mapping[str, tuple[str, ...]] = {"ContainerCreate": ("HostConfig",), **_TASKS_IN}
CREATES = frozenset(
    {"ContainerCreate", "NetworkCreate", "VolumeCreate", "SecretCreate", "ConfigCreate", "ServiceCreate"}
)
# By update, where dockerd shows what it changes.
UPDATES: Mapping[str, str] = {"ServiceUpdate": "/services/", "SecretUpdate": "/secrets/", "ConfigUpdate": "/configs/"}
_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]+")


def find_tasks(operation: str, top: Place) -> Place | None:
    """The settings of a service's containers."""
    return _follow(top, _TASKS_IN[operation]) if operation in _TASKS_IN else None


def list_volumes(operation: str, top: Place) -> list[Place]:
    """The mounts of volumes, but for those in Binds."""
    holder = _follow(top, _MOUNTED_IN[operation]) if operation in _MOUNTED_IN else None
    return [mount for mount in holder.entries("Mounts") if mount.value("Type") == "volume"] if holder else []


def list_bound(operation: str, top: Place) -> Iterator[str]:
    """The names of volumes in Binds, which have no room for a label."""
    config = top.child("HostConfig") if operation == "ContainerCreate" else None
    binds = config.value("Binds") if config is not None and not config.value("VolumeDriver") else None
    for bind in binds if isinstance(binds, list) else ():
        name, colon, _target = str(bind).partition(":")
        if colon and _VOLUME.fullmatch(name):
            yield name


def read_label(holder: Place | None, label: str) -> str | None:
    """What the label says; None: it is not there."""
    labels = holder.value("Labels") if holder is not None else None
    value = labels.get(label) if isinstance(labels, dict) else None
    return value if value is None else str(value)


def write_label(holder: Place, label: str, owner: str) -> Iterator[TextEdit]:
    """The edit that gives an object with Labels the label, where it has none."""
    # Names of labels are not folded.
    labels = holder.child("Labels", str)
    if labels is None:
        yield holder.add("Labels", {label: owner})
    elif label not in labels.members:
        yield labels.add_exactly(label, owner)


def write_mount_label(mount: Place, label: str, owner: str) -> Iterator[TextEdit]:
    options = mount.child("VolumeOptions")
    if options is None:
        value: JSON = {"Labels": {label: owner}}
        yield mount.add("VolumeOptions", value)
    else:
        yield from write_label(options, label, owner)


def identify_mount(mount: Place) -> str:
    """The same for the same mount of a service before and after an update."""
    return json.dumps([mount.value("Source"), mount.value("Target")])


def read_mount_labels(operation: str, former: Place | None, label: str) -> dict[str, str | None]:
    """What each mount says now, by identify_mount; of several that are the same the first counts."""
    mounts = list_volumes(operation, former) if former is not None else []
    return {identify_mount(one): read_label(one.child("VolumeOptions"), label) for one in reversed(mounts)}


def _follow(found: Place | None, way: tuple[str, ...]) -> Place | None:
    for name in way:
        found = found.child(name) if found is not None else None
    return found
