"""What an allowed request can change of what is known of a daemon: operation, path, query and body in, touches out.

An operation that is not listed here changes no fact that is kept; an unknown one can change anything.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from portero.decide.interfaces.effects import EVERYTHING, NOTHING, OF_CONTAINERS, PossibleChange, Touch
from portero.decide.reading.envelope import Envelope, decode_body
from portero.decide.reading.routes import ApiRequest, Match, Routes
from portero.decide.reading.uri import Target, find_first
from portero.decide.values.dataclass import replace
from portero.decide.values.docker_names import may_begin_id
from portero.decide.values.json_fields import JSON, to_text
from portero.decide.values.json_objects import load_object
from portero.decide.values.refusals import Refused

# Of a container with a longer name nothing is kept, and a volume has none.
MAX_NAME = 255


def read_change(envelope: Envelope, routes: Routes) -> PossibleChange:
    try:
        return find_change(routes.read_request(replace(envelope, body=decode_body(envelope.shown))))
    except Refused:
        return EVERYTHING  # of what is not enforced: what dockerd makes of it is not known


def find_change(request: ApiRequest) -> PossibleChange:
    change = NOTHING if request.match.operation.reads else _CHANGES.get(request.match.operation.id, NOTHING)
    if not isinstance(change, PossibleChange):
        change = change(request.match, request.target, request.envelope.body)
    touches = tuple([one for each in change.touches for one in _widen(each)])
    return change if touches == change.touches else replace(change, touches=touches)


def _widen(touch: Touch) -> tuple[Touch, ...]:
    """What a container is called by another one's link can be any of them; what is too long means nothing kept."""
    if touch.kind in OF_CONTAINERS and "/" in touch.ref:
        return (Touch(touch.kind),)
    return (touch,) if len(touch.ref) <= MAX_NAME else ()


_Find = Callable[[Match, Target, bytes | None], PossibleChange]


def _find_id(match: Match) -> str:
    return match.path.get("id", "").removeprefix("/")


def _create(match: Match, target: Target, body: bytes | None) -> PossibleChange:
    name = find_first(target.query, "name").removeprefix("/")
    # A name can take the place of what begins an ID.
    lasts = may_begin_id(name)
    return PossibleChange((Touch("container", name),) if name else (), "container", name[: MAX_NAME + 1], lasts)


def _rename(match: Match, target: Target, body: bytes | None) -> PossibleChange:
    # Whose name that is, or whose ID begins so, may be another one by then.
    name = find_first(target.query, "name").removeprefix("/")
    return PossibleChange((Touch("container", _find_id(match)), *([Touch("container", name)] if name else [])))


def _alter(match: Match, target: Target, body: bytes | None) -> PossibleChange:
    return PossibleChange((Touch("container", _find_id(match)), Touch("state", _find_id(match))))


def _start(match: Match, target: Target, body: bytes | None) -> PossibleChange:
    # A first start fills in HostConfig and aliases; an old daemon takes a HostConfig in the body (docker-facts 7.5).
    if body:
        return _alter(match, target, body)
    return PossibleChange((Touch("start", _find_id(match)), Touch("state", _find_id(match))))


def _end(match: Match, target: Target, body: bytes | None) -> PossibleChange:
    return PossibleChange((Touch("state", _find_id(match)),), lasts=False)


def _connect(match: Match, target: Target, body: bytes | None) -> PossibleChange:
    sent: Mapping[str, JSON] = {}
    with suppress(ValueError):
        sent = load_object(body or b"{}")
    names = [to_text(value) for key, value in sent.items() if key.lower() == "container"]
    # Without a name any of them.
    return PossibleChange((Touch("container", names[0].removeprefix("/") if len(names) == 1 else ""),))


_NETWORKS = PossibleChange((Touch("network"),))
_CHANGES: Mapping[str, _Find | PossibleChange] = {
    "ContainerCreate": _create,
    "ContainerRename": _rename,
    "ContainerUpdate": _alter,
    "ContainerDelete": _alter,
    "ContainerStart": _start,
    "ContainerRestart": _start,
    "ContainerStop": _end,
    "ContainerKill": _end,
    "ContainerExec": lambda match, target, body: PossibleChange(makes="exec", name=_find_id(match)[: MAX_NAME + 1]),
    **dict.fromkeys(("PutContainerArchive", "ImageBuild", "VolumeCreate"), PossibleChange(makes="nothing")),
    "ContainerPrune": PossibleChange(makes="pruned", lasts=False),
    "NetworkConnect": _connect,
    "NetworkDisconnect": _connect,
    **dict.fromkeys(("NetworkCreate", "NetworkDelete"), _NETWORKS),
    "NetworkPrune": replace(_NETWORKS, lasts=False),
    **dict.fromkeys(
        ("VolumeDelete", "VolumeUpdate"),
        lambda match, target, body: PossibleChange((Touch("volume", match.path.get("name", "")),)),
    ),
    "VolumePrune": PossibleChange((Touch("volume"),), lasts=False),
    **dict.fromkeys(("ServiceCreate", "ServiceUpdate"), PossibleChange(makes="service", lasts=False)),
    **dict.fromkeys(("SwarmInit", "SwarmJoin", "SwarmLeave", "SwarmUnlock"), replace(EVERYTHING, lasts=False)),
}
