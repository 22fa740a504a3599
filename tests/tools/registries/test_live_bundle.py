"""A running Portero and pulls beside it: what is published and pulled is in force, what is wrong never is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from portero.decide.identity import key_pairs
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.unix_http import exchange
from portero.tools.hostcheck.plugin_client import ask_status
from tests.paths import PACKAGE
from tests.waiting import wait_until

from .signed import KEY, OTHER_KEY, answer_bundle, bundle, server


def environ(settings: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PACKAGE.parent), **settings}


@contextmanager
def running(*words: str, **settings: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "portero", *words], env=environ(settings), stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def ask(socket: Path) -> dict[str, JSON]:
    try:
        return ask_status(socket)
    except (OSError, ValueError):
        return {}


@pytest.mark.skipif(os.geteuid() != 0, reason="root's defaults hold")
def test_what_is_published_is_in_force_and_what_is_wrong_is_reported(tmp_path: Path) -> None:
    published = [bundle(1)]
    (tmp_path / "key.pub").write_bytes(key_pairs.encode_public(KEY.public_key()))

    def respond(handler: BaseHTTPRequestHandler) -> None:
        answer_bundle(handler, published[-1], f'"{len(published)}"')

    with server(respond) as url:
        settings = {
            "PORTERO_SOCKET": str(tmp_path / "portero.sock"),
            "PORTERO_LOG": str(tmp_path / "decisions.jsonl"),
            "PORTERO_STATE": str(tmp_path / "versions.json"),
            "PORTERO_TRUSTED_KEYS": str(tmp_path / "key.pub"),
            "PORTERO_HOST_GROUPS": "web",
            "PORTERO_BUNDLE": f"{url}/policy.tar.gz",
            "PORTERO_BUNDLE_FOLDER": str(tmp_path / "bundle"),
        }
        socket = tmp_path / "portero.sock"

        def version() -> JSON:
            signed = ask(socket).get("signedFolders")
            values = [*signed.values()] if isinstance(signed, dict) else []
            return values[0].get("version") if values and isinstance(values[0], dict) else None

        def attention() -> str:
            return str(ask(socket).get("attention"))

        def pull() -> int:
            words = [sys.executable, "-m", "portero", "bundle", "pull"]
            return subprocess.run(words, env=environ(settings), capture_output=True, timeout=60, check=False).returncode

        assert pull() == 0
        with running("serve", **settings):
            wait_until(lambda: version() == 1, "version 1 is not in force")
            published.append(bundle(2))
            assert pull() == 0
            wait_until(lambda: version() == 2, "version 2 is not in force")
            assert b"\nportero_bundle_version 2\n" in exchange(socket, 10, "GET", "/metrics", max_bytes=1 << 20)[1]
            published.append(bundle(3, key=OTHER_KEY))
            assert pull() == 1
            wait_until(lambda: "a bundle was refused, the last good one stays" in attention(), "no attention")
            assert version() == 2
        # The server is not needed by what is in force.
        with running("serve", **settings):
            wait_until(lambda: version() == 2, "the last good one is not in force after a restart")
