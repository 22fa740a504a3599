"""Folders of what is being created just now, as two requests at once see each other; plain values.

objects/creations.py keeps them.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MadePlace:
    """A host path that a request mounts. `owner`: what is being created, as a reason names it."""

    path: str
    writable: bool
    owner: str


class Creations(Protocol):
    """What others are creating at the daemon, for one request."""

    @property
    def others(self) -> Sequence[MadePlace]:
        """Of what was allowed before this request asked dockerd, and is not known to be there, or to have failed."""

    @property
    def ended(self) -> Collection[str]:
        """IDs of containers that dockerd made since Portero started, though their creation may have begun before."""

    def add(self, id: str, places: Sequence[MadePlace], agree: Callable[[Sequence[MadePlace]], bool]) -> bool:
        """Have others see these places of the request with this decision's ID, from now on.

        False, and nothing is added, where `agree` says so of what was added meanwhile.
        """
