"""Why a host check sees little: what dockerd says when it refuses, and that it does not answer."""

import socket
from pathlib import Path

import pytest

from portero.dockerd import api
from portero.files.chroot import Files
from portero.hostcheck.unseen import explain_unseen
from tests.hostcheck.answering_dockerd import Dockerd

CONFIG = "/etc/docker/daemon.json"
DENIED = "authorization denied by plugin portero: NetworkList refused [d-1]\n  policy-unusable  Portero has no policy"


def explain(tmp_path: Path, address: str) -> list[str]:
    return [*explain_unseen(Files(str(tmp_path)), CONFIG, address)]


def test_what_dockerd_says_when_it_refuses_is_told_in_one_line(tmp_path: Path, dockerd: Dockerd) -> None:
    dockerd.says("GET /networks", 403, {"message": DENIED})

    (told,) = explain(tmp_path, dockerd.address)

    assert told.startswith(f"{dockerd.address}: dockerd does not say what it is asked, so much is unknown here: ")
    assert told.endswith(f"status 403: {' '.join(DENIED.split())}")


def test_a_dockerd_that_answers_needs_no_explanation(tmp_path: Path, dockerd: Dockerd) -> None:
    dockerd.says("GET /networks", 200, [])

    assert explain(tmp_path, dockerd.address) == explain(tmp_path, str(tmp_path / "none.sock")) == []


def test_a_dockerd_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "TIMEOUT_SECONDS", 0.1)
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(path)
        silent.listen()

        (told,) = explain(tmp_path, path)

    assert told.startswith(f"{path}: dockerd does not answer (")
    assert "docs/when-docker-hangs.md has the way out" in told
