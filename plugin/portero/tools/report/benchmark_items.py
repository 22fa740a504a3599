"""The items of a benchmark, and the verdict on each: the worst of its rules, in the light of the log and the host.

Which rules carry an item is data: benchmarks/, a file for each benchmark.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, Literal, TypeAlias

from portero.decide.policy.policy import Policy
from portero.decide.policy.rule import Rule
from portero.decide.values.dataclass import dataclass
from portero.tools.report.compliance_evidence import (
    REMOVED,
    HostEvidence,
    HostStatus,
    LogEvidence,
    RuleEvidence,
    count_decisions,
)
from portero.tools.report.output_formats import format_time
from portero.tools.report.rule_effect import RequestState, RuleEffect

NAMES = ("cis", "guide", "pss", "nist-800-190")


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `needs`: rules of requests and of the host that together carry it; `more`: rules that go further.

    `undecidable` and `not_applicable`: why nothing of Portero can carry it; an item has one of the three. `remark`:
    what the rules do not see of it. `risk`: the number of the risk that it answers.
    """

    id: str
    title: str
    needs: Sequence[str] = ()
    more: Sequence[str] = ()
    remark: str = ""
    undecidable: str = ""
    not_applicable: str = ""
    risk: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark. `outside`: the built-in rules that carry none of its items, by the reason."""

    key: str
    name: str
    version: str
    source: str
    sections: tuple[Section, ...]
    outside: Mapping[str, Sequence[str]]

    @property
    def items(self) -> Iterator[Item]:
        return (item for section in self.sections for item in section.items)

    @property
    def rules(self) -> frozenset[str]:
        return frozenset(rule for item in self.items for rule in (*item.needs, *item.more))


def load(key: str) -> Benchmark:
    text = (resources.files(__package__) / "benchmarks" / f"{key}.json").read_text(encoding="utf-8")
    document: Any = json.loads(text)
    sections = tuple(
        Section(section["id"], section["title"], tuple(Item(**item) for item in section["items"]))
        for section in document["sections"]
    )
    outside = {group["why"]: tuple(group["rules"]) for group in document["outside"]}
    return Benchmark(key, document["name"], document["version"], document["source"], sections, outside)


State: TypeAlias = RequestState | HostStatus
Verdict: TypeAlias = State | Literal["not decidable", "not applicable"]

# Of a needed rule; the worst one last.
_RANKS: tuple[State, ...] = (
    *("enforced", "holds", "weakened", "not checked", "unknown"),
    *("reported", "no effect", "not enforced", "violated"),
)
MET: tuple[Verdict, ...] = ("enforced", "holds")
UNDECIDED: tuple[Verdict, ...] = ("not decidable", "not applicable")
VERDICTS: tuple[Verdict, ...] = (*_RANKS, *UNDECIDED)
# Without one of them a client reaches dockerd past the rules.
_GUARDS = ("guarded-by-portero", "probes-arrive", "no-plugin-shadow", "cve-2024-41110-fixed", "cve-2026-34040-fixed")
_CIS = "CIS "


@dataclass(frozen=True, slots=True)
class Part:
    """One rule of an item. `about`: request or host; `notes`: what explains its state, a sentence each."""

    rule: Rule
    about: Literal["request", "host"]
    needed: bool
    state: State
    notes: tuple[str, ...]
    evidence: RuleEvidence | None = None
    refused: int = 0
    tried: int = 0


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item with its verdict. `checks`: what docker-bench-security checks of it."""

    item: Item
    verdict: Verdict
    parts: tuple[Part, ...]
    checks: tuple[str, ...]

    @property
    def why(self) -> str:
        """Why nothing is decided; empty for all other items."""
        return self.item.undecidable or self.item.not_applicable


