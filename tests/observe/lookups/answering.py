"""A daemon of a few lines stands for dockerd."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Thread


def http(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def failure(status: str) -> bytes:
    return http(status, '{"message": "why"}')


MISSING = failure("404 Not Found")


@contextmanager
def answering(
    address: str, answers: Mapping[str, bytes], note: Callable[[str], str] = lambda arrived: arrived
) -> Iterator[list[str]]:
    """Answers each target, one connection after the other; the list gets what `note` makes of what arrived."""
    asked: list[str] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    if arrived := connection.recv(65536).decode():
                        asked.append(note(arrived))
                        connection.sendall(answers.get(arrived.split()[1], MISSING))
                        connection.shutdown(socket.SHUT_WR)
                        # A body can come after the head; it must not meet a closed connection.
                        while connection.recv(65536):
                            pass

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield asked
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)
