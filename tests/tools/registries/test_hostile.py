"""A registry that answers crookedly: whatever it sends, a pull and a push end in time, with one sentence.

For longer: N=100000 SEED=7 python -m pytest tests/tools/registries/test_hostile.py
"""

import gzip
import json
import os
import random
import time
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from portero.serve.settings.setting_values import OciAddress
from portero.tools.registries.bundle_archive import BundleRefused, pack, unpack
from portero.tools.registries.bundle_fetch import BundleSource
from portero.tools.registries.bundle_pull import pull_bundle
from portero.tools.registries.https import TransportFailed
from portero.tools.registries.registry import ARTIFACT, SIGNATURE

from .signed import bundle, files, server, trust

WORDS = json.loads(Path(__file__).with_name("crooked-answers.json").read_text())
GOOD = bundle(1)
DIGEST = f"sha256:{sha256(GOOD.data).hexdigest()}"
MANY = int(os.environ.get("N", "200"))
SEED = int(os.environ.get("SEED", "1"))
SECONDS = 2.0
HUGE = 70_000


class Crooked:
    """Writes an answer of its own making for each request."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        with suppress(OSError):  # it does not want to read all of that
            handler.wfile.write(self._make(f"http://{handler.headers['Host']}"))

    def _make(self, home: str) -> bytes:
        chance = self._chance
        if chance.random() < 0.05:
            return chance.choice(
                [b"", b"\r\n" * 1000, b"HTTP/1.1 100 Go\r\n\r\n" * 500, bytes(HUGE), chance.randbytes(300)]
            )
        body = chance.choice(
            [self._body(), self._body(), GOOD.data, GOOD.data[:-9], self._manifest(), self._manifest()]
        )
        target = self._word("target")
        fields = {
            "Location": target,
            "WWW-Authenticate": self._word("challenge").replace("TARGET", target),
            "ETag": self._word("etag"),
            "X": "x" * chance.choice([*[1] * 9, HUGE]),
            "Content-Length": self._word("length"),
            "Transfer-Encoding": "chunked",
        }
        lines = [f"HTTP/1.1 {self._word('status')} {'x' * chance.choice([*[1] * 40, HUGE])}"]
        names = chance.sample([*fields], chance.choice([0, 0, 1, 1, 2, 4]))
        if "Content-Length" not in names and "Transfer-Encoding" not in names:
            lines.append(f"Content-Length: {len(body)}")
        if "Transfer-Encoding" in names:
            size = f"{len(body):x}" if chance.random() < 0.5 else self._word("chunk")
            body = b"%s\r\n%s\r\n0\r\n\r\n" % (size.encode(), body)
        lines += [f"{name}: {fields[name]}" for name in names]
        return "\r\n".join(lines).replace("HOME", home).encode() + b"\r\n\r\n" + body

    def _word(self, kind: str) -> str:
        return str(self._chance.choice(WORDS[kind]))

    def _body(self) -> bytes:
        return (
            self._word("body").encode() if self._chance.random() < 0.8 else self._word("body").encode()[:1] * HUGE * 5
        )

    def _manifest(self) -> bytes:
        chance = self._chance
        layer = {"digest": chance.choice([DIGEST, DIGEST, *WORDS["digest"]])}
        document = {
            "artifactType": chance.choice([ARTIFACT, ARTIFACT, "x", 1]),
            "layers": chance.choice([[layer], [layer], [], {}, "x", ["x"], [layer] * 1000]),
            "annotations": chance.choice(
                [{SIGNATURE: GOOD.signature}, {SIGNATURE: "x" * HUGE}, {SIGNATURE: 1}, [], None]
            ),
        }
        return json.dumps(document).encode()


def check(fault: str, began: float) -> None:
    assert time.monotonic() - began < SECONDS + 20
    assert "internal error" not in fault
    assert len(fault) < 1000


@pytest.mark.parametrize("login", [None, "login"])
def test_whatever_a_registry_or_server_sends_a_pull_ends_with_a_sentence(tmp_path: Path, login: str | None) -> None:
    file = tmp_path / "login"
    with server(Crooked(SEED)) as url:
        host = url.partition("//")[2]
        file.write_text(json.dumps({"auths": {host: {"auth": "YTpi"}}}))
        file.chmod(0o600)
        for number in range(MANY):
            address = OciAddress(host, "policy", "prod") if number % 2 else f"{url}/policy.tar.gz"
            source = BundleSource(address, SECONDS, file if login else None)
            began = time.monotonic()
            check(pull_bundle(source, tmp_path / "kept", trust, lambda folder: None).fault, began)


def test_whatever_a_registry_sends_a_push_ends_with_a_sentence() -> None:
    with server(Crooked(SEED)) as url:
        address = OciAddress(url.partition("//")[2], "policy", "prod")
        for _ in range(MANY):
            began = time.monotonic()
            try:
                registry = BundleSource(address, SECONDS).open_registry(address)
                registry.find_published()
                registry.push(GOOD, {"portero.for": "web"})
            except TransportFailed as failed:
                check(str(failed), began)


def test_whatever_an_archive_holds_it_is_refused_or_read() -> None:
    chance = random.Random(SEED)
    plain = gzip.decompress(pack({**files(), f"{'ä' * 60}/{'b' * 99}.json": b"{}"}))
    began = time.monotonic()
    for _ in range(MANY * 10):
        bent = bytearray(plain)
        for _ in range(chance.choice([1, 2, 5, 50])):
            bent[chance.randrange(len(bent) if chance.random() < 0.3 else 512)] = chance.choice(b"0179 axgLKxSV\0\xff/")
        # A checksum that holds lets more of it be read.
        bent[148:156] = b"%06o\0 " % (sum(bent[:148]) + 8 * 32 + sum(bent[156:512]))
        try:
            unpack(gzip.compress(bytes(bent), 1))
        except BundleRefused as refused:
            check(str(refused), time.monotonic())
    assert time.monotonic() - began < 30 + MANY / 10
