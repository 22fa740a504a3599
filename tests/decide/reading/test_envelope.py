"""What dockerd posts is read exactly; anything else is refused with the key at fault."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portero.decide.reading.envelope import (
    MAX_BYTES,
    Envelope,
    decode_body,
    may_show_change,
    read_envelope,
    read_result,
)
from portero.decide.values.refusals import Refused
from tests.refusing import find_refusal

ASKED = {"RequestMethod": "POST", "RequestUri": "/v1.45/containers/create"}


def posted(**more: object) -> bytes:
    return json.dumps(ASKED | more).encode()


def refused(data: bytes) -> tuple[str, str]:
    return find_refusal(read_envelope, data)


def test_every_key_of_the_protocol_is_read() -> None:
    data = posted(
        RequestBody=base64.b64encode(b'{"Image":"busybox"}').decode(),
        RequestHeaders={"Content-Type": "application/json", "Content-Length": "19"},
        User="alice",
        UserAuthNMethod="TLS",
        RequestPeerCertificates=["LS0tLS1CRUdJTg=="],
    )

    expected = Envelope(
        method="POST",
        uri="/v1.45/containers/create",
        body=b'{"Image":"busybox"}',
        headers={"content-type": "application/json", "content-length": "19"},
        user="alice",
        auth_method="TLS",
        peer_certificates=("LS0tLS1CRUdJTg==",),
    )
    assert read_envelope(data) == expected


@pytest.mark.parametrize(
    "more",
    [{}, {"RequestBody": ""}, {"RequestPeerCertificates": None}, {"RequestHost": "docker", "requestmethod": "GET"}],
    ids=["nothing more", "an empty body", "no certificates: a Unix socket", "keys of a later dockerd"],
)
def test_what_dockerd_leaves_out_is_empty_and_what_it_may_add_is_ignored(more: dict[str, Any]) -> None:
    assert read_envelope(posted(**more)) == Envelope("POST", "/v1.45/containers/create", None, {}, "", "", ())


@pytest.mark.parametrize(
    "body", [bytes(range(256)), b" " * (4 << 20)], ids=["no text", "the largest that dockerd sends"]
)
def test_a_body_arrives_byte_by_byte(body: bytes) -> None:
    assert read_envelope(posted(RequestBody=base64.b64encode(body).decode())).body == body


def test_headers_cannot_be_changed_after_reading() -> None:
    headers = read_envelope(posted(RequestHeaders={"Content-Type": "text/plain"})).headers

    with pytest.raises(TypeError):
        headers["content-type"] = "application/json"  # type: ignore[index]


@pytest.mark.parametrize("data", [b"", b" ", b"\r\n\t "], ids=["nothing", "space", "line-break"])
def test_an_empty_request_is_refused(data: bytes) -> None:
    # dockerd repeats a request with an empty post when a worker died, and obeys the answer (measured on 26.1.5).
    assert refused(data) == ("envelope-empty", "")


def test_a_request_of_8_mib_is_read_and_one_of_a_byte_more_is_refused() -> None:
    data = posted() + b" " * ((8 << 20) - len(posted()))

    assert read_envelope(data).method == "POST"
    assert refused(data + b" ") == ("envelope-too-large", "")


NOT_A_DOCUMENT = {
    "null": b"null",
    "list": b"[]",
    "text": b'"POST"',
    "number": b"1",
    "cut-short": b'{"RequestMethod":"POST"',
    "two-documents": posted() + posted(),
    "trailing-brace": posted() + b"}",
    "byte-order-mark": b"\xef\xbb\xbf" + posted(),
    "utf-16": posted().decode().encode("utf-16"),
    "not-utf-8": b'{"RequestMethod":"POST","RequestUri":"/\xff"}',
    "nan": b'{"RequestMethod":"POST","RequestUri":"/","Later":NaN}',
    "infinity": b'{"RequestMethod":"POST","RequestUri":"/","Later":-Infinity}',
    "duplicate-key": b'{"RequestMethod":"GET","RequestUri":"/","RequestMethod":"POST"}',
    "duplicate-escaped-key": b'{"RequestMethod":"GET","RequestUri":"/","Request\\u004dethod":"POST"}',
    "duplicate-header": b'{"RequestMethod":"GET","RequestUri":"/","RequestHeaders":{"A":"1","A":"2"}}',
    "too-deep": b"[" * 100_000,
    "huge-number": b'{"RequestMethod":"GET","RequestUri":"/","Later":' + b"9" * 6000 + b"}",
}


@pytest.mark.parametrize("data", NOT_A_DOCUMENT.values(), ids=NOT_A_DOCUMENT.keys())
def test_what_is_not_one_clean_json_object_is_refused(data: bytes) -> None:
    assert refused(data) == ("envelope-undecodable", "")


@pytest.mark.parametrize("key", ["RequestMethod", "RequestUri"])
@pytest.mark.parametrize(
    "value", ["", None, 1, ["POST"], "\ud800"], ids=["empty", "null", "number", "list", "surrogate"]
)
def test_a_request_without_method_or_target_is_refused(key: str, value: object) -> None:
    other_case = {name.replace("Request", "request") if name == key else name: said for name, said in ASKED.items()}

    assert refused(posted(**{key: value})) == ("envelope-undecodable", key)
    assert refused(json.dumps(other_case).encode()) == ("envelope-undecodable", key)


WRONG_TYPES: dict[str, list[object]] = {
    # Not base64: no alphabet at all, no padding, more after it, that of URLs, a line break, a letter that is not ASCII.
    "RequestBody": [{}, None, "{}", "YQ", "YQ==YQ==", "_-__", "YWFh\nYWFh", "YWF\u00e1"],
    "RequestHeaders": [
        *(["Content-Type"], None, {"Content-Type": ["application/json"]}, {"Content-Type": None}),
        *({"Content-Type": "\udfff"}, {"Content-Type": "text/plain", "content-type": "a/b"}),
    ],
    "User": [0, None],
    "UserAuthNMethod": [True],
    "RequestPeerCertificates": ["LS0t", {}, ["LS0t", 1]],
}


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in WRONG_TYPES.items() for value in values], ids=ascii
)
def test_a_value_of_another_type_is_refused_under_its_key(key: str, value: object) -> None:
    assert refused(posted(**{key: value})) == ("envelope-undecodable", key)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from([*ASKED, *WRONG_TYPES])


def outcome(data: bytes) -> Envelope | str:
    """The envelope, or the code of its refusal."""
    try:
        return read_envelope(data)
    except Refused as refusal:
        return refusal.code


REQUESTS = st.dictionaries(KEYS, JSON | st.text()).map(lambda said: json.dumps(ASKED | said).encode())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the code
@given(st.binary() | REQUESTS)
def test_any_bytes_are_an_envelope_or_refused(data: bytes) -> None:
    asked = outcome(data)

    assert asked in ("envelope-empty", "envelope-undecodable") if isinstance(asked, str) else asked.method


# What an envelope can have at or near its body: keys and texts that only look like it, escapes, anything in pieces.
PIECES = st.lists(
    st.sampled_from(
        [
            *('"RequestBody":"', '"RequestBody": "', '"RequestBody" : "', "RequestBody", '\\"RequestBody":"'),
            *("YWFh", "YQ==", "YQ", "=", "e30=", "\\u0059Q==", "\\/", "\\", "\n", "\u00e1", "\ud7ff"),
            *('"', '":"', '","', ":", ",", "{", "}", "[", "]", "null", "NaN", " "),
            *('"RequestHeaders":{', '"A":"', '"User":"', '"RequestPeerCertificates":["'),
        ]
    ),
    max_size=14,
).map("".join)


@settings(max_examples=1_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES, first=st.booleans())
def test_a_long_body_is_read_as_a_short_one(pieces: str, first: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = json.dumps(ASKED)[1:-1]
    data = ("{" + (f"{pieces},{asked}" if first else f"{asked},{pieces}") + "}").encode()

    monkeypatch.setattr("portero.decide.reading.envelope._LONG_BODY", 1)
    long = outcome(data)
    monkeypatch.setattr("portero.decide.reading.envelope._LONG_BODY", MAX_BYTES)
    assert long == outcome(data)


@pytest.mark.parametrize("more", [{}, {"RequestHeaders": {"RequestBody": "YWFh" * 30_000}}], ids=["body", "header"])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : ")], ids=["dockerd", "spaces", "more"])
@pytest.mark.parametrize("body_first", [True, False])
def test_a_long_body_is_found_wherever_it_stands(
    more: dict[str, object], separators: tuple[str, str], body_first: bool
) -> None:
    body = bytes(range(256)) * 1_000
    sent: dict[str, object] = {"RequestBody": base64.b64encode(body).decode()}
    document = sent | ASKED | more if body_first else ASKED | more | sent

    found = read_result(json.dumps(document, separators=separators).encode())
    assert found is not None
    assert decode_body(found.envelope.shown) == body


@pytest.mark.parametrize("byte", [b for b in range(256) if chr(b) not in "abcABC" and not chr(b).isalnum()])
def test_a_long_body_with_any_other_byte_is_no_body(byte: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = posted(RequestBody="YWFh").replace(b"YWFh", b"YW" + bytes([byte]) + b"h")

    monkeypatch.setattr("portero.decide.reading.envelope._LONG_BODY", 1)
    long = outcome(data)
    monkeypatch.setattr("portero.decide.reading.envelope._LONG_BODY", MAX_BYTES)
    assert long == outcome(data)


REQUEST = {"RequestMethod": "POST", "RequestUri": "/containers/create", "RequestBody": "e30="}


def post(**more: Any) -> bytes:
    return json.dumps({**REQUEST, **more}, separators=(",", ":")).encode() + b"\n"


def test_status_and_body_of_the_answer() -> None:
    found = read_result(post(ResponseStatusCode=201, ResponseBody=base64.b64encode(b'{"Id":"1"}').decode()))

    assert found is not None
    assert (found.status, found.body, found.envelope.shown) == (201, b'{"Id":"1"}', b"e30=")


@pytest.mark.parametrize("size", [0, 1, 1_000, 49_000, 49_152, 49_153, 60_000, 1_000_000])
@pytest.mark.parametrize("answer", [b"", b"x" * 64_000], ids=["no answer", "an answer"])
def test_a_request_and_its_result_show_one_body(size: int, answer: bytes) -> None:
    """One of the two alone may be long enough for a word in its place; the register finds the request by it."""
    body = base64.b64encode(b"x" * size).decode()
    asked = read_envelope(post(RequestBody=body))
    found = read_result(post(RequestBody=body, ResponseBody=base64.b64encode(answer).decode()))

    assert found is not None
    assert bytes(asked.shown) == bytes(found.envelope.shown) == body.encode()
    assert (asked.body or b"", found.envelope.body, found.body) == (b"x" * size, None, answer)


@pytest.mark.parametrize(
    ("more", "status"), [({}, 0), ({"ResponseBody": "%", "ResponseStatusCode": 201}, 201), ({"ResponseBody": [1]}, 0)]
)
def test_without_both(more: Any, status: int) -> None:
    found = read_result(post(**more))

    assert found is not None
    assert (found.status, found.body) == (status, b"")


@pytest.mark.parametrize("data", [b"", b"no json", post(RequestMethod="GET"), post(RequestMethod="HEAD")])
def test_a_read_and_what_cannot_be_read_is_nothing(data: bytes) -> None:
    assert read_result(data) is None


def test_no_client_can_have_its_change_taken_for_a_read() -> None:
    mark = '"RequestMethod":"GET"'
    found = read_result(post(RequestUri=f"/x?{mark}", RequestHeaders={"A": mark, "Requestmethod": "GET"}, User=mark))

    assert found is not None


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({f"X{number}": "" for number in range(200)}, False),
        ({f"X{number}": "" for number in range(201)}, True),
        ({"A": "a" * 65_535}, False),
        ({"A": "a" * 65_536}, True),
        # A stamp comes on top, and has the same bound.
        ({"A": "a" * 65_535, "X-Portero-Door": "a" * 50_000}, False),
        ({"X-Portero-Door": "a" * 65_536}, True),
    ],
)
def test_headers_are_bounded_as_at_a_door(headers: dict[str, str], *, is_refused: bool) -> None:
    data = posted(RequestHeaders=headers)

    if is_refused:
        assert find_refusal(read_envelope, data) == ("headers-too-large", "RequestHeaders")
    else:
        assert len(read_envelope(data).headers) == len(headers)


def test_a_read_of_a_user_with_a_long_name_is_read_whole() -> None:
    data = b'{"User":"%s","RequestMethod":"GET","RequestUri":"/_ping"}' % (b"x" * 300)

    assert not may_show_change(data.replace(b"x" * 300, b"x"))
    assert may_show_change(data)
    assert (found := read_result(data)) is not None
    assert found.envelope.method == "GET"
