"""The report for people: as text, and as one HTML page for the screen and on paper."""

from collections.abc import Iterator, Mapping

from portero.compliance.log_evidence import RuleEvidence, count_decisions
from portero.compliance.result import ComplianceResult
from portero.compliance.verdict import MET, ItemResult, Part
from portero.report import html
from portero.report.html import when
from portero.report.log_violation import Outcome

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
            shown.append(f"{word} {count_decisions(count)}, the last {when(latest.time)} ({latest.id})")
    return "; ".join(shown)


def explain_part(part: Part) -> Iterator[str]:
    """Sentences that explain the state of a rule."""
    yield from part.notes
    if part.refused:
        yield f"refuses {part.refused} of its {part.tried} bad examples"
    if part.evidence is not None and (shown := describe_evidence(part.evidence)):
        yield shown


_WORDS: Mapping[Outcome, str] = {
    "refused": "refused in",
    "would": "only reported, though it should refuse, in",
    "stricter": "refused by the audit profile only in",
    "reported": "reported in",
    "waived": "waived in",
}


def _list_details(result: ItemResult) -> Iterator[str]:
    if result.why:
        yield result.why
    for part in result.parts:
        if part.needed and (part.state not in MET or (part.evidence is not None and part.evidence.counts)):
            yield ": ".join(filter(None, [f"{part.rule.id} {part.state}", "; ".join(explain_part(part))]))


_STYLES = {
    "enforced": "good",
    "holds": "good",
    "weakened": "warn",
    "reported": "warn",
    "unknown": "warn",
    "not checked": "warn",
    "no effect": "bad",
    "not enforced": "bad",
    "violated": "bad",
    "not decidable": "soft",
    "not applicable": "soft",
}


def render_page(result: ComplianceResult) -> str:
    """The whole page."""
    return html.render("compliance/page.html", result=result, styles=_STYLES, evidence=describe_evidence)
