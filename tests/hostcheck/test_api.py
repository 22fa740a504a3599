"""Questions to dockerd over its socket."""

import socket
import threading
from pathlib import Path

import pytest

from portero.hostcheck.api import EngineApi
from tests.hostcheck.answering_dockerd import Dockerd


def test_an_object_is_the_answer(dockerd: Dockerd) -> None:
    dockerd.says("GET /info", 200, {"ID": "x"})

    assert EngineApi(dockerd.address).get("/info") == {"ID": "x"}


@pytest.mark.parametrize(("status", "answer"), [(500, {}), (200, []), (200, b"no json")])
def test_anything_else_is_not_the_engine_api(dockerd: Dockerd, status: int, answer: object) -> None:
    dockerd.says("GET /info", status, answer)

    with pytest.raises(ValueError, match=r"GET /info|Expecting value"):
        EngineApi(dockerd.address).get("/info")


def test_nobody_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        EngineApi(str(tmp_path / "docker.sock")).get("/info")


def test_what_does_not_speak_http_is_a_value_error(tmp_path: Path) -> None:
    address = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        thread = threading.Thread(target=_answer, args=(listener,))
        thread.start()
        with pytest.raises(ValueError, match="not answered in HTTP"):
            EngineApi(address).get("/info")
        thread.join()


def test_the_message_of_an_answer_is_given_with_its_status(dockerd: Dockerd) -> None:
    dockerd.says("POST /containers/create", 403, {"message": "no"})

    assert EngineApi(dockerd.address).post("/containers/create", b"{}") == (403, "no")


def test_an_answer_without_a_message_is_silent(dockerd: Dockerd) -> None:
    dockerd.says("POST /containers/create", 201, [])

    assert EngineApi(dockerd.address).post("/containers/create", b"{}") == (201, "")


def _answer(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"hello\n")
