"""One decision with where it came from."""

from typing import cast

import pytest

from portero.decision import Decision
from portero.recording.decided_request import Checked


@pytest.mark.parametrize(
    ("line", "name", "location"),
    [
        (None, "", "x.json"),
        (7, "", "x.json:7"),
        (None, "web", "x.json (web)"),
        (7, "web", "x.json:7 (web)"),
    ],
)
def test_the_location_has_the_parts_that_are_known(line: int | None, name: str, location: str) -> None:
    assert Checked("x.json", line, name, cast(Decision, None)).location == location
