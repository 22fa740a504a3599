"""What a signature of an image says, and what is none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.images.payloads import MAX_PAYLOAD, Claim, frame_payload, read_claim

from .signed import APP, dump, simple_payload, statement_payload

DIGEST = f"sha256:{'a' * 64}"


def change(payload: bytes, *path: Any, value: Any) -> bytes:
    document = json.loads(payload)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return dump(document)


@pytest.mark.parametrize(
    ("named", "repository"),
    [
        (APP, APP),
        (f"{APP}:1.4", APP),
        (f"{APP}@{DIGEST}", APP),
        ("index.docker.io/library/nginx", "docker.io/library/nginx"),
        ("localhost:5000/app", "localhost:5000/app"),
    ],
)
def test_simple_signing_names_digest_repository_and_annotations(named: str, repository: str) -> None:
    assert read_claim("simple", simple_payload(DIGEST, named, {"env": "prod"})) == Claim(
        DIGEST, repository, {"env": "prod"}
    )
    assert read_claim("simple", simple_payload(DIGEST, named)) == Claim(DIGEST, repository, {})


def test_a_statement_names_the_digest_alone() -> None:
    assert read_claim("statement", statement_payload(DIGEST, {"env": "prod"})) == Claim(DIGEST, "", {"env": "prod"})


def test_a_statement_is_signed_with_its_type() -> None:
    assert frame_payload("statement", b"{}") == b"DSSEv1 28 application/vnd.in-toto+json 2 {}"
    assert frame_payload("simple", b"{}") == b"{}"


SIMPLE, STATEMENT = simple_payload(DIGEST), statement_payload(DIGEST)
SUBJECT = {"digest": {"sha256": "a" * 64}}


@pytest.mark.parametrize(
    ("form", "payload"),
    [
        ("simple", b""),
        ("simple", b"[]"),
        ("simple", SIMPLE[:-1]),
        ("simple", SIMPLE[:-1] + b', "critical": {}}'),
        ("simple", SIMPLE + b" " * MAX_PAYLOAD),
        ("simple", b"[" * 5000),
        ("simple", STATEMENT),
        ("simple", change(SIMPLE, "critical", "type", value="atomic container signature")),
        ("simple", change(SIMPLE, "critical", "image", "docker-manifest-digest", value="sha512:" + "a" * 128)),
        ("simple", change(SIMPLE, "critical", "image", "docker-manifest-digest", value=DIGEST + "\n")),
        ("simple", change(SIMPLE, "critical", "image", "docker-manifest-digest", value=[DIGEST])),
        ("simple", change(SIMPLE, "critical", "identity", "docker-reference", value="")),
        ("simple", change(SIMPLE, "critical", "identity", "docker-reference", value="app")),
        ("simple", change(SIMPLE, "critical", "identity", "docker-reference", value=f"{APP}\n")),
        ("simple", change(SIMPLE, "critical", "identity", value=None)),
        ("simple", change(SIMPLE, "optional", value=["env=prod"])),
        ("statement", SIMPLE),
        ("statement", statement_payload(DIGEST, predicate="https://spdx.dev/Document")),
        ("statement", statement_payload(DIGEST, predicate="https://slsa.dev/provenance/v1")),
        ("statement", change(STATEMENT, "_type", value="https://example.com/Statement")),
        ("statement", change(STATEMENT, "subject", value=[])),
        ("statement", change(STATEMENT, "subject", value=[SUBJECT, SUBJECT])),
        ("statement", change(STATEMENT, "subject", value=SUBJECT)),
        ("statement", change(STATEMENT, "subject", 0, "digest", value={"sha512": "a" * 128})),
    ],
)
def test_whatever_else_is_signed_vouches_for_nothing(form: Any, payload: bytes) -> None:
    assert read_claim(form, payload) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)
KEYS = st.sampled_from(
    ["critical", "identity", "image", "type", "optional", "_type", "subject", "predicateType", "digest"]
)


@given(st.binary() | st.dictionaries(KEYS, st.dictionaries(KEYS, JSON) | st.lists(JSON) | JSON).map(dump))
def test_crooked_bytes_are_refused_and_nothing_else(payload: bytes) -> None:
    for form in ("simple", "statement"):
        assert read_claim(form, payload) is None  # type: ignore[arg-type]