@dataclass(frozen=True, slots=True)
class Grounds:
    """What verdicts rest on. `host_rules`: the rules about the host; `log` and `host`: None where none was given.

    `replaced`: the rules about the host that the site's own files replace.
    """

    policy: Policy
    effects: Mapping[str, RuleEffect]
    host_rules: Mapping[str, Rule]
    replaced: Collection[str]
    log: LogEvidence | None
    host: HostEvidence | None

    @property
    def open_guards(self) -> list[str]:
        """The host rules without which requests do not reach Portero, and which are violated."""
        return self.list_guards("violated")

    def list_guards(self, *statuses: HostStatus) -> list[str]:
        """Those rules that a given check of the host shows with one of these statuses."""
        return [id for id in _GUARDS if self.host is not None and self.host.find_fact(id).status in statuses]

    def judge(self, item: Item, *, is_cis: bool) -> ItemResult:
        """The verdict on an item; `is_cis`: its id is a number of the CIS benchmark."""
        parts = tuple(self._list_parts(item))
        checks = (_name_check(item.id),) if is_cis else _list_checks([part for part in parts if part.needed])
        if item.not_applicable:
            return ItemResult(item, "not applicable", parts, checks)
        if item.undecidable:
            return ItemResult(item, "not decidable", parts, checks)
        states = [part.state for part in parts if part.needed]
        worst = max(states, key=_RANKS.index)
        return ItemResult(item, "enforced" if worst == "holds" and "enforced" in states else worst, parts, checks)

    def _list_parts(self, item: Item) -> Iterator[Part]:
        for needed, ids in ((True, item.needs), (False, item.more)):
            for id in ids:
                yield self._judge_host(id, needed) if id in self.host_rules else self._judge_request(id, needed)

    def _judge_host(self, id: str, needed: bool) -> Part:
        rule = self.host_rules[id]
        if self.host is None:
            return Part(rule, "host", needed, "not checked", ("no check of the host was given",))
        fact = self.host.find_fact(id)
        replaced = (f"{rule.file} replaces Portero's rule",) if id in self.replaced else ()
        return Part(rule, "host", needed, fact.status, (*fact.locations, *replaced))

    def _judge_request(self, id: str, needed: bool) -> Part:
        effect = self.effects[id]
        state, notes = effect.state, list(effect.notes)
        evidence = self.log.rules.get(id) if self.log is not None else None
        if state in ("enforced", "weakened") and (lapses := list(self._list_lapses(id))):
            state, notes = "weakened", [*notes, *lapses]
        if state in ("enforced", "weakened") and self.open_guards:
            state = "not enforced"
            notes.append(f"requests get past Portero: {', '.join(self.open_guards)} violated on the host")
        rule = self.policy.rules[id]
        return Part(rule, "request", needed, state, tuple(notes), evidence, effect.refused, effect.tried)

    def _list_lapses(self, id: str) -> Iterator[str]:
        """Where the log shows that a rule was not enforced, or was waived."""
        if self.log is None:
            return
        evidence, rule = self.log.rules[id], self.policy.rules[id]
        if (count := evidence.counts["would"]) > 0:
            latest = evidence.examples["would"][-1]
            last = f"{format_time(latest.time)} ({latest.id})"
            yield f"violated and only reported in {count_decisions(count)}, the last {last}"
        elif self.log.audited and not rule.denies_in_audit:
            yield f"mode audit in {count_decisions(self.log.audited)} of the log"
        for profile, count in sorted(self.log.profiles.items()):
            if self.policy.action(id, profile) != "deny":
                yield f"profile {profile}, which does not enforce it, in {count_decisions(count)} of the log"
        for (rule_id, exception), count in sorted(self.log.waived.items()):
            if rule_id == id:
                name = f"exception {exception}" if exception != REMOVED else "exceptions that the policy no longer has"
                yield f"waived in {count_decisions(count)} by {name}"


def _list_checks(parts: Sequence[Part]) -> tuple[str, ...]:
    numbers = {source.removeprefix(_CIS) for part in parts for source in part.rule.sources if source.startswith(_CIS)}
    return tuple(map(_name_check, sorted(numbers, key=lambda number: [*map(int, number.split("."))])))


def _name_check(number: str) -> str:
    return f"check_{number.replace('.', '_')}"
