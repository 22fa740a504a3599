"""Adds up refused requests, one at a time: what would allow each, and what would not.

A request from a recording has its document, so that values can be read from it; one from a decision log has only the
names of rules, image and user.
"""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, TypeVar, cast

from portero.decide.decision import Violation
from portero.decide.flags.try_keyword import find_flag
from portero.decide.policy.dialect import reads_foreign
from portero.decide.policy.exception_match import FOR_PINNED_IMAGES, SELF_PROTECTION, SOCKETS
from portero.decide.policy.policy import Policy
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.go_values import parse_size
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import CODES
from portero.tools.suggest.drafts import ExceptionDraft, ListEntry, RefusedRequest, find_entry, merge_drafts
from portero.tools.suggest.site_values import SiteValue, SiteValues, list_keys

Why: TypeAlias = Literal["code", "unknown", "self-protection", "existing", "pin", "flags", "unmatched", "values"]
WHY: Mapping[Why, str] = {
    "code": "such a request cannot be read or judged; nothing waives that",
    "unknown": "the current policy has no such rule",
    "self-protection": "protects Portero and the Docker daemon; nothing waives that",
    "existing": "judges an object that exists already: remove it or create it anew",
    "pin": "waived only for an image by digest, or for a user: pin the image, then record again",
    "flags": "change the command or the compose file",
    "unmatched": "no image or user that an exception could match",
    "values": "a decision log has no values: name a recording (PORTERO_RECORD)",
}
# A request with one of these stays refused, whatever else is changed.
_STAYS_REFUSED = frozenset({"code", "unknown", "self-protection", "existing", "pin", "unmatched"})
# Where an entry of a list of facts stands. Each security option is its own fact.
_ENTRY_AT = re.compile(r"(?<!SecurityOpt)\[")
# The most entries of each kind.
_MAX = 1000
Cure: TypeAlias = SiteValue | Why | Literal["waive"]
Key = TypeVar("Key")
Entry = TypeVar("Entry")


@dataclass(slots=True)
class WantedValue:
    """A site value and how many requests need it, because of which rules."""

    value: SiteValue
    rules: set[str] = field(default_factory=set)
    baseline: bool = False
    count: int = 0


@dataclass(slots=True)
class NotSuggested:
    """A rule for which nothing is suggested, and in how many requests."""

    rule: str
    why: Why
    flags: str
    count: int = 0


