"""The page of a host stands alone, holds every text escaped, and keeps apart what is enforced."""

import re
from collections.abc import Callable

from portero.report.host_formats import page
from portero.report.host_result import HostResult

from .conftest import finding

EVIL = "<script>alert(1)</script>"


def test_the_page_stands_alone_and_escapes_every_text(make: Callable[..., HostResult]) -> None:
    shown = page(make(finding("first", EVIL, value=EVIL), warnings=(EVIL,), version=EVIL))

    assert shown.startswith("<!doctype html>")
    assert "<script" not in shown
    assert not re.search(r"""(src|href)=|url\(|@import|https?:""", shown)
    assert "prefers-color-scheme: dark" in shown


def test_what_is_enforced_reported_and_fine_has_its_section(make: Callable[..., HostResult]) -> None:
    shown = page(make(finding("first", "/a"), finding("second", "/b", "unknown", "audit", "")))

    to_do, rest = shown.split("Only reported</h2>")
    reported, fine = rest.split("Fine</h2>")
    assert "/a (is 0)" in to_do
    assert "/b" in reported
    assert "third holds" in fine


def test_a_host_on_which_all_holds_says_so(make: Callable[..., HostResult]) -> None:
    assert "Every rule that the profile enforces holds." in page(make())
