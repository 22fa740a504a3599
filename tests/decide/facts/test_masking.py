"""Envelopes without secrets: rules see the same as before."""

import base64
import json
import time
from typing import Any

import pytest

from portero.decide.facts.masking import Unmaskable, mask_request, mask_text, mask_value
from portero.decide.facts.secret_names import looks_secret
from portero.decide.judging.judge import Judge
from portero.decide.reading import envelope
from portero.decide.values.json_fields import JSON
from tests.captured import envelopes
from tests.cases import cases
from tests.judges import make_judge

SLOW_LINES = cases(__file__, "secrets.jsonl")


@pytest.mark.parametrize("line", SLOW_LINES, ids=lambda line: line["text"][:20])
def test_a_secret_is_masked_and_the_rest_stays(line: dict[str, str]) -> None:
    assert mask_text(line["text"]) == line["masked"]


@pytest.mark.parametrize("at", ["token=x", "https://u:p@h", "ENV TOKEN x", "Bearer x", 'password: "x"'])
def test_a_masked_text_is_masked_already(at: str) -> None:
    assert mask_text(mask_text(at)) == mask_text(at)


@pytest.mark.parametrize(
    ("name", "value"), [("DB_PASSWORD", "x"), ("DATABASE_URL", "postgres://u:p@h/x"), ("URL", "http://u:p:q@@h")]
)
def test_what_takes_the_place_of_a_secret_still_looks_like_one(name: str, value: str) -> None:
    assert looks_secret(name, value)
    assert looks_secret(name, mask_value(name, value))
    assert value not in mask_value(name, value)


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "a ", "a=", "a:", 'a="', "a='", "url=", "token=yes ", "://a:", ":d", "eyJ", "eyJaaaaaaaa.", "ENV "),
        *("\n", "ENV\n", "bearer ", " \t", "-----BEGIN PRIVATE KEY", "xoxa-"),
    ],
)
def test_no_text_takes_more_than_its_length(piece: str) -> None:
    def seconds(length: int) -> float:
        said = (piece * length)[:length]
        began = time.process_time()
        mask_text(said)
        return time.process_time() - began

    # Were it quadratic, it would be minutes.
    assert seconds(1 << 20) < 5


def asked(method: str = "POST", uri: str = "/v1.45/containers/create", body: object = None, **headers: str) -> bytes:
    document: dict[str, Any] = {"RequestMethod": method, "RequestUri": uri, "RequestHeaders": headers}
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        document["RequestBody"] = base64.b64encode(data).decode()
    return json.dumps(document).encode()


def masked_body(body: object) -> Any:
    return json.loads(base64.b64decode(str(mask_request(envelope.read_envelope(asked(body=body)))["RequestBody"])))


def masked_uri(uri: str) -> str:
    return str(mask_request(envelope.read_envelope(asked(uri=uri)))["RequestUri"])


LINES = cases(__file__, "masked.jsonl")


@pytest.mark.parametrize("line", [line for line in LINES if "body" in line], ids=lambda line: str(line["body"]))
def test_values_that_look_secret_are_masked_and_names_and_what_rules_look_at_stay(line: dict[str, Any]) -> None:
    assert masked_body(line["body"]) == line["masked"]


@pytest.mark.parametrize(
    "body",
    [
        b'{ "Image":"x",\t"Memory":1e0, "a":"\\u0041" }\n',
        b'{"a":1,"a":-0.5,"Token":"x","b":[],"c":{},"d":[1,null,true,{"e":18446744073709551615}]}',
    ],
    ids=["without a secret, byte by byte", "with names twice and odd numbers"],
)
def test_all_but_secrets_stays_as_it_was_written(body: bytes) -> None:
    told = mask_request(envelope.read_envelope(asked(body=body)))

    assert base64.b64decode(str(told["RequestBody"])) == body.replace(b'"Token":"x"', b'"Token":"***"')


@pytest.mark.parametrize("line", [line for line in LINES if "uri" in line], ids=lambda line: line["uri"])
def test_secrets_in_the_query_are_masked_and_the_rest_stays_as_it_was_encoded(line: dict[str, str]) -> None:
    assert masked_uri(line["uri"]).partition("?")[2] == line["query"]


def test_a_password_in_an_absolute_target_is_masked_and_a_name_in_the_path_stays() -> None:
    assert masked_uri("http://u:p@h/v1.45/images/token:1.0/json") == "http://u:***@h/v1.45/images/token:1.0/json"


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({}, {"User-Agent": "docker"}, {"user-agent": "docker"}),
        ({}, {"X-Registry-Auth": "abc", "X-Meta-Any": "x"}, {"x-registry-auth": "***", "x-meta-any": "***"}),
        ({}, {"Content-Type": "application/json"}, {"content-type": "application/json"}),
        ({"Token": "xyz"}, {"Content-Length": "16"}, {"content-length": "15"}),
        ({"Token": "x"}, {"Content-Length": "0"}, {"content-length": "0"}),
    ],
    ids=["the client", "what no rule looks at keeps its name", "the type", "the new length", "a length that was wrong"],
)
def test_headers_that_rules_look_at_stay(body: object, headers: dict[str, str], expected: dict[str, str]) -> None:
    assert mask_request(envelope.read_envelope(asked(body=body, **headers)))["RequestHeaders"] == expected


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (asked(body=b'{"Token":"x"'), "body"),
        (asked(body=b"\xff"), "body"),
        (asked(body=b'{}{"Token":"x"}'), "body"),
        (asked(uri="/x?token=%zz"), "uri"),
        (asked(uri="/x?a=1#token=x"), "uri"),
    ],
)
def test_what_cannot_be_read_is_not_stored(data: bytes, what: str) -> None:
    with pytest.raises(Unmaskable, match=what):
        mask_request(envelope.read_envelope(data))


@pytest.fixture(scope="module")
def judge() -> Judge:
    return make_judge(profile="restricted")


def _find_decided(judge: Judge, request: bytes) -> dict[str, JSON]:
    """The line without the client's trace: its header is masked as every one that decides nothing."""
    line = judge.decide(request, "x", 0.0).line(0)
    return {name: value for name, value in line.items() if name not in ("traceId", "parentSpanId")}


def test_every_captured_request_is_decided_alike_with_and_without_its_secrets(judge: Judge) -> None:
    different = []
    for data in (json.dumps(one).encode() for asked in envelopes().values() for one in asked):
        plain = json.dumps(mask_request(envelope.read_envelope(data))).encode()
        before, after = (_find_decided(judge, request) for request in (data, plain))
        if before != after:
            different.append((before, after))

    assert different == []
