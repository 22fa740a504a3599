"""The owner's label in what a request makes: a body in, what it makes and which edits write the label out.

Only what is missing or null is written, and never a second name: the plugin judges what dockerd will read.
"""

import json
import re
from collections.abc import Iterator, Mapping

from portero.decide.ownership.json_text import Place, TextEdit

_TASKS = ("TaskTemplate", "ContainerSpec")
# Where mounts are: in a container's settings for the host, or those of a service's containers.
_CONFIGS: Mapping[str, tuple[str, ...]] = {
    "ContainerCreate": ("HostConfig",),
    **dict.fromkeys(("ServiceCreate", "ServiceUpdate"), _TASKS),
}
CREATES = frozenset(
    {"ContainerCreate", "NetworkCreate", "VolumeCreate", "SecretCreate", "ConfigCreate", "ServiceCreate"}
)
# By update, where dockerd shows what it changes.
UPDATES: Mapping[str, str] = {"ServiceUpdate": "/services/", "SecretUpdate": "/secrets/", "ConfigUpdate": "/configs/"}
_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]+")


def find_config(operation: str, top: Place) -> Place | None:
    """Where a request, or what is updated, has its mounts."""
    found: Place | None = top if operation in _CONFIGS else None
    for name in _CONFIGS.get(operation, ()):
        found = found.child(name) if found is not None else None
    return found


def has_tasks(operation: str) -> bool:
    """Whether that place has labels, too: those of the service's containers."""
    return _CONFIGS.get(operation) == _TASKS


def list_volumes(config: Place | None) -> list[Place]:
    """The mounts of volumes, but for those in Binds."""
    return [mount for mount in config.entries("Mounts") if mount.value("Type") == "volume"] if config else []


def list_bound(config: Place) -> Iterator[str]:
    """The names of volumes in Binds, which have no room for a label."""
    # With another driver than the door makes one with, the caller makes it first.
    binds = config.value("Binds") if config.value("VolumeDriver") in (None, "", "local") else None
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
        yield mount.add("VolumeOptions", {"Labels": {label: owner}})
    else:
        yield from write_label(options, label, owner)


def identify_mount(mount: Place) -> str:
    """The same for the same mount of a service before and after an update."""
    return json.dumps([mount.value("Source"), mount.value("Target")])


def read_mount_labels(former: Place | None, label: str) -> dict[str, str | None]:
    """What each mount says now, by identify_mount; of several that are the same the first counts."""
    return {identify_mount(one): read_label(one.child("VolumeOptions"), label) for one in list_volumes(former)[::-1]}
