"""Notes of what the host said: each question is asked once, refusals are answers, and what is known is not asked."""

from collections.abc import Callable

import pytest

from portero.decide.interfaces.host import HostRoutes
from portero.decide.interfaces.host_notes import HostNotes, NotedMoment, ask, note_moment
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost

DATA: dict[str, JSON] = {"links": {"/srv/link": "/etc"}, "daemon": {"log-driver": "syslog"}, "devices": "closed"}
HOST = FixedHost(DATA)


def ask_all(moment: NotedMoment) -> list[object]:
    """Each question that can be put to a host."""
    of_path = (moment.find_entry, moment.trace, moment.find_passage)
    return [
        *(find("/srv/link") for find in of_path),
        *(moment.network("db"), moment.daemon(), moment.device_access(), moment.routes()),
        moment.device_access(commits=True),
    ]


def test_every_answer_of_the_host_is_noted_and_then_known() -> None:
    notes = HostNotes()
    said = ask_all(NotedMoment(HOST, notes))
    later = NotedMoment(FixedHost({"devices": "open"}), notes)

    assert said == ask_all(later)
    assert later.find_entry("/var").resolved == "/var"
    assert later.objects() is None


@pytest.mark.parametrize(
    "changed",
    [{"links": {}}, {"daemon": {}}, {"devices": "open"}, {"containerdDevices": "open"}, {"routes": ["10.0.0.0/8"]}],
)
def test_notes_hold_while_the_host_answers_each_question_so(changed: dict[str, JSON]) -> None:
    notes = HostNotes()
    ask_all(NotedMoment(HOST, notes))

    assert notes.still_hold(FixedHost(DATA))
    assert not notes.still_hold(FixedHost(DATA | changed))


def test_notes_of_a_host_that_cannot_be_read_any_more_do_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(host: FixedHost) -> HostRoutes:
        raise Refused("host-unreadable")

    notes = HostNotes()
    NotedMoment(HOST, notes).routes()
    monkeypatch.setattr(FixedHost, "routes", refuse)

    assert not notes.still_hold(HOST)


def test_a_refusal_is_an_answer() -> None:
    def refuse() -> str:
        raise Refused("host-unreadable", "x")

    notes, never = HostNotes(), "asked again"
    answers: list[Callable[[], str]] = [refuse, lambda: never]

    for find in answers:
        with pytest.raises(Refused, match="host-unreadable at x"):
            ask(notes, "routes", find)


def test_without_notes_nothing_stands_between() -> None:
    assert note_moment(HOST, None) is HOST
    assert ask(None, "routes", lambda: 7) == 7
