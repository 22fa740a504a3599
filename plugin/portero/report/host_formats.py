"""The result of a host check as JSON, JUnit cases, SARIF, and one HTML page."""

from urllib.parse import quote

from portero.hostcheck.findings import Finding
from portero.report import html, sarif
from portero.report.host_result import HostResult, explain, list_waiting
from portero.report.junit import Failure, JUnitCase
from portero.values.json_types import JSON
from portero.values.times import format_instant

# The file in SARIF of a fact that is in no file, such as an answer of dockerd.
_NO_FILE = "host"


def describe(result: HostResult) -> dict[str, JSON]:
    """The whole result, with an entry for each place."""
    return {
        "time": format_instant(result.time),
        "profile": result.profile,
        "clean": result.report.clean,
        "summary": dict[str, JSON](result.counts),
        "findings": [_describe_finding(finding) for finding in result.report.findings],
        "passed": [*result.report.held],
        "notApplicable": [*result.report.not_applicable],
        "waiting": dict[str, JSON](result.report.waiting),
        "warnings": [*result.warnings],
        "host": dict(result.document),
    }


def list_cases(result: HostResult) -> list[JUnitCase]:
    """A case for each rule that applies, failed where the profile enforces it and it does not hold."""
    failed = [
        JUnitCase(
            each.rule.topic,
            each.rule.id,
            Failure(each.status, each.rule.title, explain(each)) if each.enforced else None,
        )
        for each in result.violated
    ]
    held = [JUnitCase(result.rules[id].topic, id, None) for id in result.report.held]
    return failed + held


def make_sarif(result: HostResult) -> dict[str, JSON]:
    """SARIF: a result for each place, an error where the profile enforces the rule, otherwise a note."""
    rules = sorted(result.rules.values(), key=lambda rule: rule.id)
    index = {rule.id: position for position, rule in enumerate(rules)}
    return sarif.make_log(
        [sarif.make_rule(rule.id, rule.title, rule.reason, rule.remedy, rule.level) for rule in rules],
        [_make_sarif_result(finding, index[finding.rule.id]) for finding in result.report.findings],
    )


def _describe_finding(finding: Finding) -> JSON:
    return {
        "rule": finding.rule.id,
        "level": finding.rule.level,
        "status": finding.status,
        "action": finding.action,
        "at": finding.at,
        "reason": finding.rule.reason,
        "remedy": finding.rule.remedy["host"],
        "sources": [*finding.rule.sources],
    }


def _make_sarif_result(finding: Finding, index: int) -> JSON:
    value = f" is {finding.value}" if finding.status == "violated" and finding.value else f" is {finding.status}"
    # A place is a path, followed by what in it was value, or a command.
    path = finding.at.split(",")[0].split(" ")[0]
    uri = quote(path.lstrip("/")) if path.startswith("/") else _NO_FILE
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": "error" if finding.action == "deny" else "note",
        "message": {"text": f"{finding.at}{value}: {finding.rule.reason} -> {finding.rule.remedy['host']}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": uri}},
                "logicalLocations": [{"fullyQualifiedName": finding.at}],
            }
        ],
        "partialFingerprints": sarif.make_fingerprint(finding.rule.id, finding.at),
    }


def render_page(result: HostResult) -> str:
    """The whole page."""
    violated = result.violated
    return html.render(
        "report/host_page.html",
        result=result,
        enforced=[each for each in violated if each.enforced],
        reported=[each for each in violated if not each.enforced],
        held=[result.rules[id] for id in result.report.held],
        waiting=list_waiting(result),
    )
