"""Both engines judge alike, rule by rule: examples, attacks, what clients sent, mixtures."""

import base64
import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero.decide.engine.reference import REFERENCE
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.policy.at import follow
from portero.decide.policy.policy import Policy
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy
from portero.tools.proof.rule_examples import Examples
from tests.captured import HOST, envelopes
from tests.e2e.corpus import load as corpus
from tests.e2e.corpus import written
from tests.paths import SCHEMAS

ROUTES, SHAPES = load_api()

NOON = 1_800_000_000.0


POLICY = load_policy([SCHEMAS, SCHEMAS / "example-site"], ROUTES.operations)


@cache
def by_reference() -> Policy:
    return load_policy([SCHEMAS, SCHEMAS / "example-site"], ROUTES.operations, engine=REFERENCE)


@cache
def examples() -> dict[str, dict[str, Any]]:
    base = json.loads((SCHEMAS / "base-requests.json").read_text())
    made = Examples(base, {operation.id: operation for operation in ROUTES.operations}, SHAPES)
    said = [(rule, example) for rule in POLICY.rules.values() for example in (*rule.allows, *rule.denies)]
    return {f"{rule.id}: {example.command}": made.make_document(example) for rule, example in said}


def documents(asked: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The request documents of those envelopes that can be read."""
    judge = Judge(POLICY, ROUTES, SHAPES, FixedHost(HOST), Enforcement("restricted", "enforce"))
    for envelope in asked:
        try:
            yield judge.document(json.dumps(envelope).encode(), NOON)
        except Refused:
            continue


def as_asked(request: bytes) -> dict[str, Any]:
    """What dockerd would ask about a request as it stands in a corpus."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    method, uri, *_ = [*line.split(" "), "", ""]
    headers = {name: value.strip() for name, _, value in (field.partition(":") for field in fields)}
    return {
        "RequestMethod": method,
        "RequestUri": uri,
        "RequestHeaders": headers,
        "RequestBody": base64.b64encode(body).decode(),
    }


def disagreements(document: dict[str, Any]) -> list[str]:
    """The rules about which the engines differ."""
    rust, reference = POLICY.checks, by_reference().checks
    rules = POLICY.by_operation.get(document["operation"], ())
    return [rule for rule in rules if rust[rule].failures(document) != reference[rule].failures(document)]


def test_the_engines_agree_about_every_example_of_every_rule() -> None:
    assert {said: differ for said, document in examples().items() if (differ := disagreements(document))} == {}


@pytest.mark.parametrize("name", ["bypass.jsonl", "more.jsonl"])
def test_the_engines_agree_about_every_attack_and_its_twin(name: str) -> None:
    asked = [as_asked(written(case, lambda text: text.replace("{{N}}", "x"))) for case in corpus(name)]
    read = list(documents(asked))

    assert [differ for document in read if (differ := disagreements(document))] == []
    assert len(read) > len(asked) // 3


def test_the_engines_agree_about_what_real_clients_sent() -> None:
    asked = {json.dumps(envelope): envelope for case in envelopes().values() for envelope in case}
    read = list(documents(list(asked.values())))

    assert [differ for document in read if (differ := disagreements(document))] == []
    assert len(read) > len(asked) // 2


def places(value: Any) -> Iterator[tuple[dict[Any, Any] | list[Any], Any]]:
    """Each entry of each object and list in a value, as its container and its key."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


_ODD = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1.0, 2**63, [], {}, [None], [{}], ["ALL"]),
        *("", "/", "a\n", "\U0001f600", "/etc/\u2028", "/root/\u2029x", "/home/a\r", "/dev/\x85", "/sys/\x00"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_engines_agree_about_requests_that_are_mixed_from_the_examples(data: st.DataObject) -> None:
    names = sorted(said for said, document in examples().items() if document["facts"] and document["body"])
    # Copies: what is put into one document may be changed in it, and the next run must draw from the same examples.
    document, other = (copy.deepcopy(examples()[data.draw(st.sampled_from(names))]) for _ in range(2))
    donors = {
        key: holder[key] for holder, key in places({part: other[part] for part in ("body", "facts") if other[part]})
    }
    for _ in range(data.draw(st.integers(1, 4))):
        found = list(places({part: document[part] for part in ("body", "facts") if document[part]}))
        holder, key = found[data.draw(st.integers(0, len(found) - 1))]
        holder[key] = donors[key] if key in donors and data.draw(st.booleans()) else copy.deepcopy(data.draw(_ODD))

    assert disagreements(document) == []


def test_a_rule_of_which_the_engine_lists_errors_fails_at_a_small_value_of_a_large_body() -> None:
    large = {f"com.example.label-{number}": "x" * 60 for number in range(9_000)}
    bodies: list[dict[str, Any]] = [{"Labels": large}, {"Env": [*large]}, {"Volumes": {key: {} for key in large}}]
    failed = {}
    for body in bodies:
        posted = json.dumps({"Image": "a", **body}).encode()
        asked = {
            "RequestMethod": "POST",
            "RequestUri": "/v1.45/containers/create",
            "RequestHeaders": {"Content-Type": "application/json", "Content-Length": str(len(posted))},
            "RequestBody": base64.b64encode(posted).decode(),
        }
        for document in documents([asked]):
            for rule in POLICY.by_operation["ContainerCreate"]:
                check = POLICY.checks[rule]
                has_places = check.failures.args[1] is not None  # type: ignore[attr-defined]
                for path in () if has_places or check.is_satisfied(document) else check.failures(document):
                    failed[rule, path] = len(json.dumps(follow(document, path)))

    assert {rule for rule, _ in failed} >= {"logs-leave-the-host"}
    assert [place for place, size in failed.items() if size > 1024] == []
