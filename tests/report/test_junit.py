"""JUnit XML: a case for each thing judged, with the reply as the text of its failure."""

from xml.etree import ElementTree

from portero.recording.request_files import DecidedRequest
from portero.report import junit

from .conftest import checked, violation


def suite(*decided: DecidedRequest) -> ElementTree.Element:
    found = ElementTree.fromstring(junit.document(decided)).find("testsuite")
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
    assert (failure.text or "").startswith("ContainerCreate refused [check]\n  no-privileged  HostConfig.")


def test_what_xml_cannot_hold_is_a_question_mark() -> None:
    assert suite(checked(file="a\x1b\ud800")).find("testcase[@classname='a??']") is not None
