"""What unanswered requests make and use: sources, names, volumes; the protocols Creations, UsesUnderWay, NamesInUse."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeVar

from portero.decide.values.dataclass import dataclass

# The container of the request itself.
SELF = "this container"


@dataclass(frozen=True, slots=True)
class Source:
    """A mounted path of the host. `owner`: what mounts it, as a reason names it; `at`: where the request has it."""

    path: str
    writable: bool
    owner: str = SELF
    at: str = ""


# No container can have these as its name.
ANY, MADE, BUILT = "", "*", "*build"
# How dockerd names a container that gets no name (moby pkg/namesgenerator), and swarm that of a task.
_MADE_NAME = re.compile(r"[a-z]+_[a-z]+[0-9]?")
_TASK_NAME = re.compile(r".+\.[0-9a-z]{25}")


def can_come_unasked(name: str) -> bool:
    """Whether dockerd can give a container this name where no request does: a task, a step of a classic build."""
    return any(each.fullmatch(name) is not None for each in (_MADE_NAME, _TASK_NAME))


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name of a container that a request copies to, or gives to a container.

    Given: ANY for whichever, MADE for one that dockerd makes itself, BUILT for those of a build, one after the other.
    """

    name: str
    is_copy: bool

    def clashes_with(self, other: "NameUse") -> bool:
        """Whether one would copy into a container while the other gives its name to another one.

        A container with a name that dockerd made is there when something is copied to it: of creates only the later
        one clashes, and each build.
        """
        if self.is_copy == other.is_copy:
            return False
        given, copied = (other, self) if self.is_copy else (self, other)
        makes = given.name == BUILT or (given.name == MADE and given is self)
        is_made = makes and _MADE_NAME.fullmatch(copied.name) is not None
        return is_made or self.name == other.name or ANY in (self.name, other.name)


@dataclass(frozen=True, slots=True)
class VolumeUse:
    """Volumes by name that a request makes where they are missing, each with its owner; "": none."""

    owners: frozenset[tuple[str, str]]

    def clashes_with(self, other: "VolumeUse") -> bool:
        """Whether both make one of the same name, for different owners: dockerd gives the later one the first one's."""
        others = dict(other.owners)
        return any(others.get(name, owner) != owner for name, owner in self.owners)


_Use = TypeVar("_Use", NameUse, VolumeUse, contravariant=True)


class UsesUnderWay(Protocol[_Use]):
    """How requests that dockerd has not answered use names of containers, or of volumes, for one request."""

    def allows(self, use: _Use) -> bool:
        """Whether it goes with what was allowed before this request asked dockerd."""

    def add(self, id: str, use: _Use) -> bool:
        """Have others see this use by the request with this decision's ID; False: it does not go with a newer one."""


class NamesInUse(UsesUnderWay[NameUse], Protocol):
    """Those of names of containers."""

    def may_give(self, name: str) -> bool:
        """Whether a create that is not waited for any more may be about to give this name, which none has."""


class Creations(Protocol):
    """What others are creating at the daemon, for one request."""

    @property
    def others(self) -> Sequence[Source]:
        """Of what was allowed before this request asked dockerd, and is not known to be there, or to have failed."""

    @property
    def ended(self) -> Collection[str]:
        """IDs of containers whose creation began before Portero did, and ended after it."""

    def add(self, id: str, paths: Sequence[Source], agree: Callable[[Sequence[Source]], bool]) -> bool:
        """Have others see these paths of the request with this decision's ID, from now on.

        False, and nothing is added, where `agree` says so of what was added meanwhile.
        """
