"""The report for people, as text and as one HTML page on screen or paper; for machines, as JSON and JUnit cases."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from portero import __version__
from portero.decide.values.json_fields import JSON
from portero.decide.values.times import format_second
from portero.tools.report.benchmark_items import MET, UNDECIDED, ItemResult, Part
from portero.tools.report.compliance_evidence import RuleEvidence, count_decisions
from portero.tools.report.compliance_result import ComplianceResult
from portero.tools.report.log_violation import Outcome
from portero.tools.report.output_formats import Failure, JUnitCase, format_time, render_html

_INDENT = " " * 16


def list_lines(result: ComplianceResult) -> Iterator[str]:
    """All lines: what the report rests on, each item with its rules, the counts."""
    benchmark = result.benchmark
    yield f"{benchmark.name}, {benchmark.version}"
    yield from (f"{name:<7} {sentence}" for name, sentence in result.basis)
    yield from result.warnings
    width = max(len(each.item.id) for each in result.items)
    for each in result.sections:
        yield ""
        yield f"{each.section.id}  {each.section.title}"
        why = ""
        for item in each.items:
            yield f"{item.verdict:<15} {item.item.id:<{width}}  {item.item.title}"
            # One reason often counts for many items in a row.
            yield from (_INDENT + line for line in _list_details(item) if line != why)
            why = item.why
    yield ""
    yield result.summary


def describe_evidence(evidence: RuleEvidence) -> str:
    """What the log shows of a rule, in one line; empty for nothing."""
    shown = []
    for outcome, word in _WORDS.items():
        if count := evidence.counts[outcome]:
            latest = evidence.examples[outcome][-1]
            shown.append(f"{word} {count_decisions(count)}, the last {format_time(latest.time)} ({latest.id})")
    return "; ".join(shown)


def explain_part(part: Part) -> Iterator[str]:
    """Sentences that explain the state of a rule."""
    yield from part.notes
    if part.refused:
        yield f"denies {part.refused} of its {part.tried} bad examples"
    if part.evidence is not None and (shown := describe_evidence(part.evidence)):
        yield shown


_WORDS: Mapping[Outcome, str] = {
    "refused": "denied in",
    "would": "only reported, though it should deny, in",
    "stricter": "denied by the audit profile only in",
    "reported": "reported in",
    "waived": "waived in",
}


def _list_details(result: ItemResult) -> Iterator[str]:
    if result.why:
        yield result.why
    for part in result.parts:
        if part.needed and (part.state not in MET or (part.evidence is not None and part.evidence.counts)):
            yield ": ".join(filter(None, [f"{part.rule.id} {part.state}", "; ".join(explain_part(part))]))


_STYLES: Mapping[str, str] = {
    **dict.fromkeys(MET, "good"),
    **dict.fromkeys(("weakened", "reported", "unknown", "not checked"), "warn"),
    **dict.fromkeys(("no effect", "not enforced", "violated"), "bad"),
    **dict.fromkeys(UNDECIDED, "soft"),
}


def render_page(result: ComplianceResult) -> str:
    return render_html("tools/report/compliance_page.html", result=result, styles=_STYLES, evidence=describe_evidence)


def describe(result: ComplianceResult) -> dict[str, JSON]:
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
            "examples": [asdict(one) | {"time": format_second(one.time)} for one in evidence.examples[outcome]],
        }
        for outcome, count in evidence.counts.items()
    }
