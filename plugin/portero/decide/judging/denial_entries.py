"""The entries of a denial: violations with one cause are shown once, worst first.

Denying violations in; entries with their short texts out. What belongs together stands in the rule files (`denial`).
"""

import re
from collections.abc import Iterable, Sequence, Set

from portero.decide.decision import LEVELS, Violation
from portero.decide.policy.wording import WHOLE_HOST
from portero.decide.values.dataclass import dataclass
from portero.decide.values.denial_parts import Wording
from portero.decide.values.spelling import make_printable

# Where the whole request is refused, or what it is about: no user knows that as path.id.
OUTRIGHT = "operation"
_OF_WHOLE = frozenset({OUTRIGHT, "path.id", "?container"})
_MAX_AT_LENGTH = 120
_MAX_PLACES = 3
_MAX_CURES = 3
_TYPED = re.compile(r"-|docker |[a-z_]+:")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a denial shows under one name, of one violation or more. `solved`: rules whose remedy is left out."""

    name: str
    group: Sequence[Violation]
    dialect: str
    solved: Set[str]

    @property
    def text(self) -> str:
        """Its words; a denial without room for them names it only."""
        return _write_entry(self.group, self.dialect, self.solved)

    @property
    def is_left_open(self) -> bool:
        """Whether the try: line leaves something of it to be done."""
        return bool(self.solved) and any(violation.rule not in self.solved for violation in self.group)


def merge_violations(denials: Sequence[Violation], dialect: str, solved: Set[str] = frozenset()) -> list[Entry]:
    """The entries of these violations; the remedy is left out for rules that the try: line satisfies."""
    groups: dict[str, list[Violation]] = {}
    ranked = sorted(denials, key=_rank)
    for violation in _keep_worst_of_cause(ranked):
        groups.setdefault(_choose_wording(violation).entry, []).append(violation)
    # One rule alone goes by its name.
    return [
        Entry(entry if len({one.rule for one in group}) > 1 else group[0].rule, group, dialect, solved)
        for entry, group in groups.items()
    ]


def write_figures(violation: Violation) -> str:
    """What is requested and what is allowed; empty where the rule has no figures for it."""
    wording = _choose_wording(violation)
    return f"{wording.requested} asked, {wording.allowed} here" if wording.requested and wording.allowed else ""


def write_place(violation: Violation) -> str:
    """Where the violation is, and whose value it is when not the request's; empty where it is the whole request."""
    at = "" if violation.at in _OF_WHOLE else make_printable(violation.at)
    at = at if len(at) <= _MAX_AT_LENGTH else at[:_MAX_AT_LENGTH] + "..."
    return f"{at} (the daemon's default)" if at and violation.default else at


def is_whole_host(violation: Violation) -> bool:
    """Whether it is a mount of the root of the host."""
    return _choose_wording(violation).text == WHOLE_HOST


def _rank(violation: Violation) -> tuple[int, bool, bool, str, str]:
    return (
        *(LEVELS.index(violation.level), not violation.escapes, violation.at != OUTRIGHT),
        *(violation.rule, violation.at),
    )


# Rules about the host's parts have remedies for these parts alone.
_INSTEAD_OF_HOST = (
    "mount the folders that it needs instead, read-only. A monitor reads /proc and /sys by an exception "
    "(portero help recipes)"
)


def _keep_worst_of_cause(ranked: Sequence[Violation]) -> Iterable[Violation]:
    rules = {violation.rule for violation in ranked}
    shown: dict[tuple[str, str], str] = {}
    for violation in ranked:
        wording = _choose_wording(violation)
        if wording.beside in rules:
            continue
        if not wording.cause or shown.setdefault((wording.cause, violation.at), violation.rule) == violation.rule:
            yield violation


def _choose_wording(violation: Violation) -> Wording:
    return violation.wording or Wording(violation.rule)


def _write_entry(group: Sequence[Violation], dialect: str, solved: Set[str]) -> str:
    ordered = sorted(group, key=lambda violation: _choose_wording(violation).order)
    figures: list[str] = []
    others: list[Violation] = []
    for one in ordered:
        if figure := write_figures(one):
            figures.append(f"{write_place(one)}: {figure}")
        elif not _choose_wording(one).part:
            others.append(one)
    parts = _join_parts(ordered)
    sentences = [*([parts] if parts else []), *figures]
    if others:
        return "; ".join([*sentences, _write_others(others, dialect, solved)])
    cures = list(dict.fromkeys(choose_remedy(one, dialect) for one in ordered if one.rule not in solved))
    written = [_end_sentence(_capitalize(cure)) for cure in cures[:_MAX_CURES]]
    return " ".join([_end_sentence("; ".join(sentences)), *written])


def _join_parts(group: Iterable[Violation]) -> str:
    """no limit on memory, CPU; and so on for each beginning."""
    by_beginning: dict[str, dict[str, None]] = {}
    for violation in group:
        if (part := _choose_wording(violation).part) is not None:
            whose = " (the daemon's default)" if violation.default else ""
            by_beginning.setdefault(part[0], {})[part[1] + whose] = None
    return "; ".join(f"{beginning} {', '.join(parts)}" for beginning, parts in by_beginning.items())


def _write_others(group: Sequence[Violation], dialect: str, solved: Set[str]) -> str:
    """Where, what, why and what to do; several places of one rule together."""
    first = group[0]
    wording = _choose_wording(first)
    named = list(dict.fromkeys(_name_requested(violation) for violation in group))
    more = len(named) - _MAX_PLACES + sum(violation.more for violation in group)
    shown = ", ".join(named[:_MAX_PLACES]) + (f" and {more} more" if more > 0 else "")
    # A reason is a sentence already, and may begin with a name, which stays as it is.
    text = f"{shown}: {wording.text or first.reason}" if shown else _capitalize(wording.text) or first.reason
    cure = wording.cure.get(dialect) or wording.cure.get("docker", "")
    if not cure and first.rule not in solved:
        cure = _capitalize(_INSTEAD_OF_HOST if is_whole_host(first) else choose_remedy(first, dialect))
    return _end_sentence(text) + (f" {_end_sentence(cure)}" if cure else "")


def _name_requested(violation: Violation) -> str:
    requested, at = _choose_wording(violation).requested, write_place(violation)
    return f"{at} ({requested})" if requested and at else at or requested


def choose_remedy(violation: Violation, dialect: str) -> str:
    """The remedy for a user of docker or of compose."""
    return violation.remedy.get(dialect) or violation.remedy["docker"]


def _end_sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _capitalize(text: str) -> str:
    """As a sentence begins, but for a flag, a command or a key of a compose file, which is typed as it stands."""
    return text if _TYPED.match(text) else text[:1].upper() + text[1:]
