"""The formats of reports: JUnit XML, and HTML pages that need nothing else.

JUnit has a test case for each thing that was judged, failed when it is refused or violated. A page has no script and no
other file; all text is escaped, and base.html has the common style.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from xml.etree import ElementTree

from portero.decide.decision import Decision
from portero.decide.judging import denial
from portero.decide.values.dataclass import dataclass
from portero.tools.recording.request_files import DecidedRequest

# What XML 1.0 cannot hold (section 2.2); `at` may hold it, in the name of an unknown field.
NOTHING_UNREAD: Mapping[str, str] = MappingProxyType({})
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a case failed: one word for machines, one line, the whole text."""

    kind: str
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class JUnitCase:
    """One test case. `skipped`, `error`: why nothing was judged, or could not be; empty for what was."""

    group: str
    name: str
    failure: Failure | None
    skipped: str = ""
    error: str = ""


def write_junit_decisions(checked: Sequence[DecidedRequest], unread: Mapping[str, str] = NOTHING_UNREAD) -> str:
    """`unread`: why a file could not be judged."""
    cases = [JUnitCase(file, file, None, error=why) for file, why in unread.items()]
    for each in checked:
        name = f"{each.request.location}: {each.decision.subject.operation or 'unreadable'}"
        cases.append(JUnitCase(each.request.file, name, describe_refusal(each.decision)))
    return write_junit(cases)


def write_junit(cases: Sequence[JUnitCase]) -> str:
    failed = sum(case.failure is not None for case in cases)
    skipped = sum(case.skipped != "" for case in cases)
    errors = sum(case.error != "" for case in cases)
    counts = {"tests": len(cases), "failures": failed, "errors": errors, "skipped": skipped}
    suites = ElementTree.Element("testsuites")
    written = {name: str(count) for name, count in counts.items()}
    ElementTree.SubElement(suites, "testsuite", {"name": "portero", **written}).extend(map(_make_element, cases))
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)


def describe_refusal(decision: Decision) -> Failure | None:
    if decision.allowed:
        return None
    rules = ", ".join(dict.fromkeys(each.rule for each in decision.denials))
    return Failure("refused", rules, "\n".join(denial.list_reasons(decision)))


def _make_element(case: JUnitCase) -> ElementTree.Element:
    element = ElementTree.Element("testcase", classname=_replace_invalid(case.group), name=_replace_invalid(case.name))
    if case.failure is not None:
        message, text = _replace_invalid(case.failure.message), _replace_invalid(case.failure.text)
        ElementTree.SubElement(element, "failure", type=case.failure.kind, message=message).text = text
    for outcome, why in (("skipped", case.skipped), ("error", case.error)):
        if why:
            ElementTree.SubElement(element, outcome, message=_replace_invalid(why))
    return element


def _replace_invalid(text: str) -> str:
    return _NOT_XML.sub("?", text)


def render_html(template: str, **values: object) -> str:
    """The page that the template makes of these values; named by its folder in the package: tools/scan/page.html."""
    # Imported only when wanted: the template engine would slow down every other format.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("portero", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["when"] = format_time
    return environment.get_template(template).render(values)


def format_time(seconds: float) -> str:
    """A time for people, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
