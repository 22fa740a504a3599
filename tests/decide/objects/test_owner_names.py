"""Under which names a caller owns objects, and whether labels of something new are the caller's."""

from collections.abc import Mapping
from typing import Any

import pytest

from portero.decide.identity.caller import NO_IDENTITY, Identity
from portero.decide.objects.owner_names import OwnerNames

SITE: Mapping[str, Any] = {"ownership": "owner", "operators": ["root"], "operator-groups": ["ops"]}
HERS = frozenset({"alicia", "group:dev"})


@pytest.mark.parametrize(
    ("user", "groups", "expected"),
    [
        ("alicia", ("dev",), OwnerNames("owner", HERS)),
        ("alicia", ("dev", "ops"), OwnerNames("owner", HERS | {"group:ops"}, is_operator=True)),
        ("root", (), OwnerNames("owner", frozenset({"root"}), is_operator=True)),
        ("group:dev", (), OwnerNames("owner", frozenset())),
        (NO_IDENTITY.user, (), OwnerNames("owner", frozenset())),
    ],
)
def test_a_user_owns_by_name_and_groups(user: str, groups: tuple[str, ...], expected: OwnerNames) -> None:
    who = Identity(user, groups, "tls").make_document()

    assert OwnerNames.of(SITE, who) == expected
    assert OwnerNames.of({**SITE, "ownership": ""}, who) is None


@pytest.mark.parametrize(
    ("owner", "value"), [("alicia", True), ("group:dev", True), ("bob", False), ("", False), ('{{"bob"}}', False)]
)
def test_a_label_is_the_callers_as_it_stands_there(owner: str, value: bool) -> None:
    names = OwnerNames("owner", HERS | {'{{"bob"}}'})

    assert names.describe_label({"owner": owner}, "x") == {"value": value, "at": "x"}
