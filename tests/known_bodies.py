"""Bodies that tests have: of the rules' examples, of both corpora and of what clients sent once."""

import base64
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from portero.decide.reading import go_json, uri
from portero.decide.reading.body_decoder import canonicalize
from portero.decide.reading.routes import Routes
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.stores.api_tables import load_shapes
from portero.observe.stores.policy_loader import load_policy
from portero.tools.proof.rule_examples import Examples
from tests import captured
from tests.paths import CORPUS, SCHEMAS


@cache
def list_bodies(operation: str) -> tuple[dict[str, JSON], ...]:
    """Those bodies of an operation that Docker takes, in its spelling, each once."""
    routes = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))
    shapes = load_shapes(SCHEMAS / "api")
    found: dict[str, Any] = {}
    for method, target, data in (*_list_corpora(), *_list_captured()):
        try:
            if routes.match(method, uri.parse_target(target).path).operation.id == operation:
                body = canonicalize(shapes.by_operation[operation], go_json.parse_json(data)).body
                found[json.dumps(body)] = body
        except Refused:
            continue
    for rule in load_policy([SCHEMAS], routes.operations).rules.values():
        examples = Examples(
            json.loads((SCHEMAS / "base-requests.json").read_text()),
            {one.id: one for one in routes.operations},
            shapes,
        )
        for example in (*rule.allows, *rule.denies):
            document = examples.make_document(example)
            if document["operation"] == operation:
                found[json.dumps(document["body"])] = document["body"]
    return tuple(body for body in found.values() if isinstance(body, dict))


def _list_corpora() -> Iterator[tuple[str, str, bytes]]:
    for name in ("bypass", "more"):
        for case in map(json.loads, (CORPUS / f"{name}.jsonl").read_text().splitlines()):
            yield case["method"], case["path"].replace("{{N}}", "n"), base64.b64decode(case.get("body_b64") or "")


def _list_captured() -> Iterator[tuple[str, str, bytes]]:
    for envelopes in captured.envelopes().values():
        for one in envelopes:
            yield one["RequestMethod"], one["RequestUri"], base64.b64decode(one.get("RequestBody") or "")
