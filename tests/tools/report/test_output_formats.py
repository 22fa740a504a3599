"""JUnit XML: a case for each thing judged, with the reply as the text of its failure; HTML pages."""

from xml.etree import ElementTree

import pytest
from jinja2 import UndefinedError

from portero.tools.recording.request_files import DecidedRequest
from portero.tools.report.output_formats import format_time, render_html, write_junit_decisions

from .conftest import checked, violation


def suite(*decided: DecidedRequest) -> ElementTree.Element:
    found = ElementTree.fromstring(write_junit_decisions(decided)).find("testsuite")
    assert found is not None
    return found


def test_what_is_allowed_passes_even_when_something_is_logged() -> None:
    found = suite(checked(), checked(violation("no-privileged", action="audit")))

    assert (found.get("tests"), found.get("failures")) == ("2", "0")
    assert found.findall("testcase/failure") == []


def test_what_is_refused_fails_with_its_rules_and_the_reply() -> None:
    found = suite(
        checked(violation("no-privileged"), violation("no-privileged", "Privileged"), violation("no-host-pid"))
    )

    case = found.find("testcase")
    failure = found.find("testcase/failure")
    assert case is not None
    assert failure is not None
    assert (case.get("classname"), case.get("name")) == ("a compose.yaml", "a compose.yaml:3 (web): ContainerCreate")
    assert failure.get("message") == "no-privileged, no-host-pid"
    assert (failure.text or "").startswith("  no-host-pid    HostConfig.Privileged: It can take over the host.")


def test_what_xml_cannot_hold_is_a_question_mark() -> None:
    assert suite(checked(file="a\x1b\ud800")).find("testcase[@classname='a??']") is not None


def test_a_value_that_a_page_needs_and_does_not_get_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render_html("tools/report/host_page.html")


def test_times_are_in_utc_to_the_minute() -> None:
    assert format_time(1795536000.9) == "2026-11-24 16:00"
