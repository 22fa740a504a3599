"""Under which names a caller owns objects, and whether labels of something new are the caller's."""

from collections.abc import Mapping
from typing import Any

from portero.decide.ownership.owner_names import OwnerNames

SITE: Mapping[str, Any] = {"ownership": "owner", "operators": ["root"], "operator-groups": ["ops"]}
HERS = frozenset({"alicia", "group:dev"})


def test_a_tools_door_owns_under_the_names_that_its_entry_lists() -> None:
    site = {**SITE, "doors": [{"name": "ryuk", "owners": ["unix:alicia", "group:dev"]}, {"name": "plain"}]}

    def names(user: str) -> OwnerNames:
        found = OwnerNames.of(site, {"user": user, "groups": ["ops"]})
        assert found is not None
        return found

    assert (names("door:ryuk").names, names("door:ryuk").is_operator) == ({"unix:alicia", "group:dev"}, False)
    assert names("door:plain").names == {"door:plain", "group:ops"}
    # A user whom somebody calls so is no door.
    assert "unix:alicia" not in names("ryuk").names


def test_an_operator_is_listed_by_name_or_by_a_group() -> None:
    for user, groups, operates in (
        ("root", [], True),
        ("alicia", ["dev", "ops"], True),
        ("ops", ["root", "dev"], False),
    ):
        names = OwnerNames.of(SITE, {"user": user, "groups": groups})
        assert names is not None
        assert names.is_operator is operates, user


def test_what_is_made_is_for_the_group_of_members_and_else_for_the_caller() -> None:
    names = OwnerNames("owner", frozenset({"unix:alicia", "group:dev"}))

    for wanted, owner in ((True, "unix:alicia"), ("group:dev", "group:dev"), ("group:qa", "unix:alicia"), (False, "")):
        assert names.choose(wanted) == owner
    assert names.wanted_label == "owner=unix:alicia"
    assert OwnerNames("owner", frozenset({"group:qa", "group:dev"})).choose(True) == "group:dev"
    assert OwnerNames("owner", frozenset()).choose(True) == ""
