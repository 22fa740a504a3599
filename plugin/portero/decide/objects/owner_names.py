"""Under which names the caller of a request owns objects, by the site value `ownership` and who asks."""

from collections.abc import Mapping
from typing import cast

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import text
from portero.decide.values.json_types import JSON

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
        operators = (cast("list[str]", site[key]) for key in ("operators", "operator-groups"))
        is_operator = any({*mine} & {*listed} for mine, listed in zip(([user], groups), operators, strict=True))
        names = {user} if user and not user.startswith(_GROUP) else set()
        return cls(label, frozenset(names | {_GROUP + group for group in groups}), is_operator)

    def describe_label(self, labels: Mapping[str, JSON], at: str) -> JSON:
        """One of `ownerLabels`: whether these labels of something new make it the caller's."""
        owner = text(labels, self.label)
        return {"value": owner in self.names and TEMPLATE not in owner, "at": at}
