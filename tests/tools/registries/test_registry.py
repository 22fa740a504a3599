"""A registry whose answers are checked, played by a server that can lie. A real one: test_docker_registry.py."""

import json
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler

import pytest

from portero.serve.settings.setting_values import OciAddress
from portero.tools.registries.bundle_archive import Bundle
from portero.tools.registries.https import Transport, TransportFailed
from portero.tools.registries.registry import ARTIFACT, MANIFEST, SIGNATURE, Registry
from portero.tools.registries.urls import parse_url

from .signed import answer, bundle, server

BUNDLE = bundle()
DATA = BUNDLE.data
Respond = Callable[[BaseHTTPRequestHandler], None]


def digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def manifest(**more: object) -> bytes:
    named = {"layers": [{"digest": digest(DATA)}], "annotations": {SIGNATURE: BUNDLE.signature}}
    return json.dumps({"artifactType": ARTIFACT, **named, **more}).encode()


def registry(url: str, reference: str = "prod", login: str | None = None, hosts: tuple[str, ...] = ()) -> Registry:
    address = OciAddress(url.partition("//")[2], "policy", reference)
    return Registry(address, Transport(parse_url(address.url), 20, hosts=hosts), login)


def refuse_pull(respond: Respond, why: str, reference: str = "prod", login: str | None = None) -> None:
    """Pull from a server that answers so, and see it refused for this reason."""
    with server(respond) as url, pytest.raises(TransportFailed, match=why):
        registry(url, reference, login).pull()


def pulled(one: Registry) -> Bundle:
    found = one.pull()
    assert found is not None
    return found


def serving(text: bytes, blob: bytes = DATA) -> Respond:
    return lambda handler: answer(handler, 200, text if "/manifests/" in handler.path else blob)


def challenging(challenge: str) -> Respond:
    return lambda handler: answer(handler, 401, Www_Authenticate=challenge)


def take_upload(handler: BaseHTTPRequestHandler, place: str, put: dict[str, bytes] | None = None) -> None:
    """Take each part of a push, of which nothing is there yet; begun uploads go on at this place. `put`: by path."""
    body = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
    if put is not None:
        # Before the answer, after which the test goes on.
        put[handler.path] = body
    answer(handler, {"HEAD": 404, "POST": 202}.get(handler.command, 201), Location=place)


def test_what_is_pulled_is_what_the_digests_say() -> None:
    with server(serving(manifest())) as url:
        assert registry(url).pull() == Bundle(DATA, BUNDLE.signature, digest(manifest()))
        assert pulled(registry(url, digest(manifest()))).data == DATA


def test_what_is_known_already_is_not_pulled_again() -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        serving(manifest())(handler)

    with server(respond) as url:
        assert registry(url).pull(digest(manifest())) is None
        # An address that names its content: it cannot have changed.
        assert registry(url, digest(manifest())).pull(digest(manifest())) is None
    assert asked == ["/v2/policy/manifests/prod"]


@pytest.mark.parametrize("annotations", [None, [], {}, {SIGNATURE: 1}])
def test_a_manifest_without_a_signature_brings_none(annotations: object) -> None:
    with server(serving(manifest(annotations=annotations))) as url:
        assert pulled(registry(url)).signature == ""


def test_another_layer_than_the_manifest_names_and_another_manifest_than_the_address_names_are_refused() -> None:
    refuse_pull(serving(manifest(), DATA + b"x"), "sent another layer")
    refuse_pull(serving(manifest()), "sent another manifest", f"sha256:{'0' * 64}")


@pytest.mark.parametrize(
    "text",
    [
        *(b"[]", b"no JSON", b"[" * 100_000),
        *(manifest(artifactType="image"), manifest(layers=[]), manifest(layers=["x"])),
        manifest(layers=[{"digest": "sha256:../../x"}]),
    ],
)
def test_what_is_no_bundle_is_refused(text: bytes) -> None:
    refuse_pull(serving(text), ".")


