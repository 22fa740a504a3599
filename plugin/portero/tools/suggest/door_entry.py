"""The entry of a door, drafted from the decisions of its requests: operations, by how many requests and users.

A tool's door has `owners` where each object that it used has one.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from portero.decide.identity.caller import DOOR_PREFIX
from portero.decide.identity.trusted import USERS
from portero.decide.ownership.owner_names import OPERATORS
from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import count_things
from portero.tools.suggest.suggestion_text import list_json_lines

_METHODS = ("door", "door+token")


class DoorUse:
    """What was asked at one door."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._requests: Counter[str] = Counter()
        self._users: dict[str, set[str]] = {}
        self._owners: set[str] = set()

    def add(self, operation: str, user: str, method: str, owners: Collection[str] = ()) -> None:
        """Count a request that a user made, who is known by this method, where it came by the door."""
        if self._name == USERS:
            is_own = method in _METHODS and not user.startswith(DOOR_PREFIX)
        else:
            is_own = user == DOOR_PREFIX + self._name
        if is_own:
            self._requests[operation] += 1
            self._users.setdefault(operation, set()).add(user)
            self._owners.update(owners)

    @property
    def requests(self) -> int:
        return self._requests.total()

    def describe(self) -> dict[str, JSON]:
        owners: dict[str, JSON] = {"owners": [*sorted(self._owners)]}
        has_all = self._owners and OPERATORS not in self._owners
        return {"name": self._name, "operations": [*sorted(self._requests)], **(owners if has_all else {})}

    def list_lines(self, lists: Mapping[str, list[str]]) -> Iterator[str]:
        """For people: the counts as comments, lists that are enough, and the entry."""
        yield f"# {count_things(self.requests, 'request')} at the door {self._name}"
        for operation, count in self._requests.most_common():
            by = f", by {count_things(len(self._users[operation]), 'user')}" if self._name == USERS else ""
            yield f"# {count:>6}  {operation}{by}"
        if enough := [name for name, listed in lists.items() if self._requests.keys() <= {*listed}]:
            yield f"# these lists have them all: {', '.join(enough)}"
        elif denied := self._requests.keys() - {*lists.get(self._name, self._requests)}:
            yield f"# the list {self._name} would deny: {', '.join(sorted(denied))}"
        if OPERATORS in self._owners:
            yield "# no owners: it used objects without one"
        yield from list_json_lines({"doors": [self.describe()]})
