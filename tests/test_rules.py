"""Every rule file under schemas/rules: both engines decide its examples as they say, and every keyword is needed."""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from portero import engine
from portero.engine.check import MANY_SCHEMAS, NAMED_SCHEMAS
from portero.operation import Routes
from portero.policy import site
from portero.policy.dialect import ANY_OPERATION, keywords
from portero.policy.examples import Examples
from portero.policy.loader import Policy, load
from portero.policy.place import place
from portero.policy.policy import judges
from portero.policy.rule import Example, Rule
from portero.shape import Shapes

SCHEMAS = Path(__file__).parents[1] / "schemas"
# The site of the examples: it lists something under each key whose list ships empty.
EXAMPLE_SITE = SCHEMAS / "example-site"
FILES = sorted((SCHEMAS / "rules").glob("*/*.json"))
MOST_LINES = 120
# Words for the reader: taking them out changes nothing.
ANNOTATIONS = {"$comment", "description"}


def document(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text())


@cache
def routes() -> Routes:
    return Routes.load(document("operations.json"))


@cache
def policy() -> Policy:
    return load([SCHEMAS, EXAMPLE_SITE], engine.best(), routes().operations)


@cache
def resources() -> dict[str, Any]:
    values = site.merged([document("site.json"), document("example-site/site.json")])
    return {
        "site": {"$defs": site.definitions(values, document("site.schema.json"))},
        "request": document("request.json"),
    }


@cache
def examples() -> Examples:
    by_id = {operation.id: operation for operation in routes().operations}
    return Examples(document("base-requests.json"), by_id, Shapes.load(SCHEMAS / "api"))


@cache
def requests(path: Path) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    return tuple(examples().requests(rule(path)))


def rule(path: Path) -> Rule:
    # Read alone, so that a fault in one rule does not hide the others.
    return Rule.of(path.relative_to(SCHEMAS.parent), json.loads(path.read_text()))


def places(path: Path, check: engine.Check, request: Any) -> tuple[str, ...]:
    if not judges(rule(path), examples().operations[request["operation"]]):
        return ()
    return tuple(place(request, failure) for failure in check.failures(request))


every_rule = pytest.mark.parametrize("path", FILES, ids=[file.stem for file in FILES])


def test_the_built_in_policy_loads_without_a_fault() -> None:
    assert set(policy().rules) == {file.stem for file in FILES}


@every_rule
@pytest.mark.parametrize("name", engine.NAMES)
def test_what_a_rule_allows_is_allowed_and_what_it_denies_is_denied_at_a_place(path: Path, name: str) -> None:
    check = engine.named(name).compile(rule(path).schema, resources())

    for kind, command, request in requests(path):
        found = places(path, check, request)
        assert (kind, command, bool(found)) == (kind, command, kind == "denies")
        assert all(found), f"{command}: is denied at no place"


@every_rule
def test_both_engines_fail_at_the_same_places(path: Path) -> None:
    checks = [engine.named(name).compile(rule(path).schema, resources()) for name in engine.NAMES]

    for _, command, request in requests(path):
        first, second = (check.failures(request) for check in checks)
        assert (command, first) == (command, second)


@every_rule
def test_examples_say_nothing_that_docker_does_not_know(path: Path) -> None:
    unknown = {
        command: [field["said"] for field in request["facts"].get("unknownFields", [])]
        for _, command, request in requests(path)
    }

    assert not any(unknown.values()), unknown


@every_rule
def test_every_operation_of_a_rule_has_a_denied_example(path: Path) -> None:
    judged = set(rule(path).operations) - {ANY_OPERATION}

    assert judged <= {example.operation for example in rule(path).denies}


@every_rule
def test_every_keyword_of_a_rule_decides_an_example(path: Path) -> None:
    verdicts = _verdicts(path, rule(path).schema)

    idle = [where for where, mutant in _mutants(dict(rule(path).schema)) if _verdicts(path, mutant) == verdicts]

    assert idle == [], "deleting these changes no example (as judged with schemas/example-site on top)"


@every_rule
def test_a_rule_file_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("operation", [operation.id for operation in routes().operations])
def test_the_base_request_of_an_operation_breaks_no_rule(operation: str) -> None:
    request = examples().document(Example("", operation, {}))

    # A rule that fails at `operation` refuses it outright: there is nothing that a request could satisfy.
    broken = {
        id: failures
        for id in policy().by_operation[operation]
        if (failures := policy().checks[id].failures(request)) and failures != (("operation",),)
    }

    assert broken == {}


def _verdicts(path: Path, schema: Any) -> list[tuple[str, ...]]:
    """Deleting `if` alone, for one, leaves a schema that the dialect refuses; the engines take it all the same."""
    check = engine.best().compile(schema, resources())
    return [places(path, check, request) for _, _, request in requests(path)]


def _mutants(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema without each keyword in turn, and without each member of those that hold several schemas."""
    for path, keyword, value in keywords(schema):
        if keyword in ANNOTATIONS:
            continue
        yield "/".join(map(str, (*path, keyword))), _without(schema, (*path, keyword))
        if keyword in (*MANY_SCHEMAS, *NAMED_SCHEMAS) and len(value) > 1:
            members = range(len(value)) if isinstance(value, list) else value
            for member in members:
                yield "/".join(map(str, (*path, keyword, member))), _without(schema, (*path, keyword, member))


def _without(schema: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    mutant = deepcopy(schema)
    inside: Any = mutant
    for step in path[:-1]:
        inside = inside[step]
    del inside[path[-1]]
    return mutant
