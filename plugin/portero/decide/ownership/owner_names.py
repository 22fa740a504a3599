"""Under which names the caller of a request owns objects, by the site value `ownership` and who asks."""

from collections.abc import Mapping
from typing import cast

from portero.decide.identity.caller import DOOR_PREFIX
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, text

# Users and groups have separate names: a group must not own what is a user's of the same name.
_GROUP = "group:"
# Swarm makes something else of it after this check, of a name and of the value of a label.
TEMPLATE = "{{"
# Whose what has no label is.
OPERATORS = "the operators"


@dataclass(frozen=True, slots=True)
class OwnerNames:
    """The site's label, and the names under which the caller owns objects; an operator owns them all."""

    label: str
    names: frozenset[str]
    is_operator: bool = False

    @classmethod
    def of(cls, site: Mapping[str, JSON], identity: Mapping[str, JSON]) -> "OwnerNames | None":
        """None where the site has no ownership."""
        label = str(site.get("ownership") or "")
        if not label:
            return None
        user, groups = str(identity["user"]), cast("list[str]", identity["groups"])
        if (listed := find_listed(site, user)) is not None:
            return cls(label, frozenset(listed))
        operators = (cast("list[str]", site[key]) for key in ("operators", "operator-groups"))
        is_operator = any({*mine} & {*listed} for mine, listed in zip(([user], groups), operators, strict=True))
        names = {user} if user and not user.startswith(_GROUP) else set()
        return cls(label, frozenset(names | {_GROUP + group for group in groups}), is_operator)

    def choose(self, wanted: JSON) -> str:
        """The name for what the caller makes, by `label` of a door's entry: true, or a group; empty: none."""
        if isinstance(wanted, str) and wanted in self.names:
            return wanted
        # The caller's own before those of groups.
        return min(self.names, key=lambda name: (name.startswith(_GROUP), name), default="") if wanted else ""

    @property
    def wanted_label(self) -> str:
        """As flags have it."""
        return f"{self.label}={self.choose(True) or 'NAME'}"

    def describe_label(self, labels: Mapping[str, JSON], at: str) -> JSON:
        """One of `ownerLabels`: whether these labels of something new make it the caller's."""
        owner = text(labels, self.label)
        return {"value": owner in self.names and TEMPLATE not in owner, "given": self.label in labels, "at": at}


def find_listed(site: Mapping[str, JSON], user: str) -> list[str] | None:
    """`owners` of the entry of a tool's door: whose objects it uses, and no others; None: it has no such list."""
    doors = cast("list[dict[str, JSON]]", site.get("doors") or []) if user.startswith(DOOR_PREFIX) else ()
    listed = next((door.get("owners") for door in doors if DOOR_PREFIX + str(door["name"]) == user), None)
    return cast("list[str] | None", listed)
