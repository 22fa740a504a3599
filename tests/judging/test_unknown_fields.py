"""Names that Docker does not know are refused or reported as the site says, each at its place."""

import pytest

from portero.judging import unknown_fields

DOCUMENT = {"facts": {"unknownFields": [{"at": f"X{n}"} for n in range(30)]}}


@pytest.mark.parametrize("action", ["deny", "audit"])
def test_each_of_the_first_unknown_names_is_one_violation_with_the_action_of_the_site(action: str) -> None:
    found = list(unknown_fields.report(DOCUMENT, action))  # type: ignore[arg-type]

    assert [(violation.rule, violation.at, violation.action) for violation in found] == [
        ("unknown-field", f"X{n}", action) for n in range(20)
    ]


def test_a_site_may_say_nothing_of_them() -> None:
    assert list(unknown_fields.report(DOCUMENT, "off")) == []
    assert list(unknown_fields.report({"facts": {}}, "deny")) == []
