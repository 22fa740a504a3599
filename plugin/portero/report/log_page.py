"""The sums over a log as one HTML page that needs nothing else, no script and no other file. All text is escaped.

The texts of a rule or a refusal code in the current policy.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from portero.policy.policy import Policy
from portero.refusals import CODES
from portero.report import html
from portero.report.log_lines import Logged
from portero.report.log_tally import GROUPS, OfRule, Table, Tally


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
        return RuleTexts(rule.title, rule.reason, rule.remedy, rule.sources)
    code = CODES.get(name)
    return None if code is None else RuleTexts(code.title, code.reason, {"docker": code.remedy})


_MOST_ROWS = 12
_MOST_PLACES = 6
_MOST_SUGGESTED = 300
_HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A name and its counts, and how long its bars are, in percent of the longest."""

    name: str
    counts: Counter[str]
    refused: float
    would: float


@dataclass(frozen=True, slots=True)
class Rows:
    """The first rows of a table, and how many names are left out."""

    rows: Sequence[Row]
    more: int


@dataclass(frozen=True, slots=True)
class RulePart:
    """A rule's row with its texts, where it was violated, and its latest decisions."""

    row: Row
    level: str
    words: RuleTexts | None
    places: Sequence[tuple[str, int]]
    latest: Sequence[Logged]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a plot: its place from the left, and where its parts begin and end, from the top."""

    left: int
    start: str
    counts: Counter[str]
    parts: Sequence[tuple[str, float, float]]


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars over time. `most`: what the highest of them stands for."""

    title: str
    most: int
    bars: Sequence[Bar]
    outcomes: Sequence[str]


def page(
    tally: Tally,
    words: Callable[[str], RuleTexts | None],
    files: Sequence[str],
    now: float,
    suggested: Sequence[str] = (),
) -> str:
    """The whole page. `suggested`: lines that say what would have made the refused requests legal."""
    rules = _rules(tally, words)
    return html.render(
        "report/log_page.html",
        tally=tally,
        files=files,
        now=now,
        plots=list(_plots(tally)),
        rules=[part for part in rules if part.row.counts.total() > part.row.counts["stricter"]],
        stricter=[part for part in rules if part.row.counts["stricter"]],
        groups=[(group, _rows(tally.by[group])) for group in GROUPS],
        latest=sorted(tally.latest, key=lambda one: one.time, reverse=True),
        exceptions=[(name, counts["waived"]) for name, counts in tally.exceptions.ranked()],
        suggested=[*suggested[:_MOST_SUGGESTED], *(["..."] if len(suggested) > _MOST_SUGGESTED else [])],
        policies=len(tally.policies.ranked()),
    )


def _rules(tally: Tally, words: Callable[[str], RuleTexts | None]) -> list[RulePart]:
    ranked = tally.by_rule.ranked()
    return [
        _part(row, tally.rules.get(row.name) or OfRule("", Table(0)), words(row.name))
        for row in _scaled(ranked, len(ranked))
    ]


def _part(row: Row, known: OfRule, words: RuleTexts | None) -> RulePart:
    places = [(place, counts.total()) for place, counts in known.places.ranked() if place][:_MOST_PLACES]
    return RulePart(row, known.level, words, places, [*reversed(known.latest)])


def _rows(table: Table) -> Rows:
    """Only names with denials or would-be denials."""
    ranked = [(name, counts) for name, counts in table.ranked() if counts["refused"] or counts["would"]]
    return Rows(_scaled(ranked, _MOST_ROWS), max(0, len(ranked) - _MOST_ROWS))


def _scaled(ranked: Sequence[tuple[str, Counter[str]]], most: int) -> list[Row]:
    longest = max((counts["refused"] + counts["would"] for _, counts in ranked), default=0) or 1
    return [
        Row(name, counts, 100 * counts["refused"] / longest, 100 * counts["would"] / longest)
        for name, counts in ranked[:most]
    ]


def _plots(tally: Tally) -> Iterator[Plot]:
    each = f"per {tally.timeline.words}"
    yield _plot(tally, f"Refused and would-be refused, {each}", ("refused", "would"))
    yield _plot(tally, f"All decisions, {each}", ("refused", "would", "allowed"))


def _plot(tally: Tally, title: str, outcomes: Sequence[str]) -> Plot:
    steps = list(tally.timeline.steps())
    most = max((sum(step.counts[outcome] for outcome in outcomes) for step in steps), default=0)
    bars = [
        Bar(left, html.when(step.start), step.counts, list(_stacked(step.counts, outcomes, most or 1)))
        for left, step in enumerate(steps)
    ]
    return Plot(title, most, bars, outcomes)


def _stacked(counts: Counter[str], outcomes: Sequence[str], most: int) -> Iterator[tuple[str, float, float]]:
    """Each part's outcome, top and height, the first lowest."""
    top = float(_HEIGHT)
    for outcome in outcomes:
        height = _HEIGHT * counts[outcome] / most
        top -= height
        if height:
            yield outcome, round(top, 2), round(height, 2)
