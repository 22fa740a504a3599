"""Who owns what, for a caller at a door: the values that the deciding process wrote of the policy in force.

Read again when the file has changed: once for each request that depends on it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from portero.decide.identity.caller import identify_at_door
from portero.decide.identity.trusted import Trusted
from portero.decide.ownership.owner_names import OwnerNames
from portero.decide.policy.doors import find_label, hides_variables, lets_through, read_doors
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import load_strict_object
from portero.observe.files.whole_files import read_regular_file, stamp_file

_MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Caller:
    """`names`: None where the site has no ownership."""

    names: OwnerNames | None
    _site: Mapping[str, JSON]
    _door: str

    @property
    def creates_for(self) -> str:
        """The owner of what the caller makes; empty: none."""
        return self.names.choose(find_label(self._site, self._door)) if self.names else ""

    @property
    def lists_services(self) -> bool:
        """Whether the door lets that list through."""
        return lets_through(self._site, self._door, "ServiceList")


class OwnersFile:
    """`file`: beside policy.json."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, ...] = ()
        self._site: Mapping[str, JSON] = {}
        self._trusted = Trusted()

    def find_caller(self, door: str, user: str, groups: tuple[str, ...]) -> Caller:
        """Raises OSError, ValueError, and Refused for a door that the policy does not list."""
        self._read()
        who = identify_at_door(door, user, groups, self._trusted)
        return Caller(OwnerNames.of(self._site, who.make_document()), self._site, door)

    def hides_variables(self, door: str) -> bool:
        """Whether a door shows the names of variables alone; raises OSError and ValueError."""
        self._read()
        return hides_variables(self._site, door)

    def _read(self) -> None:
        seen = stamp_file(os.stat(self._file))
        if seen != self._seen:
            site = load_strict_object(read_regular_file(self._file, _MAX_BYTES))
            groups = cast("dict[str, list[str]]", site["user-groups"])
            listed = {user: tuple(names) for user, names in groups.items()}
            self._site, self._trusted = site, Trusted(user_groups=listed, doors=read_doors(site))
            self._seen = seen
