"""What passes between the stand-in and its clients."""

import base64
import json
from typing import Any

import pytest

from portero.tools.standin.messages import (
    MAX_SHOWN_BYTES,
    Answer,
    Call,
    ClientRequest,
    make_envelope,
    make_failure,
    stream_documents,
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"label": {"a=b": true}}', {"label": ["a=b"]}),
        ('{"label": ["a=b"]}', {"label": ["a=b"]}),
        ("", {}),
        ("{", {}),
        ("7", {}),
    ],
)
def test_filters_are_read_in_both_spellings(written: str, read: dict[str, list[str]]) -> None:
    assert Call("ContainerList", query={"filters": (written,)}).read_filters() == read


@pytest.mark.parametrize(
    ("wanted", "has"), [(["a"], True), (["a=b"], True), (["a=c"], False), (["a=b", "z"], False), ([], True)]
)
def test_labels_are_wanted_by_name_or_by_name_and_value(wanted: list[str], has: bool) -> None:
    filters = json.dumps({"label": wanted})

    assert Call("ContainerList", query={"filters": (filters,)}).wants({"a": "b"}) is has


def test_the_first_value_of_a_parameter_counts() -> None:
    call = Call("ContainerList", query={"all": ("1", "0")})

    assert (call.find_first("all"), call.find_first("size")) == ("1", "")


@pytest.mark.parametrize(("client", "expected"), [("compose/2.26.1", True), ("Docker-Client/26.1.5 (linux)", False)])
def test_compose_is_known_by_its_user_agent(client: str, expected: bool) -> None:
    assert Call("NetworkInspect", client=client).is_compose is expected


def test_errors_and_progress_are_worded_as_dockerd_words_them() -> None:
    assert make_failure(404, "no such image") == Answer(404, {"message": "no such image"})
    stream = stream_documents({"status": "a"}, {"status": "b"}).stream
    assert list(stream or ()) == [b'{"status": "a"}\r\n', b'{"status": "b"}\r\n']


JSON_TYPE = ("Content-Type", "application/json")


def shown(*headers: tuple[str, str], target: str = "/v1.45/containers/create", body: bytes = b"{}") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(make_envelope(ClientRequest("POST", target, headers, body)))
    return document


def test_a_json_body_is_shown_with_method_target_and_headers() -> None:
    document = shown(JSON_TYPE, ("content-length", "2"))

    assert document == {
        "RequestMethod": "POST",
        "RequestUri": "/v1.45/containers/create",
        "RequestBody": base64.b64encode(b"{}").decode(),
        "RequestHeaders": {"Content-Type": "application/json", "Content-Length": "2"},
    }


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_parameters_and_case_of_the_media_type_do_not_matter(content_type: str) -> None:
    assert "RequestBody" in shown(("Content-Type", content_type))


TAR = "application/x-tar"


@pytest.mark.parametrize(
    ("content_type", "target"),
    [
        *((each, "/v1.45/containers/create") for each in (TAR, "text/json", "application/jsonp", "")),
        # A login is never shown, and a target that does not decode hides the body.
        *(("application/json", each) for each in ("/v1.45/auth", "/auth?x=1", "/v1.45/%61uth")),
        ("application/json", "/services/create?#%zz"),
    ],
)
def test_no_other_body_is_shown(content_type: str, target: str) -> None:
    assert "RequestBody" not in shown(("Content-Type", content_type), target=target)


def test_the_first_content_type_decides_and_the_last_is_shown() -> None:
    hidden = shown(("Content-Type", "application/x-tar"), JSON_TYPE)

    assert "RequestBody" not in hidden
    assert hidden["RequestHeaders"] == {"Content-Type": "application/json"}


def test_an_empty_body_and_no_headers_leave_no_keys() -> None:
    assert shown(body=b"").keys() == {"RequestMethod", "RequestUri"}


SECRETS = [(name, "x") for name in ("Authorization", "X-Registry-Auth", "X-Registry-Config")]


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ([("Host", "docker"), *SECRETS, ("user-agent", "docker/26")], b"", {"User-Agent": "docker/26"}),
        ([JSON_TYPE, ("Transfer-Encoding", "chunked"), ("Content-Length", "7")], b"{}", dict([JSON_TYPE])),
    ],
    ids=["neither the host nor credentials", "neither coding nor length of a chunked body"],
)
def test_what_net_http_takes_away_and_credentials_are_not_shown(
    headers: list[tuple[str, str]], body: bytes, expected: dict[str, str]
) -> None:
    assert shown(*headers, body=body)["RequestHeaders"] == expected


@pytest.mark.parametrize(
    ("content_type", "length", "too_large"),
    [
        ("application/json", MAX_SHOWN_BYTES, False),
        ("application/json", MAX_SHOWN_BYTES + 1, True),
        (TAR, MAX_SHOWN_BYTES + 1, False),
    ],
)
def test_dockerd_refuses_to_show_more_than_four_mebibytes(content_type: str, length: int, too_large: bool) -> None:
    request = ClientRequest("POST", "/build", [("Content-Type", content_type)], b" " * length)

    assert request.is_too_large is too_large
