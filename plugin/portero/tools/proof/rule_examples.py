"""The examples of rules, about requests and about the host, as documents, with the engines that judge them.

An example is a merge patch on base-requests.json or base-host.json of the built-in folder; requests pass the real
pipeline from the body on. The rules of a folder are tried with the values of the folders up to it and of its
example-site/, which has values that only examples need. Raises LoadError as loading does.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

from portero.decide.engine import Check, Engine, InstancePath
from portero.decide.engine.reference import REFERENCE
from portero.decide.engine.rust import RUST
from portero.decide.facts import request_document
from portero.decide.facts.request_document import CallParameters
from portero.decide.judging.judge import Judge
from portero.decide.policy import site
from portero.decide.policy.at import find_failure
from portero.decide.policy.json_files import FindFaults, compile_faults
from portero.decide.policy.policy import judges
from portero.decide.policy.rule import Example, Rule
from portero.decide.reading.body_decoder import Canonical, canonicalize
from portero.decide.reading.go_json import make_tree
from portero.decide.reading.routes import Operation
from portero.decide.reading.shapes import Shapes
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, text
from portero.decide.values.json_objects import apply_patch
from portero.observe.host.fixed_host import FixedHost
from portero.observe.process import package_files
from portero.observe.stores import policy_loader
from portero.tools.hostcheck import host_rules
from portero.tools.hostcheck.fact import make_certain, make_possible

API_VERSION = "1.45"
_PARAMETER = re.compile(r"\{([a-z]+)")
_NO_IDENTITY: dict[str, JSON] = {"user": "", "groups": [], "method": ""}


@dataclass(frozen=True, slots=True)
class Examples:
    """Makes documents of examples. `base`: base-requests.json; the rest is Docker's API."""

    base: Mapping[str, JSON]
    operations: Mapping[str, Operation]
    shapes: Shapes

    def make_document(self, example: Example) -> dict[str, JSON]:
        """The request document of one example; raises Refused where dockerd's decoder would refuse the body."""
        operation = self.operations[example.operation]
        base, changes = self._make_base(operation), example.changes
        query = cast(dict[str, list[str]], apply_patch(base["query"], changes.get("query", {})))
        body = apply_patch(base["body"], changes["body"]) if "body" in changes else base["body"]
        call = CallParameters(
            operation.id,
            operation.method.replace("*", "POST"),
            API_VERSION,
            cast(dict[str, str], apply_patch(base["path"], changes.get("path", {}))),
            {name: tuple(values) for name, values in query.items()},
        )
        identity = cast(dict[str, JSON], apply_patch(_NO_IDENTITY, changes.get("identity", {})))
        host = FixedHost(cast(dict[str, JSON], changes.get("host", {}))).moment(None, text(identity, "account"))
        document = request_document.build_document(call, identity, self._canonicalize_body(operation, body), host)
        return document | {"objects": changes.get("objects", {})}

    def _make_base(self, operation: Operation) -> dict[str, JSON]:
        base = self._find_base_request(operation.id)
        parameters: dict[str, JSON] = dict.fromkeys(_PARAMETER.findall(operation.path), "x")
        return {
            "path": parameters | cast(dict[str, JSON], base.get("path", {})),
            "query": base.get("query", {}),
            "body": self._find_base_request(base.get("bodyOf", operation.id)).get("body"),
        }

    def _find_base_request(self, operation: JSON) -> dict[str, JSON]:
        return cast(dict[str, JSON], self.base.get(cast(str, operation), {}))

    def _canonicalize_body(self, operation: Operation, body: JSON) -> Canonical:
        if operation.body != "json":
            return Canonical(None, ())
        return canonicalize(self.shapes.by_operation[operation.id], make_tree(body))


def load_examples(judge: Judge) -> Examples:
    """Examples of requests as this judge reads them."""
    base = package_files.read_schema("base-requests.json")
    return Examples(base, {each.id: each for each in judge.routes.operations}, judge.shapes)


