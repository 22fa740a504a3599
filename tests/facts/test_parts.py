"""The parts of facts: each looks at the fields that it names only, and is read again when one of them has changed."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from portero.facts import container, service
from portero.facts.parts import Before, ChangedPlaces, FactCall, FactPart, Path, list_changes, read_parts
from portero.host.fixed import FixedHost
from portero.refusals import Refused
from portero.types import JSON
from tests import captured
from tests.known_bodies import list_bodies

PARTS = {"ContainerCreate": container.CREATE, "ServiceCreate": service.PARTS, "ServiceUpdate": service.PARTS}
EVERY_PART = [(operation, part) for operation, parts in PARTS.items() for part in parts]
HOST = FixedHost(captured.HOST)


class Noted(dict[str, Any]):
    """An object of a body that notes which fields are looked at. Of an object below it, its own fields are noted."""

    def __init__(self, value: dict[str, Any], seen: set[Path], at: Path = ()) -> None:
        inner = {name: Noted(one, seen, (*at, name)) if isinstance(one, dict) else one for name, one in value.items()}
        super().__init__(inner)
        self._seen, self._at = seen, at

    def _note(self, name: object) -> None:
        if not isinstance(super().get(name), Noted):
            self._seen.add((*self._at, str(name)))

    def _note_all(self) -> None:
        self._seen.add(self._at)

    def get(self, name: str, default: Any = None) -> Any:  # type: ignore[override]
        self._note(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._seen.add((*self._at, str(name)))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._note_all()
        return super().__iter__()

    def __len__(self) -> int:
        self._note_all()
        return super().__len__()

    def keys(self) -> Any:
        self._note_all()
        return super().keys()

    def values(self) -> Any:
        self._note_all()
        return super().values()

    def items(self) -> Any:
        self._note_all()
        return super().items()


@pytest.mark.parametrize(("operation", "part"), EVERY_PART)
def test_a_part_looks_at_the_fields_that_it_names_only(operation: str, part: FactPart) -> None:
    seen: set[Path] = set()
    for body in ({}, *list_bodies(operation)):
        with suppress(Refused):
            part.read(FactCall(Noted(body, seen), {}, {}, HOST))

    assert seen != set()
    assert [path for path in seen if not ChangedPlaces.at([path]).concern(part)] == []


@pytest.mark.parametrize(("operation", "part"), EVERY_PART)
def test_a_part_makes_the_facts_that_it_names(operation: str, part: FactPart) -> None:
    assert part.read(FactCall({}, {}, {}, HOST)).keys() == part.facts


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ({"A": 1, "B": 2}, {"A": 1, "B": 3}, [("B",)]),
        ({"A": 1}, {"A": True}, [("A",)]),
        ({"A": {"B": 1, "C": {}}}, {"A": {"B": 1, "D": {}}}, [("A", "C"), ("A", "D")]),
        ({"A": {"B": {"x.y": 1}}}, {"A": {"B": {"x.y": 2}}}, [("A", "B", "x.y")]),
        ({"A": {}}, {"A": []}, [("A",)]),
        ({"A": [1]}, {"A": [1]}, [("A",)]),
        (None, {}, [()]),
        ({"A": {"B": 1}}, {"A": {"B": 1}}, []),
    ],
)
def test_changes_are_told_by_where_they_are(old: JSON, new: JSON, changed: list[Path]) -> None:
    assert sorted(list_changes(old, new)) == changed


@pytest.mark.parametrize(
    ("changed", "sees"),
    [
        ((), True),
        (("HostConfig",), True),
        (("HostConfig", "Binds"), True),
        (("HostConfig", "Binds", "below"), True),
        (("HostConfig", "Bind"), False),
        (("Binds",), False),
        (("User",), False),
    ],
)
def test_a_part_sees_changes_of_its_fields_in_them_and_around_them(changed: Path, *, sees: bool) -> None:
    part = FactPart.of(lambda call: {}, "mounts", {"HostConfig": "Binds Mounts", "": "Volumes"})

    assert ChangedPlaces.at([changed]).concern(part) is sees


def test_what_no_change_concerns_is_not_read_again() -> None:
    read: list[str] = []

    def make(name: str) -> FactPart:
        def read_one(call: FactCall) -> dict[str, JSON]:
            read.append(name)
            return {name: call.body.get(name)}

        return FactPart.of(read_one, name, {"": name})

    before = Before({"A": 1, "B": 1, "C": 1}, {"A": "of A", "B": "of B", "C": "of C"}, frozenset({"C"}))
    found = read_parts([make("A"), make("B"), make("C")], FactCall({"A": 1, "B": 2, "C": 1}, {}, {}, HOST, before))

    assert found == {"A": "of A", "B": 2, "C": 1}
    assert read == ["B", "C"]
