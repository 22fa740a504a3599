"""Whose the volumes are that a request makes: by name, or on the way of a mount.

dockerd makes a volume that is missing for whoever mounts it, with the labels of the mount, and gives back one that
exists to whoever creates it, whatever labels that request has. In: the request document, the daemon's objects, the
label. Out: what of the request needs the label, and `objects.takenVolumes`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import cast

from portero.decide.interfaces.effects import OwnedUse
from portero.decide.objects.named_objects import find_named, list_of_service
from portero.decide.objects.object_use import Meanings, ObjectFindings, located
from portero.decide.ownership.owner_names import OPERATORS, TEMPLATE, OwnerNames
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, Fact, child, objects, text
from portero.decide.values.spelling import shorten_name

_CREATE = "VolumeCreate"
MAKES_VOLUMES = frozenset({_CREATE, "ContainerCreate", "ServiceCreate", "ServiceUpdate"})
_MOUNTS = ("HostConfig.Mounts", "TaskTemplate.ContainerSpec.Mounts")
_MAKING = ("HostConfig.Binds", *_MOUNTS)
# Three fields with what is between them: to match many slots takes time with their power.
_MAX_PARTS = 7
_FIELD, _END = re.compile(r"\{\{\s*\.(\w+\.\w+)\s*\}\}"), "}}"


@dataclass(frozen=True, slots=True)
class MadeVolume:
    """A volume that a request makes where it is missing; `name`: "": dockerd makes one. `labels`: those it then has."""

    name: str
    labels: Mapping[str, JSON]
    at: str


def list_made(document: Mapping[str, JSON]) -> list[MadeVolume]:
    """Those of a request; a name that swarm makes later is none of them."""
    body = child(document, "body")
    if document["operation"] == _CREATE:
        return [MadeVolume(text(body, "Name"), child(body, "Labels"), "Name")]
    named = {each.at: each.name for each in find_named(document, ("volumes",)) if each.at.startswith(_MAKING)}
    labels = {
        f"{at}[{index}]": child(child(mount, "VolumeOptions"), "Labels")
        for at in _MOUNTS
        for index, mount in enumerate(_list_mounts(body, at))
    }
    return [MadeVolume(named.get(at, ""), labels.get(at, {}), at) for at in {**named, **labels}]


def find_owner(name: str, label: str, meanings: Meanings, at: str) -> str | None:
    """In the label of the volume of this name; "": it has none; None: there is no such volume."""
    volume = meanings.inspect("volume", name, at)
    return None if volume is None else text(volume.labels, label)


def describe_labels(owners: OwnerNames, document: Mapping[str, JSON], meanings: Meanings | None) -> Iterator[JSON]:
    """Those of `ownerLabels` that speak of mounts: with the label, or of a volume by name that does not exist.

    `meanings`: None where the daemon cannot be asked.
    """
    for made in list_made(document) if document["operation"] != _CREATE else ():
        is_new = made.name and meanings and find_owner(made.name, owners.label, meanings, made.at) is None
        if owners.label in made.labels or (is_new and TEMPLATE not in made.name):
            more = f".VolumeOptions.Labels.{owners.label}" if ".Mounts[" in made.at else ""
            yield owners.describe_label(made.labels, made.at + more)


def describe_taken(
    owners: OwnerNames, document: Mapping[str, JSON], meanings: Meanings, findings: ObjectFindings
) -> list[JSON]:
    """`takenVolumes`: those that are there, or soon will be, for another owner than the request says.

    `findings`: gets the volumes that the request makes. Raises Refused (lookup-failed).
    """
    label, taken, uses, others = owners.label, [], set(), meanings.objects.pending
    for made in (each for each in list_made(document) if each.name and TEMPLATE not in each.name):
        owner = find_owner(made.name, label, meanings, made.at)
        claims = [*_list_claims(owners, document, made, meanings)] if owner is None else [(owner, "exists")]
        makes = owner is None or document["operation"] == _CREATE
        said = text(made.labels, label) if makes or label in made.labels else owner or ""
        uses.add((made.name, said))
        taken += [_make_fact(made, of, why) for of, why in dict(claims).items() if of != said]
        if others is not None and not others.allows(OwnedUse(frozenset({(made.name, said)}))):
            taken.append(_make_fact(made, "another user", "is made just now"))
    if uses and others is not None:
        findings.add_use(OwnedUse(frozenset(uses)), others)
    return [*taken]


def _list_claims(
    owners: OwnerNames, document: Mapping[str, JSON], made: MadeVolume, meanings: Meanings
) -> Iterator[tuple[str, str]]:
    """For whom services make a missing volume, by what they are now and what a rollback brings back; and why.

    Swarm starts tasks again without a request. What operators' services do, operators know.
    """
    id = cast("dict[str, str]", document["path"]).get("id", "")
    with located(made.at):
        services = meanings.objects.list_all("service")
    for service in services:
        spec = child(service, "Spec")
        mounted = (*list_of_service(spec), *list_of_service(child(service, "PreviousSpec")))
        is_updated = id and (text(spec, "Name") == id or text(service, "ID").startswith(id))
        names = {each.name for each in mounted if each.kind == "volume"}
        with located(made.at):
            is_mounted = any(_can_become(one, made.name, service, meanings) for one in names)
        if is_updated or not is_mounted:
            continue
        # A list lacks labels.
        shown = meanings.inspect("service", text(service, "ID"), made.at)
        owner = text(shown.labels, owners.label) if shown is not None else ""
        if owner or not owners.is_operator:
            yield owner, f"is mounted by service {shorten_name(text(spec, 'Name'))}"


def _can_become(mounted: str, name: str, service: Mapping[str, JSON], meanings: Meanings) -> bool:
    """Whether tasks of a service on this node can mount a volume of this name; `mounted`: a name, or a template of one.

    What stands for more than a field can become anything. Raises Refused (lookup-failed).
    """
    if TEMPLATE not in mounted or mounted == name:
        return mounted == name
    info = meanings.objects.info()
    of, node = re.escape(text(child(service, "Spec"), "Name")), re.escape(text(child(info, "Swarm"), "NodeID"))
    slot, task = f"(?:[0-9]+|{node})", "[0-9a-z]{25}"
    # Those of swarmkit's template/context.go, but for maps.
    fields = {
        "Service.ID": re.escape(text(service, "ID")),
        "Service.Name": of,
        "Node.ID": node,
        "Node.Hostname": re.escape(text(info, "Name")),
        "Task.ID": task,
        "Task.Name": rf"{of}\.{slot}\.{task}",
        "Task.Slot": slot,
    }
    parts = _FIELD.split(mounted)
    if len(parts) <= _MAX_PARTS and TEMPLATE not in "".join(parts[::2]) and fields.keys() >= {*parts[1::2]}:
        patterns = [fields[part] if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    else:
        begin, end = mounted.partition(TEMPLATE)[0], mounted.rpartition(_END)[2] if _END in mounted else ""
        patterns = [re.escape(begin.rstrip()), ".*", re.escape(end.lstrip())]
    return re.fullmatch("".join(patterns), name) is not None


def _list_mounts(body: Mapping[str, JSON], at: str) -> list[Mapping[str, JSON]]:
    *ways, name = at.split(".")
    for way in ways:
        body = child(body, way)
    return [*objects(body, name)]


def _make_fact(made: MadeVolume, owner: str, why: str) -> Fact:
    return {"name": shorten_name(made.name), "why": why, "owner": shorten_name(owner) or OPERATORS, "at": made.at}