# The engine that decides, and the oracle.
ENGINES: Sequence[Engine] = (RUST, REFERENCE)
_EXAMPLE_SITE = "example-site"


@dataclass(frozen=True, slots=True)
class RequestRules:
    examples: Examples
    resources: Mapping[str, Mapping[str, JSON]]
    engines: Sequence[Engine]

    def make_document(self, example: Example) -> dict[str, JSON]:
        return self.examples.make_document(example)

    def compile_rule(self, engine: Engine, schema: Mapping[str, JSON]) -> Sequence[Check]:
        return [engine.compile(schema, self.resources)]

    def judges(self, rule: Rule, document: Mapping[str, JSON]) -> bool:
        return judges(rule, self.examples.operations[cast(str, document["operation"])])

    def spell_at(self, document: dict[str, JSON], path: InstancePath) -> str:
        return find_failure(document, path)[0]


@dataclass(frozen=True, slots=True)
class HostRules:
    base: dict[str, JSON]
    find_faults: FindFaults
    resources: Mapping[str, Mapping[str, JSON]]
    engines: Sequence[Engine]

    def make_document(self, example: Example) -> dict[str, JSON]:
        """The host of an example; ValueError when it does not match host.json."""
        changed = cast(dict[str, JSON], apply_patch(self.base, dict(example.changes)))
        for fault in self.find_faults(changed):
            raise ValueError(fault)
        return changed

    def compile_rule(self, engine: Engine, schema: Mapping[str, JSON]) -> Sequence[Check]:
        """Both readings of the rule, which agree where every fact is known."""
        readings = (cast(dict[str, JSON], reading(dict(schema))) for reading in (make_certain, make_possible))
        return [engine.compile(read, self.resources) for read in readings]

    def judges(self, rule: Rule, document: Mapping[str, JSON]) -> bool:
        return True

    def spell_at(self, document: dict[str, JSON], path: InstancePath) -> str:
        return find_failure({"facts": document}, ("facts", *path))[0]


RuleKind: TypeAlias = RequestRules | HostRules


def list_rules(
    folders: Sequence[Path], operations: Sequence[Operation], shapes: Shapes
) -> Iterator[tuple[RuleKind, Rule]]:
    """Every rule in these folders with its kind, the built-in folder first; also rules that a later folder replaces."""
    builtin = folders[0]
    by_id = {operation.id: operation for operation in operations}
    examples = Examples(_read_json(builtin / "base-requests.json"), by_id, shapes)
    base, find_faults = _read_json(builtin / "base-host.json"), compile_faults(_read_json(builtin / "host.json"))
    for number, folder in enumerate(folders, 1):
        example = folder / _EXAMPLE_SITE
        upto = [*folders[:number], *([example] if example.is_dir() else [])]
        about_requests, about_host = policy_loader.load_policy(upto, operations), host_rules.load_rules(upto)
        resources = _make_resources(builtin, about_requests.site)
        requests, hosts = RequestRules(examples, resources, ENGINES), HostRules(base, find_faults, resources, ENGINES)
        yield from ((requests, rule) for rule in _list_of_folder(folder, about_requests.rules))
        yield from ((hosts, rule) for rule in _list_of_folder(folder, about_host.rules.rules))


def _list_of_folder(folder: Path, rules: Mapping[str, Rule]) -> Iterator[Rule]:
    return (rule for rule in rules.values() if Path(rule.file).parents[2] == folder)


def _make_resources(builtin: Path, values: Mapping[str, JSON]) -> dict[str, Mapping[str, JSON]]:
    definitions = site.make_definitions(values, _read_json(builtin / "site.schema.json"))
    return {"site": {"$defs": definitions}, "request": _read_json(builtin / "request.json")}


def _read_json(file: Path) -> dict[str, JSON]:
    return cast(dict[str, JSON], json.loads(file.read_text(encoding="utf-8")))
