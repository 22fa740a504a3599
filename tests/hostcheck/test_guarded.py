"""dockerd is asked, and whether it asked Portero is counted."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portero.files.chroot import Files
from portero.hostcheck import guarded
from portero.hostcheck.guarded import Guarded, prove_guarded
from tests.hostcheck.answering_dockerd import Dockerd
from tests.hostcheck.host_tree import Host

CONFIG = "/etc/docker/daemon.json"
Prove = Callable[..., Guarded]


@pytest.fixture
def prove(host: Host, dockerd: Dockerd, monkeypatch: pytest.MonkeyPatch) -> Prove:
    def counted(*counts: Any, status: int = 200, config: Any = None) -> Guarded:
        left: Iterator[Any] = iter(counts)
        monkeypatch.setattr(guarded, "count_decisions", lambda _: next(left))
        dockerd.says("GET /version", status, {"Version": "26.1.5"})
        if config is not None:
            host.write(CONFIG, json.dumps(config))
        return prove_guarded(host.files, CONFIG, dockerd.address, host.at("/portero.sock"))

    return counted


@pytest.mark.parametrize("status", [200, 403])
def test_a_decision_more_is_the_proof_whatever_it_was(prove: Prove, dockerd: Dockerd, status: int) -> None:
    assert prove(7, 8, status=status) == Guarded(dockerd.address)


@pytest.mark.parametrize(
    ("config", "cure"),
    [
        ({}, 'add "authorization-plugins": ["portero"]'),
        ({"authorization-plugins": ["other"]}, 'add "authorization-plugins": ["portero"]'),
        ({"authorization-plugins": ["portero"]}, "names it: run systemctl reload docker"),
    ],
)
def test_a_dockerd_that_does_not_ask_is_told_with_the_cure(
    prove: Prove, dockerd: Dockerd, config: Any, cure: str
) -> None:
    why = prove(7, 7, config=config).why_not

    assert why.startswith(f"{dockerd.address}: dockerd answers without asking portero; ")
    assert cure in why


def test_without_an_answer_nothing_is_proved(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "count_decisions", lambda _: 7)

    named, seen = (prove_guarded(host.files, CONFIG, address, tmp_path) for address in (str(tmp_path / "none"), None))

    assert "/none: dockerd does not answer (No such file or directory); start it: " in named.why_not
    assert "/run/docker.sock: dockerd does not answer" in seen.why_not


def test_processes_that_cannot_be_seen_are_no_proof(tmp_path: Path) -> None:
    assert prove_guarded(Files(str(tmp_path)), CONFIG, None, tmp_path).why_not.startswith("no dockerd can be seen")
