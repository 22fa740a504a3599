"""JUnit XML: a test case for each thing that was judged, failed when it would be refused."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from portero import reply
from portero.formats.checked import Checked

# What XML 1.0 cannot hold (section 2.2); a place may hold it, as the name of an unknown field does.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(checked: Sequence[Checked]) -> str:
    """The whole file."""
    failed = sum(not each.decision.allowed for each in checked)
    suite = ElementTree.Element(
        "testsuite", name="portero", tests=str(len(checked)), failures=str(failed), errors="0", skipped="0"
    )
    for each in checked:
        suite.append(_case(each))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)


def _case(checked: Checked) -> ElementTree.Element:
    operation = checked.decision.subject.operation or "unreadable"
    name = f"{checked.place}: {operation}"
    case = ElementTree.Element("testcase", classname=_plain(checked.file), name=_plain(name))
    if checked.decision.allowed:
        return case
    denials = [violation for violation in checked.decision.violations if violation.action == "deny"]
    rules = ", ".join(dict.fromkeys(violation.rule for violation in denials))
    failure = ElementTree.SubElement(case, "failure", type="refused", message=rules)
    failure.text = _plain(reply.text(checked.decision))
    return case


def _plain(text: str) -> str:
    return _NOT_XML.sub("?", text)