def test_a_token_is_fetched_where_the_registry_sends_us() -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        own = handler.headers["Authorization"]
        asked.append(f"{handler.path} {own}")
        if handler.path.startswith("/token"):
            answer(handler, 200, b'{"token": "t"}')
        elif own != "Bearer t":
            realm = f'Bearer realm="http://{handler.headers["Host"]}/token",service="s",scope="repository:policy:pull"'
            answer(handler, 401, Www_Authenticate=realm)
        else:
            serving(manifest())(handler)

    with server(respond) as url:
        assert pulled(registry(url, login="Basic YTpi")).data == DATA
    assert "/token?service=s&scope=repository%3Apolicy%3Apull Basic YTpi" in asked


def test_a_token_to_read_is_followed_by_one_to_write() -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        verb = "pull" if handler.command == "HEAD" else "push"
        if handler.path.startswith("/token"):
            asked.append(handler.path.partition("scope=")[2])
            answer(handler, 200, json.dumps({"token": asked[-1]}).encode())
        elif handler.headers["Authorization"] not in (f"Bearer {verb}", "Bearer push"):
            handler.rfile.read(int(handler.headers["Content-Length"] or 0))
            realm = f'Bearer realm="http://{handler.headers["Host"]}/token",scope="{verb}"'
            answer(handler, 401, Www_Authenticate=realm)
        else:
            take_upload(handler, "/upload")

    with server(respond) as url:
        assert registry(url, login="Basic YTpi").push(BUNDLE, {}).startswith("sha256:")
    assert asked == ["pull", "push"]


@pytest.mark.parametrize(
    "realm", ["http://127.0.0.1:9/token", "https://auth.example.com/token", "//[", "file:///etc/passwd"]
)
def test_a_login_is_taken_nowhere_but_where_the_site_lets_it(realm: str) -> None:
    why = "does not list|names an invalid address"
    refuse_pull(challenging(f'Bearer realm="{realm}"'), why, login="Basic YTpi")


@pytest.mark.parametrize("sent", [b"{}", b'{"token": 1}', b'{"token": "a\\nb"}', b'{"token": ""}'])
def test_a_token_that_is_none_is_refused(sent: bytes) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        realm = f'Bearer realm="http://{handler.headers["Host"]}/token"'
        asked = handler.path.startswith("/token")
        answer(handler, 200 if asked else 401, sent, **({} if asked else {"Www_Authenticate": realm}))

    refuse_pull(respond, "sends no token")


@pytest.mark.parametrize("is_listed", [False, True])
def test_an_upload_goes_to_a_listed_server_only_and_without_the_login(*, is_listed: bool) -> None:
    seen: list[str | None] = []

    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        seen.append(handler.headers["Authorization"])
        answer(handler, 201)

    def respond(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers["Authorization"] is None:
            handler.rfile.read(int(handler.headers["Content-Length"] or 0))
            answer(handler, 401, Www_Authenticate='Basic realm="r"')
        else:
            take_upload(handler, f"{other}/upload?state=x")

    with server(elsewhere) as other, server(respond) as url:
        here = registry(url, login="Basic YTpi", hosts=(other.partition("//")[2],) if is_listed else ())
        if is_listed:
            here.push(BUNDLE, {})
        else:
            with pytest.raises(TransportFailed, match="which PORTERO_BUNDLE_HOSTS does not list"):
                here.push(BUNDLE, {})

    assert seen == ([None, None] if is_listed else [])


def test_without_a_login_it_says_what_is_missing() -> None:
    refuse_pull(challenging('Basic realm="r"'), "needs a login, or does not exist: a host has it in")


def test_a_push_names_what_it_puts_there() -> None:
    put: dict[str, bytes] = {}

    def respond(handler: BaseHTTPRequestHandler) -> None:
        take_upload(handler, "/v2/policy/blobs/uploads/1?state=x", put)

    with server(respond) as url:
        digest_of_manifest = registry(url).push(BUNDLE, {"portero.for": "web"})

    text = put["/v2/policy/manifests/prod"]
    assert digest(text) == digest_of_manifest
    assert json.loads(text)["mediaType"] == MANIFEST
    assert json.loads(text)["annotations"] == {"portero.for": "web", SIGNATURE: BUNDLE.signature}
    assert DATA in put.values()
