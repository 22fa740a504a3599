"""Each answer of the daemon is noted in the picture, as of the moment when it was asked."""

from pathlib import Path

import pytest

from portero.decide.interfaces.effects import Effects, Source, Touch
from portero.decide.values.refusals import Refused
from portero.observe.dockerd.api import TimedRequests
from portero.observe.lookups.daemon_questions import DaemonQuestions
from portero.observe.lookups.followed_daemon import FollowedDaemon
from tests.observe.lookups.answering import answering, http
from tests.observe.pending.test_under_way import enter

ID = "a" * 64
STATE = '{"Status": "running", "StartedAt": "2026-01-02T03:04:05Z"}'
WEB = f'{{"Id": "{ID}", "Name": "/web", "State": {STATE}, "Config": {{}}, "HostConfig": {{}}}}'
LIST = f'[{{"Id": "{ID}", "Names": ["/web"], "State": "running"}}]'
ANSWERS = {
    "/containers/web/json": http("200 OK", WEB),
    "/containers/json?all=1": http("200 OK", LIST),
    "/networks": http("200 OK", '[{"Id": "n"}]'),
    "/info": http("200 OK", '{"Swarm": {}}'),
}


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FollowedDaemon:
    # A Unix socket's address is short; pytest's folders are not.
    monkeypatch.chdir(tmp_path)
    made = FollowedDaemon()
    made.picture.is_followed = True
    made.picture.note_swarm(made.picture.moment, is_swarm=False)
    return made


def ask(followed: FollowedDaemon) -> DaemonQuestions:
    return DaemonQuestions(TimedRequests(["d.sock"], None), followed, lambda state, is_late: None)


def test_answers_are_noted(followed: FollowedDaemon) -> None:
    enter(followed.under_way, "d-1", Effects(sources=(Source("/srv", True, "one"),)), agrees=True)
    followed.under_way.settle("d-1", is_settled=False)
    with answering("d.sock", ANSWERS):
        ask(followed).read_all("container")
        assert followed.picture.list_containers() is None
        ask(followed).ask_for_all("container")
        ask(followed).ask_for_all("network")
        ask(followed).ask_for("container", "web")
        assert ask(followed).ask_info() == {"Swarm": {}}

    assert [one["Id"] for one in followed.picture.list_containers()[0]] == [ID]  # type: ignore[index]
    assert followed.picture.list_networks() == [{"Id": "n"}]
    assert followed.picture.find("container", "web") is not None
    assert followed.under_way.at().others == []


def test_what_may_change_meanwhile_is_not_kept(followed: FollowedDaemon) -> None:
    followed.picture.begin([Touch("container", "web")])
    with answering("d.sock", ANSWERS):
        assert ask(followed).ask_for("container", "web") is not None

    assert followed.picture.find("container", "web") is None


def test_without_an_answer_nothing_is_noted(followed: FollowedDaemon) -> None:
    for question in (lambda: ask(followed).ask_info(), lambda: ask(followed).ask_for_all("container")):
        with pytest.raises(Refused, match="lookup-failed"):
            question()
    assert followed.picture.list_containers() is None
