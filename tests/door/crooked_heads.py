"""Sends crooked heads through a whole door: what reaches dockerd is always one request with one stamp, or nothing.

usage: python -m tests.door.crooked_heads [--number N] [--seed SEED]
Exit status: 1 at the first head of which that is not true; it is printed.
"""

import argparse
import random
import re
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, parse_headers
from io import BytesIO
from pathlib import Path

from portero.decide.identity.door_stamp import read_stamp
from portero.door.loop import DoorLoop
from portero.door.serve import listen_at
from portero.door.stamps import Stamps
from tests.door.running import ANSWER, BOOT, KEY

DOORS = ("traefik", "users")
_SECONDS = 20.0
_LINE = b"GET /containers/json HTTP/1.1"
_HOST = b"Host: docker"
_SECOND = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"
_LINES = (
    *(_LINE,) * 40,
    *(b"POST /v1.45/build?x=%0d%0a HTTP/1.1", b"HEAD /_ping HTTP/1.1", b"PUT /\xff HTTP/1.1", b"GET /\tx HTTP/1.1"),
    *(b"PRI * HTTP/2.0", b"PRI * HTTP/1.1", b"GET / HTTP/1.0", b"GET / HTTP/1.1 ", b"GET  / HTTP/1.1", b"GET /", b""),
    *(b"GET http://d/ HTTP/1.1", b"OPTIONS * HTTP/1.1", b"CONNECT d:1 HTTP/1.1", b"get / HTTP/1.1", b"\r\n" + _LINE),
    *(b"GET / HTTP/1.1\nX-Portero-Door: forged", b"GET / HTTP/01.1", b"GET /?a#b HTTP/1.1", b"GET //d/x HTTP/1.1"),
)
_NAMES = (
    *(b"X-Portero-Door", b"X-Portero-Token", b"Connection", b"Host", b"Content-Length", b"Transfer-Encoding"),
    *(b"Content-Type", b"Upgrade", b"TE", b"Trailer", b"Keep-Alive", b"HTTP2-Settings", b"Proxy-Connection", b"Expect"),
    *(b"X", b"", b"Accept"),
)
_VALUES = (
    *(b"", b"a", b"forged", b"5", b"0", b"+5", b"5, 5", b"chunked", b"chunked, identity", b"identity", b"xchunked"),
    *(b"close", b"keep-alive", b"Upgrade", b"X-Portero-Door, upgrade", b"tcp", b"h2c", b"docker", b"d:1", b"[::1]"),
    *(
        *(b"application/json", b"text/plain", b"100-continue", b"x" * 300, b"a\r\n folded"),
        b"a\r\n\tX-Portero-Door: forged",
    ),
    *(b"a\rX-Portero-Door: forged", b"a\nX-Portero-Door: forged", b"a\x00", b"\xff", b"\x0b", b"\x85", b"a\r"),
)
# Each alone is taken as it is, or left out.
_PLAIN = (
    *(b"X-Portero-Door: forged", b"x-PORTERO-door:forged", b"X_Portero_Door: forged", b"X-Portero-Token: a.b.c"),
    *(b"TE: x", b"Connection: X-Portero-Door, upgrade", b"Connection: close", b"Upgrade: h2c", b"HTTP2-Settings: AAM"),
    *(b"Trailer: X", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Type: application/json"),
    *(b"Keep-Alive: 5", b"X: \xff", b"Proxy-Connection: close", b"Expect: 100-continue", b"x_portero_token: a.b.c"),
    *(b"X-Portero-DoorX: a", b"Accept: */*"),
)
_BODIES = (b"", b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\nX-Portero-Door: forged\r\n\r\n" + _SECOND, _SECOND)
_PIECES = (
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"_", b"-", b"\x00", b"\x7f", b"\xc2\xa0", b"HTTP/2.0", b"\r\n\r\n"),
)
# What belongs to one connection.
_GONE = {"te", "trailer", "keep-alive", "http2-settings", "proxy-connection"}


class Fault(Exception):
    """What is wrong with that which reached dockerd."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes for a door; those before and after `cut` are sent one after the other."""

    door: str
    data: bytes
    cut: int


def make_sent(chance: random.Random) -> Sent:
    """Bytes that are nearly, or not at all, one request."""
    fields = [_make_field(chance) for _ in range(chance.randrange(5))]
    if chance.random() < 0.9:
        fields.insert(chance.randrange(len(fields) + 1), _HOST)
    end = chance.choice((b"\r\n",) * 60 + (b"\n",) * 9 + (b"\r",))
    data = end.join((chance.choice(_LINES), *fields, b"", b"")) + chance.choice(_BODIES)
    for _ in range(chance.choice((*(0,) * 9, 1, 2, 4))):
        at = chance.randrange(len(data) + 1)
        piece = chance.choice((*_PIECES, chance.randbytes(1)))
        data = data[:at] + piece + data[at + chance.randrange(3) :]
    return Sent(chance.choice(DOORS), data, chance.randrange(len(data) + 1))


def _make_field(chance: random.Random) -> bytes:
    if chance.random() < 0.7:
        return chance.choice(_PLAIN)
    name = chance.choice(_NAMES)
    if chance.random() < 0.3:
        name = chance.choice((name.lower(), name.upper(), name.replace(b"-", b"_"), name + b" ", b" " + name, name * 2))
    return name + chance.choice((b": ", b":", b":\t", b" : ", b"")) + chance.choice(_VALUES)


class Bench:
    """A door between a client and a stand-in for dockerd, all in this thread. `doors`: its sockets by name."""

    def __init__(self, dockerd: socket.socket, doors: dict[str, socket.socket], folder: Path) -> None:
        self._dockerd = dockerd
        self._paths = {name: str(folder / name / "docker.sock") for name in doors}
        self.loop = DoorLoop(doors, str(folder / "dockerd.sock"), Stamps(KEY, BOOT))

    def send(self, sent: Sent) -> tuple[list[bytes], bytes]:
        """What came at dockerd, by connection, and what the client was answered; raises Fault when nothing ends."""
        seen: list[bytes] = []
        answer, until = b"", time.process_time() + _SECONDS
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self._paths[sent.door])
            client.setblocking(False)
            # A door that has refused takes nothing more.
            with suppress(BrokenPipeError):
                client.send(sent.data[: sent.cut])
                self.loop.run_once(0)
                client.send(sent.data[sent.cut :])
                client.shutdown(socket.SHUT_WR)
            while time.process_time() < until:
                self.loop.run_once(0)
                with suppress(BlockingIOError):
                    seen.append(self._serve(self._dockerd.accept()[0]))
                with suppress(BlockingIOError):
                    piece = _receive(client)
                    answer += piece
                    if not piece:
                        return seen, answer
        raise Fault("the connection does not end")

    def _serve(self, upstream: socket.socket) -> bytes:
        """All that comes, and an answer."""
        data, until = b"", time.process_time() + _SECONDS
        with upstream:
            upstream.setblocking(False)
            while time.process_time() < until:
                with suppress(BlockingIOError):
                    piece = _receive(upstream)
                    data += piece
                    if not piece:
                        upstream.send(ANSWER)
                        return data
                self.loop.run_once(0)
        raise Fault("the end of the client does not come at dockerd")


