"""Processes and sockets that only the host may reach; started on the throw-away host, as root.

usage: python listener.py REACHED PORT SECRET PATH...
Listens on 127.0.0.1:PORT for HTTP and answers each request with SECRET, on each PATH for streams, and on each PATH that
ends in .notify for datagrams. The file REACHED gets a line for each PATH that somebody has written to. Prints "ready".
"""

import contextlib
import selectors
import socket
import sys
from pathlib import Path


def main(reached: str, port: str, secret: str, *paths: str) -> None:
    selector = selectors.DefaultSelector()
    network = socket.create_server(("127.0.0.1", int(port)))
    selector.register(network, selectors.EVENT_READ, "")
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if path.endswith(".notify") else socket.SOCK_STREAM)
        listening.bind(path)
        if listening.type == socket.SOCK_STREAM:
            listening.listen()
        selector.register(listening, selectors.EVENT_READ, path)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            answer(key.fileobj, key.data, reached, secret)  # type: ignore[arg-type]


def answer(listening: socket.socket, path: str, reached: str, secret: str) -> None:
    if path.endswith(".notify"):
        listening.recv(65536)
    else:
        connection, _ = listening.accept()
        # A client may go before it has asked, or while it is answered.
        with connection, contextlib.suppress(OSError):
            connection.settimeout(1)
            if not path:
                # Read first: a close with unread bytes resets the connection, and Go's client then loses the answer.
                read_head(connection)
                text = f"HTTP/1.0 200 OK\r\nContent-Length: {len(secret)}\r\n\r\n{secret}"
                connection.sendall(text.encode())
    if path:
        with Path(reached).open("a") as log:
            log.write(f"{path}\n")


def read_head(connection: socket.socket) -> None:
    head = b""
    while b"\r\n\r\n" not in head and (more := connection.recv(65536)):
        head += more


main(*sys.argv[1:])
