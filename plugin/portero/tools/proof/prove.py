"""Proves rules by their examples: one sentence for each fault.

Every engine decides each example as the rule says, with an `at`, and every keyword changes an example.
"""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Literal, TypeAlias, cast

from portero.decide.engine import Check, InstancePath
from portero.decide.engine.portable_schema import MANY_SCHEMAS, NAMED_SCHEMAS
from portero.decide.policy.dialect import ANY, list_keywords
from portero.decide.policy.rule import Example, Rule
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import format_path
from portero.tools.proof.rule_examples import RuleKind

Kind: TypeAlias = Literal["allows", "denies"]
# Of each case, by each reading of the rule.
Failures: TypeAlias = list[list[tuple[InstancePath, ...]]]
# Texts for the reader, which decide nothing.
_ANNOTATIONS = {"$comment", "description"}
# Of CPU time, for the examples of one rule together, by one engine: a stranger's file can have any number of them.
MAX_SECONDS = 5
_FAILS = {"allows": "is denied", "denies": "is allowed"}


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """An example with what the rule sees of it."""

    kind: Kind
    command: str
    document: dict[str, JSON]


@dataclass(frozen=True, slots=True)
class RuleProof:
    """A rule and its kind. `impossible`: the commands of examples that are no valid request, and why.

    `slow`: the command of the example at which an engine has taken too long; those behind it are not judged.
    `failures`: where each case fails, by engine.
    """

    rule_kind: RuleKind
    rule: Rule
    cases: tuple[ExampleRequest, ...]
    impossible: tuple[tuple[str, str], ...]
    slow: tuple[tuple[str, str], ...]
    failures: Mapping[str, Failures]

    @classmethod
    def of(cls, rule_kind: RuleKind, rule: Rule) -> "RuleProof":
        """The proof of a rule; its examples are made and judged once."""
        cases, impossible = [], []
        examples: list[tuple[Kind, Example]] = [("allows", example) for example in rule.allows]
        examples += [("denies", example) for example in rule.denies]
        for kind, example in examples:
            try:
                cases.append(ExampleRequest(kind, example.command, rule_kind.make_document(example)))
            except (Refused, ValueError) as error:
                impossible.append((example.command, str(error)))
        slow: dict[str, str] = {}
        by_kind: dict[str, dict[str, list[tuple[InstancePath, ...]]]] = {}
        for engine in rule_kind.engines:
            checks, found = rule_kind.compile_rule(engine, rule.schema), by_kind.setdefault(engine.name, {})
            try:
                with _limit_seconds(MAX_SECONDS):
                    found.update((case.command, _find_failures(rule_kind, rule, case, checks)) for case in cases)
            except TimeoutError:
                slow[next(case.command for case in cases if case.command not in found)] = engine.name
        quick = tuple(case for case in cases if all(case.command in found for found in by_kind.values()))
        failures = {name: [of_case[case.command] for case in quick] for name, of_case in by_kind.items()}
        return cls(rule_kind, rule, quick, tuple(impossible), tuple(slow.items()), failures)

    def spell_failures(self, failures: Failures) -> list[list[list[str]]]:
        """Where the failures are, as `at`."""
        return [
            [[self.rule_kind.spell_at(case.document, path) for path in paths] for paths in readings]
            for case, readings in zip(self.cases, failures, strict=True)
        ]

    def judge_mutant(self, schema: Mapping[str, JSON]) -> Failures:
        """The failures with another schema instead of the rule's, as the fastest engine finds them."""
        checks = self.rule_kind.compile_rule(self.rule_kind.engines[0], schema)
        return [_find_failures(self.rule_kind, self.rule, case, checks) for case in self.cases]


def _find_failures(
    rule_kind: RuleKind, rule: Rule, case: ExampleRequest, checks: Sequence[Check]
) -> list[tuple[InstancePath, ...]]:
    return [check.failures(case.document) if rule_kind.judges(rule, case.document) else () for check in checks]


