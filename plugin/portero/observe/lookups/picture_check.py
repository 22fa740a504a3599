"""The picture beside dockerd's own answers: what is there and not in the picture, or otherwise, as sentences.

What the picture has and is gone by now is no difference: a refusal is made by dockerd's answers.
"""

from collections.abc import Callable, Mapping, Sequence

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.values.json_fields import JSON, objects, text, texts
from portero.decide.values.refusals import Refused
from portero.observe.lookups.cached_facts import MOUNT_FIELDS, choose_facts
from portero.observe.lookups.daemon_questions import DaemonQuestions
from portero.observe.lookups.picture import Picture

# Each state in which a container may run is recognized by these alone.
_RESTS = ("created", "exited", "dead", "")
# Events come so much later than answers.
LATE_SECONDS = 0.5


def compare_list(picture: Picture, listed: Sequence[Mapping[str, JSON]], moment: int) -> list[str]:
    """`listed`: dockerd's containers, asked for after a moment of the picture; what changed since is left out."""
    if (in_picture := picture.list_containers()) is None:
        return []
    return [
        f"container {text(one, 'Id')[:12]}: {what}"
        for one in listed
        if text(one, "Id") not in in_picture[1] and not picture.may_differ("container", text(one, "Id"), moment)
        for what in [_compare(in_picture[0].by_id.get(text(one, "Id")), one)]
        if what
    ]


def compare_networks(picture: Picture, ask: DaemonQuestions, take_events: Callable[[float], None]) -> list[str]:
    """Networks that are there and not known."""
    moment, known = picture.moment, picture.list_networks()
    if known is None:
        return []
    shown = {text(one, "Id") for one in ask.read_all("network")} - {text(one, "Id") for one in known}
    take_events(LATE_SECONDS if shown else 0.0)
    return [] if picture.may_differ("network", "", moment) else [f"network {id[:12]}: is missing" for id in shown]


def compare_facts(
    picture: Picture,
    named: Sequence[tuple[ObjectKind, str]],
    ask: DaemonQuestions,
    take_events: Callable[[float], None],
) -> list[str]:
    """What is known of these objects, beside what docker inspect shows."""
    different = list[tuple[ObjectKind, str, int, str]]()
    for kind, ref in named:
        take_events(0.0)
        moment, before = picture.moment, picture.find(kind, ref)
        try:
            shown = ask.ask_for(kind, ref) if before is not None else None
        except Refused:
            continue
        if before is None or shown is None or picture.may_differ(kind, ref, moment):
            continue
        facts = choose_facts(kind, shown)
        # dockerd shows mounts in any order.
        names = ["mounts"] if _list_mounts(before) != _list_mounts(shown) else []
        names += [
            name for name in facts if name != "Mounts" and _drop_links(facts[name]) != _drop_links(before.get(name))
        ]
        different += [(kind, ref, moment, name) for name in names]
    if different:
        # Of a request that another process allowed only its event tells.
        take_events(LATE_SECONDS)
    return [
        f"{kind} {ref[:12]}: {name}"
        for kind, ref, moment, name in different
        if not picture.may_differ(kind, ref, moment)
    ]


def _compare(cached: Mapping[str, JSON] | None, shown: Mapping[str, JSON]) -> str:
    if cached is None:
        return "is missing"
    if not _list_names(cached) <= _list_names(shown):
        return "has another name"
    if _list_mounts(cached, MOUNT_FIELDS) != _list_mounts(shown, MOUNT_FIELDS):
        return "has other mounts"
    rests = text(cached, "State") in _RESTS and text(shown, "State") not in _RESTS
    return "runs" if rests else ""


def _list_names(one: Mapping[str, JSON]) -> set[str]:
    """Without what others call it by links: that goes with them."""
    return {name for name in texts(one, "Names") if "/" not in name.removeprefix("/")}


def _drop_links(fact: JSON) -> JSON:
    """Without those of HostConfig: dockerd shows them in any order, by the names that the others have now."""
    return {name: value for name, value in fact.items() if name != "Links"} if isinstance(fact, dict) else fact


def _list_mounts(
    one: Mapping[str, JSON], fields: Sequence[str] = (*MOUNT_FIELDS, "Destination")
) -> set[tuple[str, ...]]:
    # Where a volume lies its name says: of one without a name of a user dockerd's list shows no source.
    return {
        tuple("" if field == "Source" and text(mount, "Name") else str(mount.get(field)) for field in fields)
        for mount in objects(one, "Mounts")
    }
