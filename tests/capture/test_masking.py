"""Envelopes without secrets: rules see the same as before."""

import base64
import json
from typing import Any

import pytest

from portero.capture.masking import Unmaskable, masked
from portero.judging.judge import Judge
from portero.reading import envelope
from portero.service.loading import judge_of
from portero.service.settings import Settings
from portero.types import JSON
from tests.captured import envelopes


def asked(method: str = "POST", uri: str = "/v1.45/containers/create", body: object = None, **headers: str) -> bytes:
    document: dict[str, Any] = {"RequestMethod": method, "RequestUri": uri, "RequestHeaders": headers}
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        document["RequestBody"] = base64.b64encode(data).decode()
    return json.dumps(document).encode()


def masked_body(body: object) -> Any:
    return json.loads(base64.b64decode(str(masked(envelope.read(asked(body=body)))["RequestBody"])))


def masked_uri(uri: str) -> str:
    return str(masked(envelope.read(asked(uri=uri)))["RequestUri"])


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ({"Env": ["DB_PASSWORD=a b,c", "PATH=/bin"]}, {"Env": ["DB_PASSWORD=***", "PATH=/bin"]}),
        ({"eNV": ["DATABASE_URL=pg://u:p@h"]}, {"eNV": ["DATABASE_URL=pg://u:***@h"]}),
        ({"Cmd": ["x", "--password", "p", "q"]}, {"Cmd": ["x", "--password", "***", "q"]}),
        ({"Cmd": ["--api-key=a b", 1, "--token", ["x"]]}, {"Cmd": ["--api-key=***", 1, "--token", ["x"]]}),
        ({"Cmd": ["sh", "-c", "curl http://u:p@h"]}, {"Cmd": ["sh", "-c", "curl http://u:***@h"]}),
        ({"Labels": {"api.token": "x", "owner": "me"}}, {"Labels": {"api.token": "***", "owner": "me"}}),
        ({"DriverOpts": {"o": "username=u,password=p"}}, {"DriverOpts": {"o": "username=u,password=***"}}),
        ({"LogConfig": {"Config": {"splunk-token": "x"}}}, {"LogConfig": {"Config": {"splunk-token": "***"}}}),
        ({"Name": "db", "DATA": "c2VjcmV0"}, {"Name": "db", "DATA": "Kioq"}),
        ({"JoinToken": "SWMTKN-1-x", "Availability": "active"}, {"JoinToken": "***", "Availability": "active"}),
        ({"unlockkey": "SWMKEY-1-x"}, {"unlockkey": "***"}),
        (["OPT_TOKEN=x", "DEBUG=1"], ["OPT_TOKEN=***", "DEBUG=1"]),
    ],
    ids=str,
)
def test_values_that_look_secret_are_masked_and_names_stay(body: object, plain: object) -> None:
    assert masked_body(body) == plain


@pytest.mark.parametrize(
    "body",
    [
        {"Image": "registry/token:1.0", "HostConfig": {"Binds": ["/srv/token:/x", "/a/pass=1:/b"]}},
        {"Mounts": [{"Source": "/srv/token=x", "Target": "/secret:x"}]},
        {"Secrets": [{"SecretID": "abc", "SecretName": "db"}]},
        {"Env": ["PASSWORD_FILE=/run/secrets/db", "EMPTY_PASSWORD=yes", "TOKEN="]},
    ],
    ids=str,
)
def test_what_rules_look_at_stays(body: object) -> None:
    assert masked_body(body) == body


def test_a_body_without_secrets_stays_as_it_was_written_byte_by_byte() -> None:
    body = b'{ "Image":"x",\t"Memory":1e0, "a":"\\u0041" }\n'

    told = masked(envelope.read(asked(body=body)))

    assert base64.b64decode(str(told["RequestBody"])) == body


def test_names_that_stand_twice_and_odd_numbers_stay_in_a_body_that_is_masked() -> None:
    body = b'{"a":1,"a":-0.5,"Token":"x","b":[],"c":{},"d":[1,null,true,{"e":18446744073709551615}]}'

    told = masked(envelope.read(asked(body=body)))

    assert base64.b64decode(str(told["RequestBody"])) == body.replace(b'"x"', b'"***"')


@pytest.mark.parametrize(
    ("uri", "plain"),
    [
        ("/v1.45/build?buildargs=%7B%22TOKEN%22%3A%22x%22%7D&t=a", "buildargs=%7B%22TOKEN%22%3A%22%2A%2A%2A%22%7D&t=a"),
        ("/build?remote=https%3A%2F%2Fu%3Ap%40h%2Fx.git", "remote=https%3A%2F%2Fu%3A%2A%2A%2A%40h%2Fx.git"),
        ("/commit?changes=ENV+TOKEN+x", "changes=ENV+TOKEN+%2A%2A%2A"),
        ("/images/create?fromImage=token%3A1.0&token=abc", "fromImage=token%3A1.0&token=%2A%2A%2A"),
        ("/build?labels=%7Bodd&q=%41", "labels=%2A%2A%2A&q=%41"),
        ("/containers/json?all=1&filters=%7B%22a%22%3A%5B%5D%7D", "all=1&filters=%7B%22a%22%3A%5B%5D%7D"),
    ],
)
def test_secrets_in_the_query_are_masked_and_the_rest_stays_as_it_was_encoded(uri: str, plain: str) -> None:
    assert masked_uri(uri).partition("?")[2] == plain


def test_a_password_in_an_absolute_target_is_masked_and_a_name_in_the_path_stays() -> None:
    assert masked_uri("http://u:p@h/v1.45/images/token:1.0/json") == "http://u:***@h/v1.45/images/token:1.0/json"


def test_headers_that_no_rule_looks_at_keep_only_their_names() -> None:
    headers = {
        "User-Agent": "docker",
        "X-Registry-Auth": "abc",
        "X-Meta-Whatever": "x",
        "Content-Type": "application/json",
    }

    told = masked(envelope.read(asked(body={"Token": "xyz"}, **headers, **{"Content-Length": "16"})))

    assert told["RequestHeaders"] == {
        "user-agent": "docker",
        "x-registry-auth": "***",
        "x-meta-whatever": "***",
        "content-type": "application/json",
        "content-length": "15",
    }


def test_a_length_that_was_wrong_stays_wrong() -> None:
    told = masked(envelope.read(asked(body={"Token": "x"}, **{"Content-Length": "0"})))

    assert told["RequestHeaders"] == {"content-length": "0"}


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
        masked(envelope.read(data))


@pytest.fixture(scope="module")
def judge() -> Judge:
    return judge_of(Settings.read({}, {"host_root": "none", "profile": "restricted"}))


def _find_decided(judge: Judge, request: bytes) -> dict[str, JSON]:
    """The line without the client's trace: its header is masked as every one that decides nothing."""
    line = judge.decide(request, "x", 0.0).line(0)
    return {name: value for name, value in line.items() if name not in ("traceId", "parentSpanId")}


def test_every_captured_request_is_decided_alike_with_and_without_its_secrets(judge: Judge) -> None:
    different = []
    for data in (json.dumps(one).encode() for asked in envelopes().values() for one in asked):
        plain = json.dumps(masked(envelope.read(data))).encode()
        before, after = (_find_decided(judge, request) for request in (data, plain))
        if before != after:
            different.append((before, after))

    assert different == []
