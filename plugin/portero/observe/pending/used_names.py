"""How requests use names of containers and volumes, counted: a question takes as long for thousands as for one.

dockerd finds the container of a copy when it has read the form that a client may send slowly: a name must not come to
mean another container meanwhile. It gives back a volume that exists as if it had made it.
"""

from collections import Counter
from collections.abc import Iterable

from portero.decide.interfaces.pending_requests import ANY, BUILT, MADE, Use, VolumeUse, can_be_made
from portero.observe.pending.touches import count


class UsedNames:
    """`uses`: those that are counted at first."""

    def __init__(self, uses: Iterable[Use] = ()) -> None:
        self._given, self._copied = Counter[str](), Counter[str]()
        self._volumes: dict[str, Counter[str]] = {}
        for use in uses:
            self.change(use, 1)

    def change(self, use: Use, by: int) -> None:
        """Count so many more of a use."""
        if isinstance(use, VolumeUse):
            for name, owner in use.owners:
                count(self._volumes.setdefault(name, Counter()), owner, by)
                if not self._volumes[name]:
                    del self._volumes[name]
            return
        counts = self._copied if use.is_copy else self._given
        count(counts, use.name, by)
        if use.is_copy and can_be_made(use.name):
            count(counts, MADE, by)

    def clash_with(self, later: Use) -> bool:
        """Whether one would copy into a container while the other gives its name to another one, or both make a volume.

        A container with a name that dockerd made is there when something is copied to it: of creates only the later
        one clashes, and each build.
        """
        if isinstance(later, VolumeUse):
            return any(self._volumes.get(name, {owner: 1}).keys() != {owner} for name, owner in later.owners)
        others = self._given if later.is_copy else self._copied
        if later.name == ANY:
            return bool(others)
        is_made = can_be_made(later.name) if later.is_copy else later.name == BUILT
        names = (later.name, ANY, BUILT if later.is_copy else MADE) if is_made else (later.name, ANY)
        return any(name in others for name in names)