def _receive(one: socket.socket) -> bytes:
    with suppress(ConnectionResetError):
        return one.recv(1 << 16)
    return b""


@contextmanager
def bench() -> Iterator[Bench]:
    """In a folder of its own."""
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as dockerd:
        folder = Path(name)
        dockerd.bind(str(folder / "dockerd.sock"))
        dockerd.listen()
        dockerd.setblocking(False)
        for door in DOORS:
            (folder / door).mkdir()
        doors = listen_at([f"{door}={folder / door / 'docker.sock'}" for door in DOORS])
        made = Bench(dockerd, doors, folder)
        try:
            yield made
        finally:
            made.loop.close()
            for listener in doors.values():
                listener.close()


def check(sent: Sent, seen: list[bytes], answer: bytes) -> str:
    """`passed`, `refused` or `silent`; raises Fault for anything but one request with one stamp, or none at all."""
    if not seen:
        if answer and not re.match(rb'HTTP/1\.1 [45][0-9]{2} [^\0]*\{"message": "portero door: ', answer):
            raise Fault(f"an answer that is not the door's: {answer[:200]!r}")
        return "refused" if answer else "silent"
    if len(seen) != 1 or answer != ANSWER:
        raise Fault(f"{len(seen)} connections, answered {answer[:200]!r}")
    head, _, rest = seen[0].partition(b"\r\n\r\n")
    # Its first line says how its lines end.
    line_end = b"\r\n" if sent.data.partition(b"\n")[0].endswith(b"\r") else b"\n"
    if rest != sent.data.partition(2 * line_end)[2]:
        raise Fault(f"other bytes after the head: {rest[:200]!r}")
    _check_head(head, sent.door)
    return "passed"


def _check_head(head: bytes, door: str) -> None:
    line, _, fields = head.partition(b"\r\n")
    if not re.fullmatch(rb"[A-Z]+ /[!-~]* HTTP/1\.1", line):
        raise Fault(f"another request line: {line!r}")
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\r\n[ \t]|\0", head):
        raise Fault("line ends that are read in two ways")
    try:
        read = parse_headers(BytesIO(fields + b"\r\n\r\n"))
    except HTTPException as error:
        raise Fault(f"another reader: {error!r}") from error
    named = Counter(name.lower().replace("_", "-") for name in read)
    plain = [text.partition(b":")[0].lower().replace(b"_", b"-").decode() for text in fields.split(b"\r\n")]
    if named != Counter(plain):
        raise Fault("another reader finds other fields")
    if (named["x-portero-door"], named["host"], named["connection"]) != (1, 1, 1) or not _GONE.isdisjoint(named):
        raise Fault(f"fields that are there too often: {named}")
    if read["connection"] not in ("close", "close, Upgrade") or (door != "users" and named["x-portero-token"]):
        raise Fault(f"connection or token: {read['connection']}")
    # Go knows these two by their hyphen alone.
    lengths = [name for name in read if name.lower() in ("content-length", "transfer-encoding")]
    if named["content-type"] > 1 or len(lengths) > 1:
        raise Fault("a body that is read in two ways")
    if read_stamp(read["x-portero-door"], KEY.public_key(), BOOT).door != door:
        raise Fault("the stamp of another door")


def main() -> int:
    """Send them and count; the first fault ends it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, counts = random.Random(given.seed), Counter[str]()
    with bench() as made:
        for _ in range(given.number):
            sent = make_sent(chance)
            try:
                counts[check(sent, *made.send(sent))] += 1
            except Fault as fault:
                print(f"{sent}: {fault}", file=sys.stderr)
                return 1
    print(f"{given.number} heads of seed {given.seed}: {dict(counts)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
