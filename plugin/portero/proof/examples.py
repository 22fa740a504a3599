"""Turns the examples of rules into request documents, by the real pipeline from the body on.

An example is a merge patch on base-requests.json of the built-in folder.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from portero.files import package_files
from portero.host.fixed_host import FixedHost
from portero.judging import request_document
from portero.judging.judge import Judge
from portero.policy.rule import Example, Rule
from portero.reading.body_decoder import Canonical, canonicalize
from portero.reading.go_json import tree_of
from portero.reading.routes import Operation
from portero.reading.shapes import Shapes
from portero.values.json_objects import apply_patch
from portero.values.json_types import JSON

API_VERSION = "1.45"
_PARAMETER = re.compile(r"\{([a-z]+)")
_NOBODY: dict[str, JSON] = {"user": "", "groups": [], "method": ""}


@dataclass(frozen=True, slots=True)
class Examples:
    """Makes documents of examples. `base`: base-requests.json; the rest is Docker's API."""

    base: Mapping[str, JSON]
    operations: Mapping[str, Operation]
    shapes: Shapes

    def requests(self, rule: Rule) -> Iterator[tuple[Literal["allows", "denies"], str, dict[str, JSON]]]:
        """Each example of a rule: whether it obeys or breaks the rule, its command, its request document."""
        for example in rule.allows:
            yield "allows", example.command, self.document(example)
        for example in rule.denies:
            yield "denies", example.command, self.document(example)

    def document(self, example: Example) -> dict[str, JSON]:
        """The request document of one example; raises Refused where dockerd's decoder would refuse the body."""
        operation = self.operations[example.operation]
        base, changes = self._base(operation), example.changes
        query = cast(dict[str, list[str]], apply_patch(base["query"], changes.get("query", {})))
        body = apply_patch(base["body"], changes["body"]) if "body" in changes else base["body"]
        document = request_document.build_document(
            operation=replace(operation, method=operation.method.replace("*", "POST")),
            version=API_VERSION,
            path=cast(dict[str, str], apply_patch(base["path"], changes.get("path", {}))),
            query={name: tuple(values) for name, values in query.items()},
            identity=cast(dict[str, JSON], apply_patch(_NOBODY, changes.get("identity", {}))),
            canonical=self._canonical(operation, body),
            host=FixedHost(cast(dict[str, JSON], changes.get("host", {}))),
        )
        return document | {"objects": changes.get("objects", {})}

    def _base(self, operation: Operation) -> dict[str, JSON]:
        base = self._base_request(operation.id)
        parameters: dict[str, JSON] = dict.fromkeys(_PARAMETER.findall(operation.path), "x")
        return {
            "path": parameters | cast(dict[str, JSON], base.get("path", {})),
            "query": base.get("query", {}),
            "body": self._base_request(base.get("bodyOf", operation.id)).get("body"),
        }

    def _base_request(self, operation: JSON) -> dict[str, JSON]:
        return cast(dict[str, JSON], self.base.get(cast(str, operation), {}))

    def _canonical(self, operation: Operation, body: JSON) -> Canonical:
        if operation.body != "json":
            return Canonical(None, ())
        return canonicalize(self.shapes.by_operation[operation.id], tree_of(body))


def builtin_examples(judge: Judge) -> Examples:
    """Examples of requests as this judge reads them."""
    base = package_files.read_schema("base-requests.json")
    return Examples(base, {each.id: each for each in judge.routes.operations}, judge.shapes)
