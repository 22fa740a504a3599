"""JUnit XML: a test case for each thing that was judged, failed when it is not as it should be."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from portero.decision import Decision
from portero.judging import denial
from portero.recording.request_files import DecidedRequest

# What XML 1.0 cannot hold (section 2.2); `at` may hold it, in the name of an unknown field.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a case failed: one word for machines, one line, the whole text."""

    kind: str
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class JUnitCase:
    """One test case. `skipped`: why nothing was judged; empty for what was."""

    group: str
    name: str
    failure: Failure | None
    skipped: str = ""


def document(checked: Sequence[DecidedRequest]) -> str:
    """The whole file about decisions."""
    return of(
        [
            JUnitCase(
                each.request.file,
                f"{each.request.location}: {each.decision.subject.operation or 'unreadable'}",
                describe_refusal(each.decision),
            )
            for each in checked
        ]
    )


def of(cases: Sequence[JUnitCase]) -> str:
    """The whole file about any cases."""
    failed = sum(case.failure is not None for case in cases)
    skipped = sum(case.skipped != "" for case in cases)
    suite = ElementTree.Element(
        "testsuite", name="portero", tests=str(len(cases)), failures=str(failed), errors="0", skipped=str(skipped)
    )
    for case in cases:
        suite.append(_element(case))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)


def describe_refusal(decision: Decision) -> Failure | None:
    """The failure that a refused request is."""
    if decision.allowed:
        return None
    rules = ", ".join(dict.fromkeys(each.rule for each in decision.violations if each.action == "deny"))
    return Failure("refused", rules, denial.list_violations(decision))


def _element(case: JUnitCase) -> ElementTree.Element:
    element = ElementTree.Element("testcase", classname=_plain(case.group), name=_plain(case.name))
    if case.failure is not None:
        reported = case.failure
        failure = ElementTree.SubElement(element, "failure", type=reported.kind, message=_plain(reported.message))
        failure.text = _plain(reported.text)
    if case.skipped:
        ElementTree.SubElement(element, "skipped", message=_plain(case.skipped))
    return element


def _plain(text: str) -> str:
    return _NOT_XML.sub("?", text)
