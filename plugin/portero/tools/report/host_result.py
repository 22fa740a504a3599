"""The result of a host check: as one value, as text, JSON, JUnit cases, SARIF, and one HTML page."""

import time
from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import quote

from portero.decide.policy.rule import Rule
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON
from portero.decide.values.times import format_instant
from portero.tools.hostcheck.fact import UNKNOWN
from portero.tools.hostcheck.host_rules import Finding, HostReport
from portero.tools.report.output_formats import Failure, JUnitCase, render_html
from portero.tools.report.sarif import choose_level, make_sarif_fingerprint, make_sarif_log, make_sarif_rule


@dataclass(frozen=True, slots=True)
class UnmetRule:
    """A rule that does not hold, with all its findings of one status."""

    rule: Rule
    status: str
    enforced: bool
    findings: tuple[Finding, ...]

    @property
    def places(self) -> list[str]:
        """Where the facts were read, with the value of a violated one."""
        return [
            f"{each.at} (is {each.value})" if each.status == "violated" and each.value else each.at
            for each in self.findings
        ]


@dataclass(frozen=True, slots=True)
class HostResult:
    """`rules`: all that exist, by ID; `document`: the host document; `warnings`: sentences that are no finding."""

    report: HostReport
    rules: Mapping[str, Rule]
    profile: str
    document: Mapping[str, JSON]
    warnings: tuple[str, ...]
    time: float = field(default_factory=time.time)

    @property
    def violated(self) -> list[UnmetRule]:
        """Each rule that does not hold once for each status, enforced ones first."""
        groups: dict[tuple[str, str], list[Finding]] = {}
        for each in self.report.findings:
            groups.setdefault((each.rule.id, each.status), []).append(each)
        firsts = ((group[0], tuple(sorted(group, key=lambda each: each.at))) for group in groups.values())
        return [UnmetRule(one.rule, one.status, one.action == "deny", group) for one, group in firsts]

    @property
    def counts(self) -> dict[str, int]:
        enforced = [each.status for each in self.violated if each.enforced]
        return {
            "violated": enforced.count("violated"),
            "unknown": enforced.count("unknown"),
            "only reported": len(self.violated) - len(enforced),
            "passed": len(self.report.held),
            "not applicable": len(self.report.not_applicable),
        }

    @property
    def summary(self) -> str:
        return f"profile {self.profile}: {', '.join(f'{number} {what}' for what, number in self.counts.items())}"

    @property
    def engine(self) -> str:
        daemon = cast("dict[str, dict[str, dict[str, JSON]]]", self.document)["daemon"]
        if daemon["installed"]["value"] is False:
            return "without Docker"
        version = daemon["version"]["value"]
        return "dockerd of unknown version" if version == UNKNOWN else f"dockerd {version}"


def list_lines(result: HostResult) -> Iterator[str]:
    """All lines, the warnings first: what and where, why, what to do; in brackets what is only reported."""
    yield from result.warnings
    for each in result.violated:
        status = each.status if each.enforced else f"({each.status})"
        yield f"{status:<10} {each.rule.id}: {', '.join(each.places)}"
        yield f"{'':<10} {each.rule.reason}"
        yield f"{'':<10} -> {each.rule.remedy['host']}"
    if result.report.not_applicable:
        yield f"Docker is not installed here: {len(result.report.not_applicable)} rules about it do not apply"
    yield from list_waiting(result)
    yield result.summary


def list_waiting(result: HostResult) -> Iterator[str]:
    by_needed: dict[str, list[str]] = {}
    for id, needed in result.report.waiting.items():
        by_needed.setdefault(needed, []).append(id)
    for needed, ids in by_needed.items():
        yield f"checked once {needed} holds: {', '.join(sorted(ids))}"


def explain(violated: UnmetRule) -> str:
    rule = violated.rule
    return f"{', '.join(violated.places)}: {rule.reason} -> {rule.remedy['host']}"


def describe(result: HostResult) -> dict[str, JSON]:
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
    """SARIF: a result for each place, a note unless the profile enforces the rule."""
    rules = sorted(result.rules.values(), key=lambda rule: rule.id)
    index = {rule.id: position for position, rule in enumerate(rules)}
    return make_sarif_log(
        [make_sarif_rule(rule.id, rule.title, rule.reason, rule.remedy, rule.level) for rule in rules],
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
    # A place is a path, followed by what in it was value, or a command; an answer of dockerd is in no file.
    path = finding.at.split(",")[0].split(" ")[0]
    uri = quote(path.lstrip("/")) if path.startswith("/") else "host"
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": choose_level(finding.rule.level, refuses=finding.action == "deny"),
        "message": {"text": f"{finding.at}{value}: {finding.rule.reason} -> {finding.rule.remedy['host']}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": uri}},
                "logicalLocations": [{"fullyQualifiedName": finding.at}],
            }
        ],
        "partialFingerprints": make_sarif_fingerprint(finding.rule.id, finding.at),
    }


def render_page(result: HostResult) -> str:
    violated = result.violated
    return render_html(
        "tools/report/host_page.html",
        result=result,
        enforced=[each for each in violated if each.enforced],
        reported=[each for each in violated if not each.enforced],
        held=[result.rules[id] for id in result.report.held],
        waiting=list_waiting(result),
    )
