"""Pages hold every text escaped and name a missing value instead of leaving a hole."""

import pytest
from jinja2 import UndefinedError

from portero.report import html


def test_a_value_that_a_page_needs_and_does_not_get_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        html.render("report/host_page.html")


def test_times_are_in_utc_to_the_minute() -> None:
    assert html.when(1795536000.9) == "2026-11-24 16:00"
