"""A pushed policy has a version above the one in force, however it came into force."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result

from portero.serve.signing import signature
from portero.tools.cli import next_version
from tests.decide.judging.requests import write_files
from tests.tools.cli.running import portero
from tests.tools.registries.signed import answer, server


class FakeRegistry:
    """Keeps what is put there, by name."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        if handler.command == "POST":
            answer(handler, 202, Location="/v2/p/blobs/uploads/1")
        elif handler.command == "PUT":
            upload = re.search(r"digest=sha256%3A(\w+)", handler.path)
            self.kept[f"/v2/p/blobs/sha256:{upload[1]}" if upload else handler.path] = body
            answer(handler, 201)
        else:
            found = self.kept.get(handler.path)
            answer(handler, 404 if found is None else 200, b"" if handler.command == "HEAD" else found or b"")

    @property
    def version(self) -> str:
        """What the tag's manifest says."""
        told = json.loads(self.kept["/v2/p/manifests/prod"])["annotations"]["portero.version"]
        assert isinstance(told, str)
        return told


@contextmanager
def pushing(folder: Path) -> Iterator[tuple[FakeRegistry, str]]:
    registry = FakeRegistry()
    with server(registry) as url:
        yield registry, f"oci://{url.partition('//')[2]}/p:prod"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    folder = write_files(tmp_path / "policy", {"site.json": {}})
    assert portero("keygen", tmp_path / "alice").exit_code == portero("keygen", tmp_path / "bob").exit_code == 0
    sign(folder)
    return folder


def sign(folder: Path, key: str = "alice", version: int | None = None) -> None:
    (folder / "signature.json").unlink(missing_ok=True)
    more = () if version is None else ("--version", version)
    signed = portero("bundle", "sign", folder, "--key", folder.parent / key, "--for", "web", *more)
    assert signed.exit_code == 0, signed.output


def push(folder: Path, address: str, *more: object, key: str = "alice") -> Result:
    socket = {"PORTERO_SOCKET": str(folder.parent / "none.sock")}
    return portero("bundle", "push", folder, address, "--key", folder.parent / key, *more, **socket)


def signed_version(folder: Path) -> int:
    return signature.read_version((folder / "signature.json").read_bytes())


def test_a_first_push_needs_to_know_what_hosts_have(policy: Path) -> None:
    with pushing(policy) as (registry, address):
        asked = push(policy, address)
        assert (asked.exit_code, registry.kept) == (2, {})
        assert "which version hosts of web have in force: say it with --after (0: none)" in asked.output
        told = push(policy, address, "--after", 2)

        assert told.exit_code == 0, told.output
        assert f"{policy}: version 2 is in force, so it is signed anew as version 3" in told.output
        assert (registry.version, signed_version(policy)) == ("3", 3)


def test_a_person_is_asked(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_version, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(next_version.click, "prompt", lambda *words, **more: 4)
    with pushing(policy) as (registry, address):
        assert push(policy, address).exit_code == 0
        assert registry.version == "5"


def test_a_later_push_takes_it_from_the_tag_and_signs_only_what_is_not_above(policy: Path) -> None:
    with pushing(policy) as (registry, address):
        sign(policy, version=7)
        assert push(policy, address, "--after", 0).exit_code == 0
        first = dict(registry.kept)
        # The same again is the same bytes.
        assert push(policy, address).exit_code == 0
        assert registry.kept == first
        # The next version, and then another folder that begins anew.
        (policy / "site.json").write_text('{"pids-max": 9}')
        sign(policy, version=8)
        text = (policy / "signature.json").read_bytes()
        assert push(policy, address).exit_code == 0
        assert (registry.version, (policy / "signature.json").read_bytes()) == ("8", text)
        (policy / "site.json").write_text('{"pids-max": 8}')
        sign(policy)
        assert push(policy, address).exit_code == 0
        assert registry.version == "9"


def test_what_another_s_key_signed_says_nothing_and_is_not_signed_anew(policy: Path) -> None:
    with pushing(policy) as (registry, address):
        sign(policy, "bob")
        assert push(policy, address, "--after", 0, key="bob").exit_code == 0
        sign(policy)
        theirs = push(policy, address)
        assert theirs.exit_code == 2
        assert "what is there is not yours (the bundle is signed with key" in theirs.output
    with pushing(policy) as (registry, address):
        other = push(policy, address, "--after", 5, key="bob")
        assert (other.exit_code, registry.kept) == (2, {})
        assert "is version 1, and 5 is in force: have it signed again, with --version 6" in other.output


def test_on_a_guarded_host_it_is_the_policy_in_force_there(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = {"signedFolders": {"/a": {"for": "web", "version": 3}, "/b": {"for": "db", "version": 9}, "/c": "?"}}
    monkeypatch.setattr(next_version, "ask_status", lambda socket: status)
    with pushing(policy) as (registry, address):
        assert push(policy, address).exit_code == 0
        assert registry.version == "4"


def rotate(folder: Path, *words: object, old: str = "alice", key: str = "bob") -> Result:
    socket = {"PORTERO_SOCKET": str(folder.parent / "none.sock")}
    keys = ("--old", folder.parent / f"{old}.pub", "--key", folder.parent / key)
    return portero("bundle", "rotate", folder, *words, *keys, **socket)


def test_a_new_key_signs_the_next_version_above_the_one_under_the_tag(policy: Path) -> None:
    with pushing(policy) as (registry, address):
        sign(policy, version=7)
        assert push(policy, address, "--after", 0).exit_code == 0
        # Another copy of the folder, which was signed anew.
        sign(policy)
        rotated = rotate(policy, address)
        assert rotated.exit_code == 0, rotated.output
        assert (registry.version, signed_version(policy)) == ("8", 8)
        # From then on it is the key that pushes.
        assert push(policy, address, key="bob").exit_code == 0
        assert rotate(policy, address).exit_code == 0
        assert registry.version == "9"


def test_a_folder_alone_is_signed_by_a_new_key(policy: Path, tmp_path: Path) -> None:
    rotated = rotate(policy)
    verified = portero("bundle", "verify", policy, "--trusted", tmp_path / "bob.pub")

    assert (rotated.exit_code, verified.exit_code, signed_version(policy)) == (0, 0, 2)
    assert "for web, version 2 of" in rotated.output


def test_what_the_old_key_did_not_sign_gets_no_new_signature(policy: Path) -> None:
    portero("keygen", policy.parent / "carol")
    stranger = rotate(policy, old="bob", key="carol")
    (policy / "site.json").write_text("{ }")
    changed = rotate(policy)

    assert (stranger.exit_code, changed.exit_code, signed_version(policy)) == (2, 2, 1)
    assert "which is not trusted" in stranger.output
    assert "was changed after it was signed" in changed.output
