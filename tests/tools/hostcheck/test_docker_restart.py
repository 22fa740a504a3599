"""dockerd restarts once it shows live-restore, or where no container runs; else the containers are named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portero.observe.dockerd.api import EngineApi
from portero.tools.hostcheck import docker_restart
from portero.tools.hostcheck.docker_restart import ContainersWouldStop, restart_docker
from tests.unix_server import Handler, serving

RELOAD = "systemctl reload docker"
RESTARTS = [" ".join(words) for words in docker_restart._RESTARTS]


class Docker(Handler):
    """Answers /info from a list, the last one for ever, and what runs."""

    infos: list[dict[str, object]]
    running: list[str]

    def respond(self) -> None:
        if self.path == "/info":
            self.reply(self.infos.pop(0) if len(self.infos) > 1 else self.infos[0])
        else:
            self.reply([{"Names": [f"/{name}"]} for name in self.running])


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineApi]:
    monkeypatch.setattr(docker_restart, "SECONDS", 0.3)
    monkeypatch.setattr(docker_restart, "_EVERY", 0.01)
    Docker.infos, Docker.running = [{}], ["db", "web"]
    with serving(tmp_path / "docker.sock", Docker):
        yield EngineApi(str(tmp_path / "docker.sock"))


def restart(api: EngineApi, *, stops: bool = False) -> list[str]:
    typed: list[str] = []
    restart_docker(api, lambda *words: typed.append(" ".join(words)), is_configured=True, stops_containers=stops)
    return typed


def test_it_waits_until_dockerd_shows_live_restore(api: EngineApi) -> None:
    Docker.infos = [{}, {"LiveRestoreEnabled": False}, {"LiveRestoreEnabled": True}]

    assert restart(api) == [RELOAD, *RESTARTS]
    assert len(Docker.infos) == 1


@pytest.mark.parametrize(
    ("info", "is_configured", "why"),
    [
        ({}, True, "dockerd has no live-restore 0 s after its reload"),
        # It may be about to drop it.
        ({"LiveRestoreEnabled": True}, False, "daemon.json does not say live-restore"),
        ({"Swarm": {"LocalNodeState": "active"}}, True, "this host is in a swarm"),
    ],
)
def test_where_containers_would_stop_they_are_named_and_nothing_restarts(
    api: EngineApi, info: dict[str, object], *, is_configured: bool, why: str
) -> None:
    Docker.infos = [info]
    typed: list[str] = []

    with pytest.raises(ContainersWouldStop, match=why) as fault:
        restart_docker(api, lambda *words: typed.append(" ".join(words)), is_configured=is_configured)

    assert (fault.value.names, typed) == (["db", "web"], [RELOAD])
    assert restart(api, stops=True) == [RELOAD, *RESTARTS]


def test_without_running_containers_nothing_can_stop(api: EngineApi) -> None:
    Docker.running = []

    assert restart(api) == [RELOAD, *RESTARTS]


def test_a_dockerd_that_does_not_answer_is_not_restarted(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        restart(EngineApi(str(tmp_path / "none.sock")))
