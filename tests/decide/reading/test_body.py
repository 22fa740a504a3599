from collections.abc import Callable, Mapping
from typing import Literal

import pytest

from portero.decide.reading import body
from portero.decide.reading.body_decoder import Canonical
from portero.decide.reading.envelope import Envelope
from portero.decide.reading.routes import ApiRequest, Match, Operation
from portero.decide.reading.uri import Target
from portero.observe.stores.api_tables import load_shapes
from tests.paths import SCHEMAS
from tests.refusing import find_refusal as _refused

_SHAPES = load_shapes(SCHEMAS / "api")
_JSON = {"content-type": "application/json"}


def _read(
    operation: str,
    kind: Literal["json", "tar", "none", "never-shown"],
    headers: Mapping[str, str],
    shown: bytes | None = None,
    *,
    required: bool = False,
    method: str = "POST",
    query: Mapping[str, tuple[str, ...]] | None = None,
) -> Canonical:
    envelope = Envelope(method, "/", shown, headers, "", "", ())
    match = Match(Operation(operation, method, "/", kind, required, False), {})
    return body.read_body(ApiRequest(envelope, Target("/", None, query or {}), match), _SHAPES)


def _create(headers: Mapping[str, str], shown: bytes | None = None) -> Canonical:
    return _read("ContainerCreate", "json", headers, shown, required=True)


def _commit(headers: Mapping[str, str], shown: bytes | None = None) -> Canonical:
    return _read("ImageCommit", "json", headers, shown)


def _stop(headers: Mapping[str, str], shown: bytes | None = None, method: str = "POST") -> Canonical:
    return _read("ContainerStop", "none", headers, shown, method=method)


_ABSENT = Canonical(None, ())


def test_a_body_is_read_with_the_shape_of_its_operation() -> None:
    read = _create(_JSON | {"content-length": "31"}, b'{"image":"a","Foo":{},"Cmd":"x"}')

    assert read == Canonical({"Image": "a", "Cmd": ["x"]}, ("Foo",))


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/x-tar", "application/json; charset=x"])
def test_a_body_that_is_shown_is_read_whatever_type_is_shown(content_type: str) -> None:
    assert _create({"content-type": content_type}, b'{"Image":"a"}').body == {"Image": "a"}


@pytest.mark.parametrize(
    ("shown", "code", "place"),
    [
        (b"", "body-undecodable", ""),
        (b"{", "body-undecodable", ""),
        (b"{}}", "body-trailing-data", ""),
        (b"\xef\xbb\xbf{}", "body-byte-order-mark", ""),
        (b'"\xff"', "body-not-utf8", ""),
        (b"[" * 5000 + b"]" * 5000, "body-too-deep", ""),
        (b'{"HostConfig":{"BlkioWeight":70000}}', "body-number", "HostConfig.BlkioWeight"),
        (b'{"HostConfig":{"Privileged":1}}', "body-wrong-type", "HostConfig.Privileged"),
        (b'{"HostConfig":{},"hostconfig":{}}', "body-duplicate-name", "HostConfig"),
        (b'{"Privileged":true}', "body-legacy-field", "Privileged"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(shown: bytes, code: str, place: str) -> None:
    assert _refused(_create, _JSON, shown) == (code, place)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no headers"),
        pytest.param({"content-length": "0"}, id="length 0"),
        pytest.param(_JSON, id="JSON, chunked"),
        pytest.param(_JSON | {"content-length": "188"}, id="JSON that dockerd did not forward"),
        pytest.param({"content-type": "text/plain", "content-length": "5"}, id="another type"),
    ],
)
def test_a_body_that_is_needed_and_not_shown_is_missing(headers: Mapping[str, str]) -> None:
    assert _refused(_create, headers) == ("body-missing", "")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no headers"),
        pytest.param({"content-length": "0"}, id="length 0"),
        pytest.param(_JSON | {"content-length": "0"}, id="JSON of length 0"),
        pytest.param({"content-type": "text/plain", "content-length": "0"}, id="the old docker CLI"),
    ],
)
def test_a_body_that_is_not_needed_may_be_absent(headers: Mapping[str, str]) -> None:
    assert _commit(headers) == _ABSENT
    assert _stop(headers) == _ABSENT


_ANNOUNCED = [
    pytest.param(_JSON, id="JSON, chunked"),
    pytest.param({"content-type": ""}, id="an empty type"),
    pytest.param({"content-type": "text/plain"}, id="text, chunked"),
    pytest.param({"content-length": "5"}, id="a length alone"),
    pytest.param({"content-length": "00"}, id="a length that is not literally 0"),
    pytest.param(_JSON | {"content-length": "5"}, id="JSON with a length"),
]


