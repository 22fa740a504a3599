"""What a refused user may try instead: the proposals of all violated rules in one command.

A request document and its denials in; a changed request and its changes as flags out. The judge shows a suggestion
only after it has judged the changed request: what then still refuses must be a rule that proposes nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from portero.decide.decision import LEVELS, Violation
from portero.decide.flags.docker import Spelling, find_spelling
from portero.decide.flags.edits import Change, Document, Entries, SetField, Violated
from portero.decide.flags.try_keyword import Proposal, find_fact, find_flag
from portero.decide.judging.subject import find_stack
from portero.decide.judging.try_line import FlagChanges
from portero.decide.policy.at import find_failure
from portero.decide.policy.policy import Policy
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import child, text

# A request that is refused at more places gets no suggestion.
MAX_DENIALS = 48
# Where a rule fails that refuses the operation outright: no flag helps.
_OUTRIGHT = re.compile(r"operation|facts\.build.*|\?version|path\..*")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`document`: the changed request, its facts those of the old one. `unsolved`: the rules that propose nothing."""

    document: Document
    changes: FlagChanges
    unsolved: frozenset[str]


def suggest(
    document: Document, denials: Sequence[Violation], policy: Policy, *, gently: bool = True
) -> Suggestion | None:
    """The suggestion for a request with these denials; None when no flag helps.

    `gently`: mounts become read-only or private where that satisfies the rules, else they are dropped.
    """
    if len(denials) > MAX_DENIALS or any(_OUTRIGHT.fullmatch(violation.at) for violation in denials):
        return None
    draft = _Draft(document, dict(document), gently=gently)
    # In the order in which the denial shows them: the flags then stand in the order of the words.
    shown = sorted(denials, key=lambda one: (LEVELS.index(one.level), one.wording.order if one.wording else 0))
    proposals = [(violation, policy.proposal(violation.rule)) for violation in shown]
    usable = [(violation, proposal) for violation, proposal in proposals if proposal is not None]
    draft.change_mounts(usable)
    draft.drop(usable)
    draft.add(usable)
    if not draft.changes:
        return None
    return Suggestion(draft.document, draft.changes, frozenset(one.rule for one, _ in proposals) - draft.solving)


@dataclass(slots=True)
class _Draft:
    """A request that is changed, with the flags for it and the rules that they are for."""

    original: Document
    document: Document
    gently: bool
    operation: str = field(init=False)
    changes: FlagChanges = field(init=False)
    solving: set[str] = field(default_factory=set)
    changed_places: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Whose flags count: a stack that is deployed again has all keys of its file, and not those of an update.
        self.operation = "ServiceCreate" if find_stack(self.document) else str(self.document["operation"])
        self.changes = FlagChanges(self.operation)

    def change_mounts(self, proposals: Sequence[tuple[Violation, Proposal]]) -> None:
        """Change the mounts for which every violated rule proposes a change."""
        stuck = {violation.at for violation, proposal in proposals if not proposal.change or not self.gently}
        for flag, spelt in self._list_spellings(("--volume", "--mount")):
            if not isinstance(spelt.edit, Entries):
                continue
            for violation, proposal in proposals:
                for how in proposal.change if violation.at not in stuck else ():
                    change = spelt.edit.change(self.document, how, Violated([violation.at]))
                    self._note([violation], flag, change)
                    self.changed_places |= {violation.at} if change.added else set()

    def drop(self, proposals: Sequence[tuple[Violation, Proposal]]) -> None:
        """Drop what the rules want dropped, in one go for each flag: places count from the request as it is."""
        wanted: dict[str, list[Violation]] = {}
        for violation, proposal in proposals:
            if violation.at in self.changed_places:
                self.solving.add(violation.rule)
                continue
            for flag in proposal.drop:
                wanted.setdefault(flag, []).append(violation)
        for flag, spelt in self._list_spellings(wanted):
            change = spelt.edit.drop(self.document, _describe_violated(self.original, wanted[flag]))
            self._note(wanted[flag], flag, change)

    def add(self, proposals: Sequence[tuple[Violation, Proposal]]) -> None:
        """Add the flags, those last whose value is that of another flag."""
        wanted = [(violation, flag, value) for violation, proposal in proposals for flag, value in proposal.add]
        taken: dict[tuple[str, str], str] = {}
        for violation, flag, value in sorted(wanted, key=lambda one: bool(find_flag(one[2]))):
            spelt = find_spelling(self.operation, flag)
            if spelt is None:
                continue
            meant = self._find_value(find_flag(value)) if find_flag(value) else value
            if name := find_fact(value):
                meant = _find_at(self.original, violation.at, name)
            # Of two values for one field the first one stays: that of the worse level.
            key = (flag, "" if isinstance(spelt.edit, SetField) else meant)
            if (meant or not value) and taken.setdefault(key, meant) == meant:
                change = spelt.edit.add(self.document, meant, _describe_violated(self.original, [violation]))
                self._note([violation], flag, change)
            if taken.get(key) == meant:
                self.solving.add(violation.rule)

    def _find_value(self, flag: str) -> str:
        spelt = find_spelling(self.operation, flag)
        return spelt.edit.typed_value(self.document) if spelt is not None and isinstance(spelt.edit, SetField) else ""

    def _list_spellings(self, flags: Iterable[str]) -> Iterator[tuple[str, Spelling]]:
        return ((flag, spelt) for flag in flags if (spelt := find_spelling(self.operation, flag)) is not None)

    def _note(self, violations: Iterable[Violation], flag: str, change: Change) -> None:
        if change.added or change.removed or change.others:
            self.solving.update(violation.rule for violation in violations)
            self.changes.note(flag, change)


def _describe_violated(document: Document, violations: Sequence[Violation]) -> Violated:
    facts = (find_failure(document, path)[3] for violation in violations for path in violation.paths)
    return Violated([violation.at for violation in violations], facts)


def _find_at(document: Document, at: str, name: str) -> str:
    """A value of the fact about existing objects that is at this place; empty: none has it."""
    listed = (fact for part in child(document, "objects").values() if isinstance(part, list) for fact in part)
    return next((text(fact, name) for fact in listed if isinstance(fact, dict) and fact.get("at") == at), "")
