"""The stand-in's socket: its folder, bodies in every transfer coding, streams, and the bare connection."""

import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.observe.dockerd.unix_http import UnixConnection
from portero.tools.standin import socket_server
from portero.tools.standin.messages import MAX_SHOWN_BYTES, Answer, ClientRequest


def ask(
    answer: Callable[[ClientRequest], Answer], method: str, target: str, **more: object
) -> tuple[int, bytes, dict[str, str]]:
    with socket_server.serve(answer) as path:
        connection = UnixConnection(path, 5)
        connection.request(method, target, **more)  # type: ignore[arg-type]
        response = connection.getresponse()
        result = response.status, response.read(), dict(response.getheaders())
        connection.close()
    return result


def keeping(asked: list[ClientRequest]) -> Callable[[ClientRequest], Answer]:
    """Answers everything alike and keeps what was asked."""

    def answer(request: ClientRequest) -> Answer:
        asked.append(request)
        return Answer(204)

    return answer


def raw(answer: Callable[[ClientRequest], Answer], data: bytes) -> bytes:
    with socket_server.serve(answer) as path, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(4096), b""))


def test_only_the_user_can_enter_the_folder_and_it_is_gone_afterwards() -> None:
    with socket_server.serve(lambda _: Answer()) as path:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    assert not path.parent.exists()


def test_a_folder_too_deep_for_a_socket_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))

    with pytest.raises(OSError, match="too long"), socket_server.serve(lambda _: Answer()):
        pass

    assert list(deep.iterdir()) == []


def test_json_goes_out_with_its_length_and_the_headers_of_dockerd() -> None:
    status, body, headers = ask(lambda _: Answer(201, {"Id": "x"}), "POST", "/containers/create", body=b"{}")

    assert (status, body) == (201, b'{"Id": "x"}\n')
    assert (headers["Content-Length"], headers["Api-Version"]) == ("12", "1.45")


def test_method_target_headers_and_body_are_handed_on_as_they_came() -> None:
    asked: list[ClientRequest] = []
    headers = {"X-Odd": "1", "Content-Type": "application/json"}

    assert ask(keeping(asked), "PUT", "/a%2Fb?x=%20#y", body=b"abc", headers=headers)[0] == 204
    assert (asked[0].method, asked[0].target, asked[0].body) == ("PUT", "/a%2Fb?x=%20#y", b"abc")
    assert ("X-Odd", "1") in asked[0].headers


@pytest.mark.parametrize(
    ("body", "kept"),
    [((b"one ", b"two"), b"one two"), ((b" " * (MAX_SHOWN_BYTES + 3 * 65536),), b" " * (MAX_SHOWN_BYTES + 1))],
    ids=["is put together", "is kept as far as is needed to refuse it"],
)
def test_a_chunked_body(body: tuple[bytes, ...], kept: bytes) -> None:
    asked: list[ClientRequest] = []
    headers = {"Transfer-Encoding": "chunked"}

    ask(keeping(asked), "POST", "/build", body=iter(body), encode_chunked=True, headers=headers)

    assert [request.body == kept for request in asked] == [True]


def test_what_follows_the_last_chunk_is_not_the_next_request() -> None:
    request = b"POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\nTrailer: x\r\n\r\n"
    last = b"GET /_ping HTTP/1.1\r\nConnection: close\r\n\r\n"
    asked: list[ClientRequest] = []

    raw(keeping(asked), request + last)

    assert [(each.target, each.body) for each in asked] == [("/build", b"a"), ("/_ping", b"")]


def test_a_fault_of_the_stand_in_is_not_kept_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    def answer(_: ClientRequest) -> Answer:
        raise RuntimeError("on purpose")

    assert raw(answer, b"GET /_ping HTTP/1.1\r\n\r\n") == b""
    assert "RuntimeError: on purpose" in capfd.readouterr().err


def test_a_stream_arrives_piece_by_piece_and_whole_and_no_body_to_head() -> None:
    _, body, headers = ask(lambda _: Answer(stream=[b"a\n", b"", b"b\n"]), "GET", "/events")

    assert (body, headers["Transfer-Encoding"]) == (b"a\nb\n", "chunked")
    assert ask(lambda _: Answer(stream=[b"OK"]), "HEAD", "/_ping")[1] == b""


def test_a_hijacked_connection_is_the_clients_until_both_have_closed_it() -> None:
    answer = Answer(101, headers={"Upgrade": "tcp"}, stream=[b"bytes"], hijacked=True)

    head, _, body = raw(lambda _: answer, b"POST /attach HTTP/1.1\r\nHost: docker\r\n\r\nstdin").partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"Upgrade: tcp" in head
    assert body == b"bytes"


def test_a_client_that_goes_away_is_no_fault(capfd: pytest.CaptureFixture[str]) -> None:
    with socket_server.serve(lambda _: Answer()) as path, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"POST /build HTTP/1.1\r\nContent-Length: 9\r\n\r\n")

    assert capfd.readouterr().err == ""
