"""Where the violations of a request are, and which facts they are about."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from portero.values.json_types import JSON

# Where the name of a place in the request ends: HostConfig | .Binds | [0]
_STEP = re.compile(r"(?=[.\[])")


class Violated:
    """Where violations are, so that one lookup shows whether one is at a place or within it.

    `facts`: those that fail, read when one is needed. They tell entries with the same place apart
    (HostConfig.Sysctls[*]).
    """

    def __init__(self, places: Iterable[str], facts: Iterable[Mapping[str, JSON]] = ()) -> None:
        self._around = frozenset[str]().union(*map(_list_around, places))
        self._found = facts

    @cached_property
    def facts(self) -> Sequence[Mapping[str, JSON]]:
        return tuple(self._found)

    def __contains__(self, at: str) -> bool:
        return at in self._around

    def named(self, names: Iterable[str], key: str = "name") -> list[str]:
        """Those of the names that a fact has under this key; all of them, where no fact has one."""
        wrong = {fact[key] for fact in self.facts if key in fact}
        all_names = list(names)
        return [name for name in all_names if name in wrong] or all_names


def _list_around(at: str) -> tuple[str, ...]:
    """The place and all those around it: HostConfig.Binds[0], HostConfig.Binds, HostConfig."""
    return (at, *(at[: step.start()] for step in _STEP.finditer(at) if step.start()))


NONE = Violated(())
