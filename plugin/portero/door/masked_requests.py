"""Variables at a door: where its entry says so, answers show their names alone, and nothing that a recording masks."""

import logging
from collections.abc import Callable
from typing import TypeAlias

from portero.decide.facts.masked_answers import ENTRIES, WHOLE, mask_answer, shows_variables
from portero.decide.ownership.json_stream import Shape
from portero.decide.ownership.list_shapes import entries, fields, lines, whole
from portero.decide.ownership.own_lists import shape_usage
from portero.decide.reading.routes import Match, Routes
from portero.decide.reading.uri import parse_target
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.door.filtered_answer import FilteredAnswer
from portero.door.treatment import Request, Treating, Treatment, TurnedAway

_LOG = logging.getLogger(__name__)
_UNKNOWN = (
    "What this door shows cannot be read, so that nothing is passed on: see journalctl -u portero-door, and "
    "systemctl status portero."
)
# By the request, its version of the API, and its operation.
InnerTreat: TypeAlias = Callable[[Request, str | None, Match], Treating | None]
_PROCESSES, _EVENTS = "ContainerTop", "SystemEvents"
_NO_VARIABLES = "This door does not show variables, and so takes ps_args of aux and -ef alone."


def _keep(value: JSON) -> JSON:
    return value


_SHAPES: dict[str, Shape] = {
    **dict.fromkeys(WHOLE, whole(_keep)),
    "SystemDataUsage": shape_usage(_keep, _keep, _keep),
    **dict.fromkeys(ENTRIES, entries(_keep)),
    "VolumeList": fields({"Volumes": entries(_keep), "Warnings": whole(_keep)}),
    _EVENTS: lines(_keep),
}


@dataclass(frozen=True, slots=True)
class MaskedRequests:
    """`treat` is a Treat, over another one. `hides`: whether a door shows no values."""

    routes: Routes
    hides: Callable[[str], bool]
    inner: InnerTreat

    def treat(self, request: Request) -> Treating | None:
        try:
            target = parse_target(request.target)
            match = self.routes.match(request.method, target.path)
        except Refused:
            return None  # the plugin refuses it
        treating, operation = self.inner(request, target.version, match), match.operation.id
        if (operation != _PROCESSES and operation not in _SHAPES) or not self._hides(request.door):
            return treating
        if operation == _PROCESSES:
            if shows_variables(request.target.partition("?")[2]):
                raise TurnedAway(403, _NO_VARIABLES)
            return treating
        return _mask(operation, request.target, treating)

    def _hides(self, door: str) -> bool:
        try:
            return self.hides(door)
        except (OSError, ValueError, LookupError) as error:
            _LOG.error("what a door shows cannot be read: %s", error)
            raise TurnedAway(503, _UNKNOWN) from error


def _mask(operation: str, target: str, treating: Treating | None) -> Treating:
    """What the other treatment leaves of the answer, or all of it."""
    made = Treatment()
    if treating is not None:
        made = yield from treating
    if isinstance(made.answer, FilteredAnswer):
        made.answer.mask_with(mask_answer)
        return made
    answer = FilteredAnswer(_SHAPES[operation], target, is_stream=operation == _EVENTS)
    answer.mask_with(mask_answer)
    return replace(made, answer=answer)
