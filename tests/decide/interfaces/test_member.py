"""A member says whether it may run, and whether it stands for a service."""

from portero.decide.interfaces.member import Member


def test_what_was_asked_to_start_may_run() -> None:
    states = ("new", "starting", "restarting", "runs", "rests")

    assert [Member("a", "a", state=state).may_run for state in states] == [False, True, True, True, False]  # type: ignore[arg-type]


def test_a_service_is_known_by_its_id() -> None:
    assert Member("service web", "web").is_service
    assert not Member("a" * 64, "service web").is_service
