"""gRPC over HTTP/2 by prior knowledge, as a client that asks dockerd's BuildKit directly: one call, one connection.

usage: python -m tests.e2e.grpc_call ADDRESS METHOD...     (in the network of the host that is asked)
ADDRESS: a Unix socket's path, or PORT:FOLDER with ca.pem, cert.pem and key.pem of a TLS client. Prints a JSON object:
by method the grpc-status (0 is answered), or why there is none.
"""

import json
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events

_SECONDS = 5.0
_ANSWERS = (h2.events.ResponseReceived, h2.events.TrailersReceived)
# An empty message: not compressed, of no bytes.
_EMPTY = b"\0\0\0\0\0"


def call(connection: socket.socket, method: str) -> str:
    """The grpc-status of a call with an empty message; OSError or EOFError: there is none."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    client.initiate_connection()
    names = {":method": "POST", ":scheme": "http", ":path": method, ":authority": "docker"}
    client.send_headers(1, [*names.items(), ("content-type", "application/grpc"), ("te", "trailers")])
    client.send_data(1, _EMPTY, end_stream=True)
    connection.sendall(client.data_to_send())
    while received := connection.recv(65536):
        for event in client.receive_data(received):
            headers = dict(event.headers) if isinstance(event, _ANSWERS) else {}
            if "grpc-status" in headers:
                return str(headers["grpc-status"])
        connection.sendall(client.data_to_send())
    raise EOFError


def connect(address: str) -> socket.socket:
    """A connection that speaks HTTP/2; ConnectionRefusedError: the server takes no h2."""
    if address.startswith("/"):
        unix = socket.socket(socket.AF_UNIX)
        unix.settimeout(_SECONDS)
        unix.connect(address)
        return unix
    port, _, folder = address.partition(":")
    context = ssl.create_default_context(cafile=f"{folder}/ca.pem")
    context.check_hostname = False
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    context.set_alpn_protocols(["h2"])
    tls = context.wrap_socket(socket.create_connection(("127.0.0.1", int(port)), _SECONDS))
    if tls.selected_alpn_protocol() != "h2":
        raise ConnectionRefusedError("no h2")
    return tls


def ask(address: str, method: str) -> str:
    """What came of it, in a word."""
    try:
        with connect(address) as connection:
            return call(connection, method)
    except (OSError, EOFError) as error:
        return f"none: {type(error).__name__} {error}".strip()


if __name__ == "__main__":
    print(json.dumps({method: ask(sys.argv[1], method) for method in sys.argv[2:]}))
