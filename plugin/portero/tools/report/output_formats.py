"""The formats of reports: JUnit XML, SARIF 2.1.0, and HTML pages that need nothing else.

JUnit has a test case for each thing that was judged, failed when it is refused or violated. SARIF has one run, a rule
for each rule of the policy and each refusal code that occurs, a result for each violation. A page has no script and no
other file; all text is escaped, and base.html has the common style.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import quote
from xml.etree import ElementTree

from portero import __version__
from portero.decide.decision import Decision, Violation
from portero.decide.judging import denial
from portero.decide.policy.policy import Policy
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import CODES
from portero.tools.recording.request_files import DecidedRequest, FileRequest

# What XML 1.0 cannot hold (section 2.2); `at` may hold it, in the name of an unknown field.
_NOTHING: Mapping[str, str] = MappingProxyType({})
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


def write_junit_decisions(checked: Sequence[DecidedRequest], unread: Mapping[str, str] = _NOTHING) -> str:
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
    suite = ElementTree.Element(
        "testsuite",
        name="portero",
        tests=str(len(cases)),
        failures=str(failed),
        errors=str(errors),
        skipped=str(skipped),
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


VERSION = "2.1.0"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# The project has no site; a name is a URI too.
_INFORMATION = "urn:portero"
_LEVELS = {"deny": "error", "audit": "note"}


def make_sarif_of_decisions(
    checked: Sequence[DecidedRequest], policy: Policy, unread: Mapping[str, str] = _NOTHING
) -> dict[str, JSON]:
    """The log of one run about decisions. A violation that an exception waives is a suppressed result.

    `unread`: why a file could not be judged.
    """
    violations = [(each, violation) for each in checked for violation in each.decision.violations]
    rules = _list_rules(policy, {violation.rule for _, violation in violations})
    index = {str(rule["id"]): index for index, rule in enumerate(rules)}
    results = [_describe_violation(each, violation, index) for each, violation in violations]
    return make_sarif_log(rules, results, unread)


def make_sarif_log(
    rules: Sequence[Mapping[str, JSON]], results: Sequence[JSON], unread: Mapping[str, str] = _NOTHING
) -> dict[str, JSON]:
    """The log of one run with these rules (see `rule`) and results; `unread`: files without any, and why."""
    driver: dict[str, JSON] = {
        "name": "portero",
        "version": __version__,
        "informationUri": _INFORMATION,
        "rules": [dict(rule) for rule in rules],
    }
    run: dict[str, JSON] = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [*results]}
    if unread:
        notifications: list[JSON] = [
            {
                "level": "error",
                "message": {"text": why},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(file)}}}],
            }
            for file, why in unread.items()
        ]
        run["invocations"] = [{"executionSuccessful": False, "toolExecutionNotifications": notifications}]
    return {"$schema": _SCHEMA, "version": VERSION, "runs": [run]}


def make_sarif_rule(id: str, title: str, reason: str, remedy: Mapping[str, str], level: str) -> dict[str, JSON]:
    return {
        "id": id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": reason},
        "help": {"text": "\n".join(f"{client}: {words}" for client, words in remedy.items())},
        "properties": {"tags": ["security", level]},
    }


def make_sarif_fingerprint(*parts: str) -> dict[str, JSON]:
    """The same for the same finding, whatever moves around it."""
    return {"portero/v1": hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()}


def _list_rules(policy: Policy, occurring: Iterable[str]) -> list[dict[str, JSON]]:
    rules = [
        make_sarif_rule(each.id, each.title, each.reason, each.remedy, each.level)
        for each in sorted(policy.rules.values(), key=lambda each: each.id)
    ]
    codes = ((id, CODES[id]) for id in sorted(set(occurring) & CODES.keys()))
    return rules + [
        make_sarif_rule(id, code.title, code.reason, {"docker": code.remedy}, "always") for id, code in codes
    ]


def _describe_violation(checked: DecidedRequest, violation: Violation, index: Mapping[str, int]) -> JSON:
    request, dialect = checked.request, checked.decision.dialect
    result: dict[str, JSON] = {
        "ruleId": violation.rule,
        "ruleIndex": index[violation.rule],
        "level": _LEVELS.get(violation.action, "note"),
        "message": {"text": denial.write_sentence(violation, dialect)},
        "locations": [_locate(request, violation)],
        "partialFingerprints": make_sarif_fingerprint(
            request.file, request.name, checked.decision.subject.operation, violation.rule, violation.at
        ),
    }
    if violation.action == "waived":
        result["suppressions"] = [{"kind": "external"}]
    return result


def _locate(request: FileRequest, violation: Violation) -> JSON:
    path, line = request.locate(violation.at)
    file: dict[str, JSON] = {"artifactLocation": {"uri": quote(path)}}
    if line is not None:
        file["region"] = {"startLine": line}
    name = " ".join(part for part in (request.name, violation.at) if part)
    logical: list[JSON] = [{"fullyQualifiedName": name}] if name else []
    return {"physicalLocation": file, "logicalLocations": logical}


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
