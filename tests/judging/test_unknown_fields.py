"""Names that Docker does not know are refused or reported as the site says, each at its place."""

import pytest

from portero.judging import unknown_fields
from portero.reading.shapes import Shapes
from tests.paths import SCHEMAS

CREATE = Shapes.load(SCHEMAS / "api").by_operation["ContainerCreate"]

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


@pytest.mark.parametrize(
    ("at", "meant"),
    [
        ("HostConfig.Priviledged", "Privileged"),
        ("HostConfig.CapDropp", "CapDrop"),
        ("Imagee", "Image"),
        ("HostConfig.Mounts[3].Sorce", "Source"),
        ("NetworkingConfig.EndpointsConfig.*.Alias", "Aliases"),
    ],
)
def test_a_misspelt_field_is_told_what_it_may_have_meant(at: str, meant: str) -> None:
    (found,) = unknown_fields.report({"facts": {"unknownFields": [{"at": at}]}}, "audit", CREATE)

    assert found.reason == f"Docker has no field of this name: did you mean {meant}? It ignores this one."


@pytest.mark.parametrize(
    "at",
    ["HostConfig.Zebra", "Gone.Priviledged", "HostConfig.Sysctls.x.Priviledged", "HostConfig." + "Privileged" * 99],
)
def test_what_is_close_to_no_field_at_its_place_has_no_hint(at: str) -> None:
    (found,) = unknown_fields.report({"facts": {"unknownFields": [{"at": at}]}}, "deny", CREATE)

    assert "did you mean" not in found.reason
