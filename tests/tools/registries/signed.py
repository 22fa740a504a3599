"""Signed bundles for tests, and a server that answers as it is told."""

import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from portero.decide.identity import key_pairs
from portero.serve.signing import signature
from portero.serve.signing.versions import Seen
from portero.tools.registries import bundle_archive
from portero.tools.registries.bundle_archive import Bundle, Trust
from tests.unix_server import make_handler, run_server

KEY, OTHER_KEY = key_pairs.make_key(), key_pairs.make_key()
KEYS = {signature.identify_key(KEY.public_key()): KEY.public_key()}
DATE = "2026-11-24T15:00:00Z"


def files(version: int = 1, group: str = "web", key: key_pairs.PrivateKey = KEY, pids: int = 100) -> dict[str, bytes]:
    """A signed policy folder."""
    content = {"site.json": b'{"pids-max": %d}' % pids}
    return {**content, signature.NAME: signature.sign(content, version, DATE, key, group)}


def bundle(version: int = 1, group: str = "web", key: key_pairs.PrivateKey = KEY) -> Bundle:
    """The same as a bundle."""
    return signed(bundle_archive.pack(files(version, group, key)), key)


def signed(data: bytes, key: key_pairs.PrivateKey = KEY) -> Bundle:
    """A bundle of whatever bytes, rightly signed."""
    return Bundle(data, signature.sign_file(data, key))


def trust(seen: Mapping[str, Seen] | None = None) -> Trust:
    """A host of the group web that trusts KEY."""
    return Trust(KEYS, ("web",), seen or {})


Respond = Callable[[BaseHTTPRequestHandler], None]


def certificate(folder: Path) -> Path:
    """Make cert.pem for 127.0.0.1, with its key in key.pem; returns the folder."""
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    own = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*words.split(), *own], check=True, capture_output=True, timeout=60)
    return folder


@contextmanager
def server(respond: Respond, tls: Path | None = None) -> Iterator[str]:
    """The URL of a server on this machine that answers each request by `respond`. `tls`: a folder of `certificate`."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up is no error of the test."""

    running = Server(("127.0.0.1", 0), make_handler(respond))
    running.daemon_threads = True
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
        running.socket = context.wrap_socket(running.socket, server_side=True)
    with run_server(running):
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{running.server_port}"


def answer_bundle(handler: BaseHTTPRequestHandler, bundle: Bundle, etag: str = "") -> None:
    """Answer with a bundle, or with its signature, which stands beside it."""
    if handler.path.endswith(".sig"):
        answer(handler, 200 if bundle.signature else 404, bundle.signature.encode())
    elif etag and handler.headers["If-None-Match"] == etag:
        answer(handler, 304)
    else:
        answer(handler, 200, bundle.data, **({"ETag": etag} if etag else {}))


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    """Answer with this status, body and headers (Www_Authenticate is WWW-Authenticate)."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
