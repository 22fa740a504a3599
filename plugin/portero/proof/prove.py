"""Proves rules by their own examples: a rule and its kind in, one sentence for each fault out.

Every engine decides each example as the rule does, with an `at`, and no keyword is there that no example needs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias, cast

from portero.engine import Check, Engine, InstancePath
from portero.engine.portable_schema import MANY_SCHEMAS, NAMED_SCHEMAS
from portero.policy.dialect import ANY_OPERATION, list_keywords
from portero.policy.rule import Example, Rule
from portero.refusals import Refused
from portero.values.json_types import JSON
from portero.values.spelling import spell

Kind: TypeAlias = Literal["allows", "denies"]
# For each case, by each reading of the rule.
Failures: TypeAlias = list[list[tuple[InstancePath, ...]]]
# Words for the reader: taking them out changes nothing.
_ANNOTATIONS = {"$comment", "description"}
_FAILS = {"allows": "is denied", "denies": "is allowed"}


class RuleKind(Protocol):
    """What rules of one kind are proved with: documents for their examples, and engines that judge them."""

    @property
    def engines(self) -> Sequence[Engine]:
        """The engines that a rule is proved with, the fastest first."""
        ...

    def document(self, example: Example) -> dict[str, JSON]:
        """What the rule sees of an example; raises Refused or ValueError where there can be no such thing."""
        ...

    def compiled(self, engine: Engine, schema: Mapping[str, JSON]) -> Sequence[Check]:
        """The check of a rule's schema; several where a rule is read in several ways."""
        ...

    def judges(self, rule: Rule, document: Mapping[str, JSON]) -> bool:
        """Whether the rule has a say about this document."""
        ...

    def spell_at(self, document: dict[str, JSON], path: InstancePath) -> str:
        """Where it failed, as `at`."""
        ...


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """An example with what the rule sees of it."""

    kind: Kind
    command: str
    document: dict[str, JSON]


@dataclass(frozen=True, slots=True)
class RuleProof:
    """A rule and its kind. `impossible`: the commands of examples that can be no request, and why.

    `found`: where each case fails, by engine.
    """

    rule_kind: RuleKind
    rule: Rule
    cases: tuple[ExampleRequest, ...]
    impossible: tuple[tuple[str, str], ...]
    found: Mapping[str, Failures]

    @classmethod
    def of(cls, rule_kind: RuleKind, rule: Rule) -> "RuleProof":
        """The proof of a rule; its examples are made and judged once."""
        cases, impossible = [], []
        examples: list[tuple[Kind, Example]] = [("allows", example) for example in rule.allows]
        examples += [("denies", example) for example in rule.denies]
        for kind, example in examples:
            try:
                cases.append(ExampleRequest(kind, example.command, rule_kind.document(example)))
            except (Refused, ValueError) as error:
                impossible.append((example.command, str(error)))
        found = {engine.name: _failures(rule_kind, rule, cases, engine, rule.schema) for engine in rule_kind.engines}
        return cls(rule_kind, rule, tuple(cases), tuple(impossible), found)

    def failed_at(self, found: Failures) -> list[list[list[str]]]:
        """Where the failures are, as `at`."""
        return [
            [[self.rule_kind.spell_at(case.document, path) for path in paths] for paths in readings]
            for case, readings in zip(self.cases, found, strict=True)
        ]

    def mutated(self, schema: Mapping[str, JSON]) -> Failures:
        """The failures with another schema instead of the rule's, as the fastest engine finds them."""
        return _failures(self.rule_kind, self.rule, self.cases, self.rule_kind.engines[0], schema)


def _failures(
    rule_kind: RuleKind, rule: Rule, cases: Sequence[ExampleRequest], engine: Engine, schema: Mapping[str, JSON]
) -> Failures:
    checks = rule_kind.compiled(engine, schema)
    return [
        [check.failures(case.document) if rule_kind.judges(rule, case.document) else () for check in checks]
        for case in cases
    ]


def _decided(proof: RuleProof) -> Iterator[str]:
    """What a rule allows is allowed, and what it denies is denied with an `at`."""
    for command, why in proof.impossible:
        yield f"'{command}': not a valid request ({why}): fix the example"
    for engine in proof.rule_kind.engines:
        for case, readings in zip(proof.cases, proof.failed_at(proof.found[engine.name]), strict=True):
            if any(bool(found) != (case.kind == "denies") for found in readings):
                cure = f"{_FAILS[case.kind]} by the engine {engine.name}: fix the rule or the example"
                yield f"{case.kind}: '{case.command}' {cure}"
            elif not all(at for found in readings for at in found):
                yield f"'{case.command}' is denied without `at` by the engine {engine.name}: put the condition deeper"


def _agreed(proof: RuleProof) -> Iterator[str]:
    """All engines fail with the same `at`."""
    first, *others = proof.rule_kind.engines
    for other in others:
        for case, one, another in zip(proof.cases, proof.found[first.name], proof.found[other.name], strict=True):
            if one != another:
                cure = "say it with other keywords, and report it as a bug of Portero"
                yield f"'{case.command}': the engines {first.name} and {other.name} disagree: {cure}"


def _known(proof: RuleProof) -> Iterator[str]:
    """Examples say nothing that Docker does not know."""
    for case in proof.cases:
        facts = cast(dict[str, Any], case.document.get("facts", {}))
        names = ", ".join(field["at"] for field in facts.get("unknownFields", []))
        if names:
            yield f"'{case.command}': Docker does not know {names}: spell it as schemas/api does"


def _covered(proof: RuleProof) -> Iterator[str]:
    """Every operation of a rule has a denied example."""
    denied = {example.operation for example in proof.rule.denies}
    for operation in proof.rule.operations:
        if operation != ANY_OPERATION and operation not in denied:
            yield f"operations: no example under denies is of {operation}: add one, or remove the operation"


def _needed(proof: RuleProof) -> Iterator[str]:
    """Every keyword of a rule decides an example."""
    verdicts = proof.failed_at(proof.found[proof.rule_kind.engines[0].name])
    for where, mutant in mutants(proof.rule.schema):
        if proof.failed_at(proof.mutated(mutant)) == verdicts:
            yield f"{where}: deleting it changes no example: add one that needs it, or delete it"


# What is proved of each rule, by name.
CHECKS: Mapping[str, Callable[[RuleProof], Iterator[str]]] = MappingProxyType(
    {
        "examples": _decided,
        "engines": _agreed,
        "names": _known,
        "operations": _covered,
        "keywords": _needed,
    }
)


def mutants(schema: Mapping[str, JSON]) -> Iterator[tuple[str, dict[str, JSON]]]:
    """The schema without each keyword in turn, and without each member of those that hold several schemas.

    Without `if` alone, for one, it is a schema that the dialect refuses; the engines take it all the same.
    """
    whole = dict(schema)
    for path, keyword, value in list_keywords(whole):
        if keyword in _ANNOTATIONS:
            continue
        yield spell((*path, keyword)), _without(whole, (*path, keyword))
        if keyword in (*MANY_SCHEMAS, *NAMED_SCHEMAS) and isinstance(value, list | dict) and len(value) > 1:
            members = range(len(value)) if isinstance(value, list) else value
            for member in members:
                yield spell((*path, keyword, member)), _without(whole, (*path, keyword, member))


def _without(schema: dict[str, JSON], path: InstancePath) -> dict[str, JSON]:
    mutant = deepcopy(schema)
    inside: Any = mutant
    for step in path[:-1]:
        inside = inside[step]
    del inside[path[-1]]
    return mutant
