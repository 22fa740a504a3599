"""JUnit XML: a test case for each thing that was judged, failed when it is refused or violated."""

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


def write_decisions(checked: Sequence[DecidedRequest]) -> str:
    cases = []
    for each in checked:
        name = f"{each.request.location}: {each.decision.subject.operation or 'unreadable'}"
        cases.append(JUnitCase(each.request.file, name, describe_refusal(each.decision)))
    return write_cases(cases)


def write_cases(cases: Sequence[JUnitCase]) -> str:
    failed = sum(case.failure is not None for case in cases)
    skipped = sum(case.skipped != "" for case in cases)
    suite = ElementTree.Element(
        "testsuite", name="portero", tests=str(len(cases)), failures=str(failed), errors="0", skipped=str(skipped)
    )
    for case in cases:
        suite.append(_make_element(case))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)


def describe_refusal(decision: Decision) -> Failure | None:
    if decision.allowed:
        return None
    rules = ", ".join(dict.fromkeys(each.rule for each in decision.violations if each.action == "deny"))
    return Failure("refused", rules, denial.list_violations(decision))


def _make_element(case: JUnitCase) -> ElementTree.Element:
    element = ElementTree.Element("testcase", classname=_replace_invalid(case.group), name=_replace_invalid(case.name))
    if case.failure is not None:
        message, text = _replace_invalid(case.failure.message), _replace_invalid(case.failure.text)
        ElementTree.SubElement(element, "failure", type=case.failure.kind, message=message).text = text
    if case.skipped:
        ElementTree.SubElement(element, "skipped", message=_replace_invalid(case.skipped))
    return element


def _replace_invalid(text: str) -> str:
    return _NOT_XML.sub("?", text)
