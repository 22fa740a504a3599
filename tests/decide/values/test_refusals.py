"""The refusal codes: each has its texts, and an unknown one cannot be raised."""

import re
from dataclasses import astuple

import pytest

from portero.decide.values.refusals import CODES, Refused, locate_lookup


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_a_title_a_reason_and_a_remedy(code: str) -> None:
    refusal = CODES[code]

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code)
    assert all(text and text == text.strip() for text in astuple(refusal))
    # A title is a requirement, a reason whole sentences.
    assert not refusal.title.endswith(".")
    assert refusal.reason.endswith(".")


def test_a_refusal_names_where_it_is() -> None:
    refused = Refused("body-wrong-type", "HostConfig.Privileged")

    assert (refused.code, refused.at) == ("body-wrong-type", "HostConfig.Privileged")
    assert refused.refusal is CODES["body-wrong-type"]
    assert "HostConfig.Privileged" in str(refused)


def test_a_code_that_is_not_in_the_list_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        Refused("no-such-code")


@pytest.mark.parametrize(
    ("code", "shown"),
    [("name-ambiguous", "name-ambiguous"), ("lookup-failed", "lookup-failed"), ("body-wrong-type", "lookup-failed")],
)
def test_of_a_lookup_only_what_the_name_is_to_blame_for_keeps_its_code(code: str, shown: str) -> None:
    located = locate_lookup(Refused(code), "path.id")

    assert (located.code, located.at) == (shown, "path.id")
