"""What the stand-in remembers, and what it takes for granted."""

from portero.tools.standin.objects import State, make_id, make_swarm_id
from tests.tools.standin.direct_client import Client


def test_a_container_that_was_not_made_here_existed_before_and_runs(docker: Client) -> None:
    assert docker.status("netbase") == "running"
    assert docker.get("/containers/json?all=1") == []


def test_an_id_is_the_same_for_the_same_seed_and_has_dockers_length() -> None:
    assert make_id("web") == make_id("web") != make_id("db")
    assert (len(make_id("web")), len(make_swarm_id("web"))) == (64, 25)


def test_a_removed_container_leaves_its_events_behind() -> None:
    state = State()
    container = state.find_container("web")

    state.start(container)
    state.end(container)
    state.remove(container)

    assert container.id not in state.containers
    assert [event["Action"] for event in state.events][:2] == ["start", "die"]