@pytest.mark.parametrize(("operation", "code"), [(_commit, "body-hidden"), (_stop, "body-unexpected")])
@pytest.mark.parametrize("headers", _ANNOUNCED)
def test_a_body_that_is_announced_and_not_shown_is_hidden_or_unexpected(
    headers: Mapping[str, str], operation: Callable[..., Canonical], code: str
) -> None:
    assert _refused(operation, headers) == (code, "")


@pytest.mark.parametrize("headers", _ANNOUNCED)
@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"fromImage": ["busybox"]}, id="pull"),
        pytest.param({"fromImage": ["busybox"], "fromSrc": ["-"]}, id="pull, whatever else is asked"),
        pytest.param({"fromSrc": ["http://192.0.2.1/a.tgz"]}, id="import from an address"),
        pytest.param({"fromSrc": ["http://192.0.2.1/a.tgz", "-"]}, id="import from the first address"),
        pytest.param({}, id="nothing asked"),
    ],
)
def test_a_body_that_could_be_a_form_is_unexpected_where_no_archive_is_imported(
    query: Mapping[str, tuple[str, ...]], headers: Mapping[str, str]
) -> None:
    assert _refused(_read, "ImageCreate", "tar", headers, query=query) == ("body-unexpected", "")


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "application/x-tar"}])
def test_an_import_brings_an_archive(headers: Mapping[str, str]) -> None:
    assert _read("ImageCreate", "tar", headers, query={"fromImage": [""], "fromSrc": ["-"]}) == _ABSENT


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain", "content-length": "0"}])
def test_a_pull_brings_nothing(headers: Mapping[str, str]) -> None:
    assert _read("ImageCreate", "tar", headers, query={"fromImage": ["busybox"]}) == _ABSENT


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"a":1}'])
def test_an_empty_json_body_at_start_is_a_habit_of_clients(body: bytes) -> None:
    assert _read("ContainerStart", "none", _JSON, body) == _ABSENT


def test_a_host_config_at_start_is_refused_since_old_daemons_obey_it() -> None:
    assert _refused(_read, "ContainerStart", "none", _JSON, b'{"Privileged":true}') == ("body-unexpected", "")


@pytest.mark.parametrize("length", ["", "-1", "+5", "0x0", "5, 5", " 0", "\u0660"])
@pytest.mark.parametrize("kind", ["json", "none", "tar", "never-shown"])
def test_a_length_that_is_no_number_hides_a_body(
    kind: Literal["json", "none", "tar", "never-shown"], length: str
) -> None:
    assert _refused(_read, "ContainerUpdate", kind, {"content-length": length}) == ("body-hidden", "")


@pytest.mark.parametrize(
    "content_type",
    [
        *("application/x-www-form-urlencoded", "APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-8"),
        *(" application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "Multipart/Mixed"),
        "application/json, multipart/form-data",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("kind", ["json", "none", "tar", "never-shown"])
def test_a_form_is_refused_everywhere(
    kind: Literal["json", "none", "tar", "never-shown"], method: str, content_type: str
) -> None:
    headers = {"content-type": content_type, "content-length": "0"}
    assert _refused(_read, "ContainerUpdate", kind, headers, b"{}", method=method) == ("body-form", "")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("headers", [{}, _JSON, {"content-type": "multipart/form-data", "content-length": "x"}])
def test_a_method_without_a_body_may_have_any_headers(method: str, headers: Mapping[str, str]) -> None:
    """net/http reads no form from these, and dockerd's handlers no body."""
    assert _stop(headers, method=method) == _ABSENT


@pytest.mark.parametrize("operation", ["ContainerStop", "ContainerKill"])
def test_a_json_body_of_an_operation_that_takes_none_is_not_read(operation: str) -> None:
    assert _read(operation, "none", _JSON | {"content-length": "9"}, b"not JSON{") == _ABSENT


@pytest.mark.parametrize(
    "headers", [_JSON, {"content-type": "application/x-tar"}, {"content-type": "text/plain", "content-length": "5"}, {}]
)
def test_a_tar_is_never_decoded(headers: Mapping[str, str]) -> None:
    assert _read("PutContainerArchive", "tar", headers, b"./a\x00\x00", method="PUT") == _ABSENT
    assert _read("ImageLoad", "tar", headers) == _ABSENT


def test_the_body_of_a_login_is_not_looked_for_and_an_upgrade_carries_none() -> None:
    assert _read("SystemAuth", "never-shown", _JSON | {"content-length": "80"}) == _ABSENT
    assert _read("Session", "none", {"upgrade": "h2c", "connection": "Upgrade"}) == _ABSENT