@contextmanager
def _limit_seconds(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in a block that takes more CPU time. Python's patterns look for signals while they run."""

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _check_decisions(proof: RuleProof) -> Iterator[str]:
    """The rule allows what is under allows, and denies what is under denies, with an `at`."""
    for command, why in proof.impossible:
        yield f"'{command}': not a valid request ({why}): fix the example"
    for command, name in proof.slow:
        yield f"'{command}': the engine {name} takes more than {MAX_SECONDS} seconds: write patterns with fewer choices"
    for engine in proof.rule_kind.engines:
        for case, readings in zip(proof.cases, proof.spell_failures(proof.failures[engine.name]), strict=True):
            if any(bool(failures) != (case.kind == "denies") for failures in readings):
                cure = f"{_FAILS[case.kind]} by the engine {engine.name}: fix the rule or the example"
                yield f"{case.kind}: '{case.command}' {cure}"
            elif not all(at for places in readings for at in places):
                yield f"'{case.command}' is denied without `at` by the engine {engine.name}: put the condition deeper"


def _check_agreement(proof: RuleProof) -> Iterator[str]:
    """All engines fail with the same `at`."""
    first, *others = proof.rule_kind.engines
    for other in others:
        for case, one, another in zip(proof.cases, proof.failures[first.name], proof.failures[other.name], strict=True):
            if one != another:
                cure = "use other keywords, and report it as a bug of Portero"
                yield f"'{case.command}': the engines {first.name} and {other.name} disagree: {cure}"


def _check_names(proof: RuleProof) -> Iterator[str]:
    """Examples have only fields that Docker knows."""
    for case in proof.cases:
        facts = cast(dict[str, Any], case.document.get("facts", {}))
        names = ", ".join(field["at"] for field in facts.get("unknownFields", []))
        if names:
            yield f"'{case.command}': Docker does not know {names}: spell it as schemas/api does"


def _check_operations(proof: RuleProof) -> Iterator[str]:
    """Every operation of a rule has a denied example."""
    denied = {example.operation for example in proof.rule.denies}
    for operation in proof.rule.operations:
        if operation not in ANY and operation not in denied:
            yield f"operations: no example under denies is of {operation}: add one, or remove the operation"


def _check_keywords(proof: RuleProof) -> Iterator[str]:
    verdicts = proof.spell_failures(proof.failures[proof.rule_kind.engines[0].name])
    for where, mutant in list_mutants(proof.rule.schema):
        if proof.spell_failures(proof.judge_mutant(mutant)) == verdicts:
            yield f"{where}: deleting it changes no example: add one that needs it, or delete it"


# The checks of each rule, by name.
CHECKS: Mapping[str, Callable[[RuleProof], Iterator[str]]] = {
    "examples": _check_decisions,
    "engines": _check_agreement,
    "names": _check_names,
    "operations": _check_operations,
    "keywords": _check_keywords,
}


def list_mutants(schema: Mapping[str, JSON]) -> Iterator[tuple[str, dict[str, JSON]]]:
    """The schema without each keyword in turn, and without each member of keywords with several schemas.

    The dialect refuses some of them, such as one without `if` alone; the engines take them all the same.
    """
    whole = dict(schema)
    for path, keyword, value in list_keywords(whole):
        if keyword in _ANNOTATIONS:
            continue
        yield format_path((*path, keyword)), _drop_at(whole, (*path, keyword))
        if keyword in (*MANY_SCHEMAS, *NAMED_SCHEMAS) and isinstance(value, list | dict) and len(value) > 1:
            members = range(len(value)) if isinstance(value, list) else value
            for member in members:
                yield format_path((*path, keyword, member)), _drop_at(whole, (*path, keyword, member))


def _drop_at(schema: dict[str, JSON], path: InstancePath) -> dict[str, JSON]:
    mutant = deepcopy(schema)
    inside: Any = mutant
    for step in path[:-1]:
        inside = inside[step]
    del inside[path[-1]]
    return mutant