@dataclass(slots=True)
class Suggestions:
    """What was collected under one policy; without a finder, or a document, no site value is found.

    `legal`: how many of the refused requests would be allowed with all suggestions.
    """

    policy: Policy
    finder: SiteValues | None = None
    requests: int = 0
    refused: int = 0
    legal: int = 0
    _wanted: dict[str, WantedValue] = field(default_factory=dict)
    _drafts: dict[tuple[RefusedRequest, tuple[ListEntry, str] | None], ExceptionDraft] = field(default_factory=dict)
    _left: dict[tuple[str, Why], NotSuggested] = field(default_factory=dict)
    _cures: dict[tuple[str | bool, ...], Cure] = field(default_factory=dict)

    def add(self, request: RefusedRequest, denials: Sequence[Violation], document: JSON = None) -> None:
        """Count a request with the violations that refuse it, or would."""
        self.requests += 1
        if not denials:
            return
        self.refused += 1
        cures = [self._find_cure(violation, request, document) for violation in denials]
        # A site value does not help where something else stays refused at the same place in the request.
        waived = {violation.at for violation, cure in zip(denials, cures, strict=True) if cure == "waive"}
        stuck = {
            violation.at
            for violation, cure in zip(denials, cures, strict=True)
            if isinstance(cure, str) and cure in _STAYS_REFUSED
        }
        counted: set[int] = set()
        legal = True
        for violation, cure in zip(denials, cures, strict=True):
            if isinstance(cure, SiteValue) and violation.at in stuck:
                continue
            drafted = isinstance(cure, SiteValue) and violation.at in waived and bool(violation.at)
            for entry in self._find_entries("waive" if drafted else cure, violation, request, document):
                legal = legal and not isinstance(entry, NotSuggested)
                if id(entry) not in counted:
                    counted.add(id(entry))
                    entry.count += 1
        self.legal += legal

    def list_site_values(self) -> list[WantedValue]:
        """The site values, the most wanted first; of a number only the largest."""
        return sorted(self._wanted.values(), key=lambda one: (-one.count, one.value.key, str(one.value.value)))

    def list_drafts(self) -> list[ExceptionDraft]:
        """The drafts of exceptions, the most used first."""
        return sorted(merge_drafts(self._drafts.values()), key=lambda one: (-one.count, one.id))

    def name_drafts(self) -> dict[str, ExceptionDraft]:
        """The same by names of files: two drafts can have one id, of two registries, operations or spellings."""
        named: dict[str, ExceptionDraft] = {}
        for draft in self.list_drafts():
            names = itertools.chain([draft.id], (f"{draft.id}-{number}" for number in itertools.count(1)))
            named[next(name for name in names if name not in named)] = draft
        return named

    def list_not_suggested(self) -> list[NotSuggested]:
        """What is left, the most frequent first."""
        return sorted(self._left.values(), key=lambda one: (-one.count, one.rule))

    def make_patch(self) -> dict[str, JSON]:
        """The site values as a site.json: the lists whole, since a site's list replaces the built-in one."""
        patch: dict[str, JSON] = {}
        for wanted in self.list_site_values():
            key, value = wanted.value.key, wanted.value.value
            old = patch.get(key, self.policy.site[key])
            patch[key] = (old if value in old else [*old, value]) if isinstance(old, list) else value
        return patch

    def _find_cure(self, violation: Violation, request: RefusedRequest, document: JSON) -> Cure:
        if document is not None:
            return self._choose_cure(violation, request, document)
        # A million lines of a log have few different answers.
        named = bool(request.digest), bool(request.repository), bool(request.user)
        key = violation.rule, _ENTRY_AT.search(violation.at) is not None, *named
        if key not in self._cures and len(self._cures) < _MAX:
            self._cures[key] = self._choose_cure(violation, request, None)
        return self._cures[key] if key in self._cures else self._choose_cure(violation, request, None)

    def _choose_cure(self, violation: Violation, request: RefusedRequest, document: JSON) -> Cure:
        rule = self.policy.rules.get(violation.rule)
        if rule is None:
            return "code" if violation.rule in CODES else "unknown"
        if violation.rule == SOCKETS or violation.rule in FOR_PINNED_IMAGES:
            return "waive" if request.digest or (request.user and violation.rule == SOCKETS) else "pin"
        if rule.topic == SELF_PROTECTION and not list_keys(rule):
            return "self-protection"
        if rule.topic == "existing":
            return "existing"
        value = (
            self.finder.find_value(violation, document) if self.finder is not None and document is not None else None
        )
        if value is not None:
            return value
        if rule.proposal is not None and not rule.proposal.drop:
            return "flags"
        if rule.topic == SELF_PROTECTION:
            return "self-protection"
        is_of_entries = _ENTRY_AT.search(violation.at) is not None or reads_foreign(rule.schema)
        if document is None and (list_keys(rule) or is_of_entries):
            # Without what it says, an exception would be about every mount, or every capability, of the image.
            return "values"
        return "waive" if request.repository or request.user else "unmatched"

    def _find_entries(
        self, cure: Cure, violation: Violation, request: RefusedRequest, document: JSON
    ) -> "Sequence[WantedValue | ExceptionDraft | NotSuggested]":
        """Those that allow it, or say why nothing does; none where there are too many."""
        if cure == "waive":
            return self._add_drafts(violation, request, document)
        entry: WantedValue | NotSuggested | None
        if isinstance(cure, SiteValue):
            entry = self._add_value(cure, violation)
        else:
            flags = self._list_flags(violation.rule) if cure == "flags" else ""
            entry = _get_or_add(self._left, (violation.rule, cure), NotSuggested(violation.rule, cure, flags))
        return [entry] if entry is not None else []

    def _list_flags(self, rule: str) -> str:
        proposal = self.policy.proposal(rule)
        flags = proposal.add if proposal is not None else ()
        named = ((flag, value, find_flag(value)) for flag, value in flags)
        return ", ".join(
            f"{flag} with the value of {of}" if of else f"{flag} {value}".strip() for flag, value, of in named
        )

    def _add_value(self, value: SiteValue, violation: Violation) -> WantedValue | None:
        is_list = isinstance(self.policy.site[value.key], list)
        name = f"{value.key} {json.dumps(value.value)}" if is_list else value.key
        wanted = _get_or_add(self._wanted, name, WantedValue(value))
        if wanted is None:
            return None
        if not is_list:
            wanted.value = max(wanted.value, value, key=lambda one: _measure(one.value))
        wanted.rules.add(violation.rule)
        wanted.baseline = wanted.baseline or violation.level == "baseline"
        return wanted

    def _add_drafts(self, violation: Violation, request: RefusedRequest, document: JSON) -> Sequence[ExceptionDraft]:
        """A draft for each entry of a list that it is about, so that a rule is waived for no other one; else one."""
        found = [find_entry(path, document) for path in violation.paths]
        drafts: list[ExceptionDraft] = []
        for entry in dict.fromkeys(one for one in found if one is not None) or [None]:
            new = ExceptionDraft(request, entry[0], {entry[1]}) if entry else ExceptionDraft(request)
            draft = _get_or_add(self._drafts, (request, entry), new)
            if draft is None:
                continue
            draft.rules.add(violation.rule)
            draft.last = self.requests
            if violation.level == "baseline":
                draft.baseline.add(violation.rule)
            drafts.append(draft)
        return drafts


def _get_or_add(entries: dict[Key, Entry], key: Key, new: Entry) -> Entry | None:
    """The entry; None where there are too many for a new one."""
    return entries.setdefault(key, new) if key in entries or len(entries) < _MAX else None


def _measure(value: JSON) -> float:
    return float(value) if isinstance(value, int | float) else float(parse_size(cast(str, value)))
