"""Questions to the daemon about what exists: kind and name in, what docker inspect shows out; lists, and /info.

Each answer is noted in the picture. dockerd asks the plugin about each of these requests; see own_requests.py.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

from portero.decide.interfaces.daemon import GatheredKind, ListedKind, LookupState, ObjectKind
from portero.decide.interfaces.existing import NAMESPACES
from portero.decide.interfaces.host import refuse_unreadable
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.dockerd.api import TimedRequests, read_object
from portero.observe.dockerd.object_lists import Wanted
from portero.observe.lookups.cached_facts import MOUNT_FIELDS
from portero.observe.lookups.followed_daemon import FollowedDaemon

_TARGETS: Mapping[ObjectKind, str] = {
    "container": "/containers/{}/json",
    "exec": "/exec/{}/json",
    "image": "/images/{}/json",
    "volume": "/volumes/{}",
    "network": "/networks/{}",
    "service": "/services/{}",
    "task": "/tasks/{}",
    "secret": "/secrets/{}",
    "config": "/configs/{}",
}
_LISTS: Mapping[ListedKind, str] = {
    "container": "/containers/json?all=1",
    "network": "/networks",
    "service": "/services",
}
_TEMPLATE: Wanted = {"ContainerSpec": {"Mounts": None}, "Networks": None}
_SPEC: Wanted = {"Name": None, "TaskTemplate": _TEMPLATE, "Networks": None}
# What is read of a list. Labels, variables and commands can be long, and are not.
_WANTED: Mapping[ListedKind, Wanted] = {
    "container": {
        **dict.fromkeys(("Id", "Names", "Created", "State")),
        "Mounts": dict.fromkeys(MOUNT_FIELDS),
        "HostConfig": dict.fromkeys(NAMESPACES),
    },
    "network": dict.fromkeys(("Id", "Name", "Options", "ConfigOnly")),
    "service": {"ID": None, "UpdatedAt": None, "Spec": _SPEC, "PreviousSpec": _SPEC},
}
# What a swarm has is unavailable on a node that is no manager, and so is what is done to it.
_OF_SWARM = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE})
_ABSENT: Mapping[ObjectKind, frozenset[int]] = {
    **dict.fromkeys(("service", "task", "secret", "config"), _OF_SWARM),
    # What is no reference at all is a bad request, here as in a create.
    "image": frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}),
}
_NOT_FOUND = frozenset({HTTPStatus.NOT_FOUND})
# No reference of an image has such a part.
_NO_REFERENCE = frozenset({"", ".", ".."})
# dockerd answers a quoted slash of an image's name with a redirection.
_SAFE: Mapping[ObjectKind, str] = {"image": "/"}


class DaemonQuestions:
    """Those of one request, to one daemon. `note`: how the last one went, and whether its time was over.

    Each raises Refused: lookup-failed when there is no answer, name-ambiguous where a name can mean several objects.
    """

    def __init__(
        self, requests: TimedRequests, followed: FollowedDaemon, note: Callable[[LookupState, bool], None]
    ) -> None:
        self._requests, self._followed, self._note = requests, followed, note

    def ask_for(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """What docker inspect shows of an object; None: the daemon has none."""
        if kind == "image" and not _NO_REFERENCE.isdisjoint(name.split("/")):
            return None  # dockerd takes it for another path
        picture = self._followed.picture
        moment = picture.moment
        shown = self._ask(_TARGETS[kind].format(quote(name, safe=_SAFE.get(kind, ""))), _ABSENT.get(kind, _NOT_FOUND))
        picture.note_inspected(kind, name, shown, moment)
        return shown

    def ask_for_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        """All objects of a kind, stopped containers too."""
        picture = self._followed.picture
        moment, doubtful = picture.moment, self._followed.under_way.find_doubtful()
        listed = self.read_all(kind)
        if kind == "container":
            picture.note_containers(listed, moment)
            self._followed.under_way.note_listed(doubtful)
        elif kind == "network":
            picture.note_networks(listed, moment)
        return listed

    def read_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        """The same, and the picture stays as it is."""
        return self._read_list(_LISTS[kind], _WANTED[kind], _ABSENT.get(kind, frozenset()))

    def _read_list(self, target: str, wanted: Wanted, absent: frozenset[int]) -> Sequence[Mapping[str, JSON]]:
        with refuse_unreadable:
            lists = self._requests.get_lists(target, wanted)
            listed = next((each for status, each in lists if status == HTTPStatus.OK or status in absent), None)
        if listed is None:
            raise Refused("lookup-failed")
        return listed

    def ask_for_some(self, kind: GatheredKind, ids: Sequence[str]) -> Sequence[Mapping[str, JSON]]:
        """Those of a swarm whose IDs begin so, with all that docker inspect shows of their settings."""
        target = f"/{kind}s?filters={quote(json.dumps({'id': ids}))}"
        return self._read_list(target, {"ID": None, "Spec": None}, _OF_SWARM)

    def ask_info(self) -> Mapping[str, JSON]:
        return self._ask("/info", frozenset()) or {}

    def _ask(self, target: str, absent: frozenset[int]) -> Mapping[str, JSON] | None:
        state: LookupState = "unanswered"
        try:
            with refuse_unreadable:
                for status, body in self._requests.get_bodies(target):
                    state = "auto"
                    if status in absent:
                        return None
                    if status == HTTPStatus.BAD_REQUEST:  # the IDs of several begin so, and none has it as its name
                        raise Refused("name-ambiguous")
                    if status == HTTPStatus.OK and (answer := read_object(body)) is not None:
                        return answer
        finally:
            self._note(state, self._requests.are_late)
        raise Refused("lookup-failed")
