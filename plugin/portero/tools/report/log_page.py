"""The sums over a log as one HTML page, with the texts of rules and refusal codes in the current policy."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from portero.decide.policy.policy import Policy
from portero.decide.policy.wording import name_facts
from portero.decide.values.dataclass import dataclass
from portero.decide.values.refusals import CODES
from portero.tools.report.log_lines import LoggedDecision
from portero.tools.report.log_tally import GROUPS, RuleTally, Table, Tally
from portero.tools.report.output_formats import format_time, render_html


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """Title, reason and remedies of one rule or code."""

    title: str
    reason: str
    remedy: Mapping[str, str]
    sources: tuple[str, ...] = ()


def find_texts(name: str, policy: Policy) -> RuleTexts | None:
    """None where the policy no longer has the rule."""
    rule = policy.rules.get(name)
    if rule is not None:
        return RuleTexts(rule.title, name_facts(rule.reason), rule.remedy, rule.sources)
    code = CODES.get(name)
    return None if code is None else RuleTexts(code.title, code.reason, {"docker": code.remedy})


_MAX_ROWS = 12
_MAX_LOCATIONS = 6
_MAX_SUGGESTED = 300
_HEIGHT = 100
_ALL = ("refused", "would", "allowed")


@dataclass(frozen=True, slots=True)
class Row:
    """A name and its counts, and how long its bars are, in percent of the longest."""

    name: str
    counts: Counter[str]
    refused: float
    would: float


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule's row with its texts, where it was violated, and its latest decisions."""

    row: Row
    level: str
    words: RuleTexts | None
    places: Sequence[tuple[str, int]]
    latest: Sequence[LoggedDecision]


def render_page(
    tally: Tally,
    words: Callable[[str], RuleTexts | None],
    files: Sequence[str],
    now: float,
    suggested: Sequence[str] = (),
) -> str:
    """The whole page. `suggested`: lines that say what would have made the refused requests legal."""
    rules, each = _list_rules(tally, words), f"per {tally.timeline.words}"
    plots = {f"Denied and would-be denied, {each}": ("refused", "would"), f"All decisions, {each}": _ALL}
    return render_html(
        "tools/report/log_page.html",
        tally=tally,
        files=files,
        now=now,
        plots=[_make_plot(tally, title, outcomes) for title, outcomes in plots.items()],
        rules=[part for part in rules if part.row.counts.total() > part.row.counts["stricter"]],
        stricter=[part for part in rules if part.row.counts["stricter"]],
        groups=[(group, _select_rows(tally.by[group])) for group in GROUPS],
        latest=sorted(tally.latest, key=lambda one: one.time, reverse=True),
        exceptions=[(name, counts["waived"]) for name, counts in tally.exceptions.rank_names()],
        suggested=[*suggested[:_MAX_SUGGESTED], *(["..."] if len(suggested) > _MAX_SUGGESTED else [])],
        policies=len(tally.policies.rank_names()),
    )


def _list_rules(tally: Tally, words: Callable[[str], RuleTexts | None]) -> list[RuleRow]:
    ranked = tally.by_rule.rank_names()
    return [
        _make_row(row, tally.rules.get(row.name) or RuleTally("", Table(0)), words(row.name))
        for row in _make_rows(ranked, len(ranked))
    ]


def _make_row(row: Row, tally: RuleTally, words: RuleTexts | None) -> RuleRow:
    places = [(place, counts.total()) for place, counts in tally.places.rank_names() if place][:_MAX_LOCATIONS]
    return RuleRow(row, tally.level, words, places, [*reversed(tally.latest)])


def _select_rows(table: Table) -> Mapping[str, object]:
    ranked = [(name, counts) for name, counts in table.rank_names() if counts["refused"] or counts["would"]]
    return {"rows": _make_rows(ranked, _MAX_ROWS), "more": max(0, len(ranked) - _MAX_ROWS)}


def _make_rows(ranked: Sequence[tuple[str, Counter[str]]], maximum: int) -> list[Row]:
    maximum_count = max((counts["refused"] + counts["would"] for _, counts in ranked), default=0) or 1
    return [
        Row(name, counts, 100 * counts["refused"] / maximum_count, 100 * counts["would"] / maximum_count)
        for name, counts in ranked[:maximum]
    ]


def _make_plot(tally: Tally, title: str, outcomes: Sequence[str]) -> Mapping[str, object]:
    """Bars over time: their places from the left, their parts from the top; what the highest of them stands for."""
    steps = list(tally.timeline.steps())
    maximum = max((sum(step.counts[outcome] for outcome in outcomes) for step in steps), default=0)
    bars = [
        {
            "left": left,
            "start": format_time(step.start),
            "counts": step.counts,
            "parts": [*_stack_outcomes(step.counts, outcomes, maximum or 1)],
        }
        for left, step in enumerate(steps)
    ]
    return {"title": title, "maximum": maximum, "bars": bars, "outcomes": outcomes}


def _stack_outcomes(counts: Counter[str], outcomes: Sequence[str], maximum: int) -> Iterator[tuple[str, float, float]]:
    """Each part's outcome, top and height, the first lowest."""
    top = float(_HEIGHT)
    for outcome in outcomes:
        height = _HEIGHT * counts[outcome] / maximum
        top -= height
        if height:
            yield outcome, round(top, 2), round(height, 2)
