"""The two kinds of rules, about requests and about the host, with their example documents and engines.

The rules of a folder are tried with the values of the folders up to it and of its example-site/, which has values that
only examples need. Raises InvalidPolicy as loading does.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from portero.engine import Check, Engine, InstancePath
from portero.engine.reference import Reference
from portero.engine.rust import RUST
from portero.hostcheck import host_rules
from portero.hostcheck.fact import certain, possible
from portero.policy import loader, site
from portero.policy.at import spell_at
from portero.policy.json_files import find_faults
from portero.policy.policy import judges
from portero.policy.rule import Example, Rule
from portero.proof.examples import Examples
from portero.reading.routes import Operation
from portero.reading.shapes import Shapes
from portero.values.json_objects import apply_patch
from portero.values.json_types import JSON

# The engine that decides, and the oracle.
ENGINES: Sequence[Engine] = (RUST, Reference())
_EXAMPLE_SITE = "example-site"


@dataclass(frozen=True, slots=True)
class RequestRules:
    """Rules about requests."""

    examples: Examples
    resources: Mapping[str, Mapping[str, JSON]]
    engines: Sequence[Engine]

    def document(self, example: Example) -> dict[str, JSON]:
        return self.examples.document(example)

    def compiled(self, engine: Engine, schema: Mapping[str, JSON]) -> Sequence[Check]:
        return [engine.compile(schema, self.resources)]

    def judges(self, rule: Rule, document: Mapping[str, JSON]) -> bool:
        """Whether the rule judges the operation of this request."""
        return judges(rule, self.examples.operations[cast(str, document["operation"])])

    def spell_at(self, document: dict[str, JSON], path: InstancePath) -> str:
        """Where the request violates the rule, as `at`."""
        return spell_at(document, path)


@dataclass(frozen=True, slots=True)
class HostRules:
    """Rules about the host."""

    base: dict[str, JSON]
    described: Mapping[str, JSON]
    resources: Mapping[str, Mapping[str, JSON]]
    engines: Sequence[Engine]

    def document(self, example: Example) -> dict[str, JSON]:
        """The host of an example; ValueError when it does not match host.json."""
        changed = cast(dict[str, JSON], apply_patch(self.base, dict(example.changes)))
        for fault in find_faults(changed, self.described):
            raise ValueError(fault)
        return changed

    def compiled(self, engine: Engine, schema: Mapping[str, JSON]) -> Sequence[Check]:
        """Both readings of the rule, which agree where every fact is known."""
        readings = (cast(dict[str, JSON], reading(dict(schema))) for reading in (certain, possible))
        return [engine.compile(read, self.resources) for read in readings]

    def judges(self, rule: Rule, document: Mapping[str, JSON]) -> bool:
        return True

    def spell_at(self, document: dict[str, JSON], path: InstancePath) -> str:
        """Where the host violates the rule, as `at`."""
        return spell_at({"facts": document}, ("facts", *path))


RuleKind: TypeAlias = RequestRules | HostRules


def list_rules(
    folders: Sequence[Path], operations: Sequence[Operation], shapes: Shapes
) -> Iterator[tuple[RuleKind, Rule]]:
    """Every rule in these folders with its kind, the built-in folder first; also rules that a later folder replaces."""
    builtin = folders[0]
    by_id = {operation.id: operation for operation in operations}
    examples = Examples(_read(builtin / "base-requests.json"), by_id, shapes)
    base, described = _read(builtin / "base-host.json"), _read(builtin / "host.json")
    for number, folder in enumerate(folders, 1):
        example = folder / _EXAMPLE_SITE
        upto = [*folders[:number], *([example] if example.is_dir() else [])]
        about_requests, about_host = loader.load(upto, operations), host_rules.load(upto)
        resources = _make_resources(builtin, about_requests.site)
        requests, hosts = RequestRules(examples, resources, ENGINES), HostRules(base, described, resources, ENGINES)
        yield from ((requests, rule) for rule in _list_of_folder(folder, about_requests.rules))
        yield from ((hosts, rule) for rule in _list_of_folder(folder, about_host.rules.rules))


def _list_of_folder(folder: Path, rules: Mapping[str, Rule]) -> Iterator[Rule]:
    return (rule for rule in rules.values() if Path(rule.file).parents[2] == folder)


def _make_resources(builtin: Path, values: Mapping[str, JSON]) -> dict[str, Mapping[str, JSON]]:
    definitions = site.make_definitions(values, _read(builtin / "site.schema.json"))
    return {"site": {"$defs": definitions}, "request": _read(builtin / "request.json")}


def _read(file: Path) -> dict[str, JSON]:
    return cast(dict[str, JSON], json.loads(file.read_text(encoding="utf-8")))
