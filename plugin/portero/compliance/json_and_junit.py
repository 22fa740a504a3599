"""The report for machines: JSON, and JUnit cases for CI."""

from portero import __version__
from portero.compliance.html_and_text import explain_part
from portero.compliance.log_evidence import RuleEvidence
from portero.compliance.result import ComplianceResult
from portero.compliance.verdict import MET, UNDECIDED, ItemResult, Part
from portero.report.junit import Failure, JUnitCase
from portero.values.json_types import JSON
from portero.values.times import format_second


def describe(result: ComplianceResult) -> dict[str, JSON]:
    """The whole report."""
    log, host, benchmark = result.grounds.log, result.grounds.host, result.benchmark
    return {
        "benchmark": benchmark.key,
        "name": benchmark.name,
        "version": benchmark.version,
        "source": benchmark.source,
        "portero": __version__,
        "time": format_second(result.time),
        "policy": result.grounds.policy.digest,
        "profile": result.profile,
        "mode": result.mode,
        "log": None
        if log is None or not log.decisions
        else {
            "files": [*result.files],
            "decisions": log.decisions,
            "first": format_second(log.first),
            "last": format_second(log.last),
            "profiles": {**log.profiles},
            "inModeAudit": log.audited,
            "underAnotherPolicy": log.elsewhere,
            "brokeGlass": log.broke_glass,
            "unreadableLines": log.unreadable,
        },
        "host": None if host is None else {"time": host.time, "profile": host.profile},
        "warnings": [*result.warnings],
        "summary": {str(verdict): count for verdict, count in result.counts.items()},
        "clean": not result.open_items,
        "items": [_describe_item(each) for each in result.items],
        "outside": {why: [*rules] for why, rules in benchmark.outside.items()},
    }


def list_cases(result: ComplianceResult) -> list[JUnitCase]:
    """A case for each item: failed where it is not met, skipped where Portero cannot decide it."""
    return [
        _make_case(f"{result.benchmark.key} {each.section.id} {each.section.title}", item)
        for each in result.sections
        for item in each.items
    ]


def _make_case(group: str, result: ItemResult) -> JUnitCase:
    name = f"{result.item.id} {result.item.title}"
    if result.verdict in UNDECIDED:
        return JUnitCase(group, name, None, skipped=f"{result.verdict}: {result.why}")
    if result.verdict in MET:
        return JUnitCase(group, name, None)
    unmet = [part for part in result.parts if part.needed and part.state not in MET]
    text = "\n".join(": ".join([f"{part.rule.id} {part.state}", *explain_part(part)]) for part in unmet)
    return JUnitCase(group, name, Failure(result.verdict, ", ".join(part.rule.id for part in unmet), text))


def _describe_item(result: ItemResult) -> JSON:
    item = result.item
    entry: dict[str, JSON] = {
        "id": item.id,
        "title": item.title,
        "verdict": result.verdict,
        "dockerBench": [*result.checks],
        "rules": [_describe_part(part) for part in result.parts],
    }
    texts = {"risk": item.risk, "remark": item.remark, "why": result.why}
    return entry | {name: text for name, text in texts.items() if text}


def _describe_part(part: Part) -> JSON:
    entry: dict[str, JSON] = {
        "rule": part.rule.id,
        "about": part.about,
        "needed": part.needed,
        "level": part.rule.level,
        "state": part.state,
        "notes": [*part.notes],
    }
    if part.tried:
        entry["badExamples"] = {"refused": part.refused, "tried": part.tried}
    if part.evidence is not None and part.evidence.counts:
        entry["log"] = _describe_log(part.evidence)
    return entry


def _describe_log(evidence: RuleEvidence) -> JSON:
    return {
        outcome: {
            "decisions": count,
            "first": format_second(evidence.first[outcome]),
            "last": format_second(evidence.last[outcome]),
            "examples": [
                {
                    "id": one.id,
                    "time": format_second(one.time),
                    "user": one.user,
                    "operation": one.operation,
                    "at": one.at,
                }
                for one in evidence.examples[outcome]
            ],
        }
        for outcome, count in evidence.counts.items()
    }
