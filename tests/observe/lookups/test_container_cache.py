"""Containers are found as dockerd finds them, and only where nothing can have changed since they were read."""

import sys
import time
from collections.abc import Callable
from random import Random
from types import FrameType
from typing import Any

import pytest

from portero.decide.interfaces.effects import Touch
from portero.observe.lookups import container_cache
from portero.observe.lookups.cached_facts import FactsCode
from portero.observe.lookups.container_cache import ContainerCache
from portero.observe.pending.touches import Touches

CODE = FactsCode()
ID, OTHER = "abcabcabcabc" + 52 * "1", "cafe" + 60 * "2"


def shown(id: str = ID, name: str = "web", state: str = "running", **config: Any) -> dict[str, Any]:
    started = {"Status": state, "StartedAt": "2026-01-02T03:04:05.6Z"}
    return {"Id": id, "Name": f"/{name}", "State": started, "Config": config, "HostConfig": {}, "Mounts": []}


def note(containers: ContainerCache, one: dict[str, Any], moment: int) -> None:
    containers.note_inspected(one["Id"], one, CODE.encode("container", one), moment)


def known(*containers: dict[str, Any]) -> ContainerCache:
    touches = Touches()
    found = ContainerCache(touches)
    for one in containers:
        note(found, one, touches.moment)
    return found


def name_found(containers: ContainerCache, ref: str, *, are_all: bool = True) -> Any:
    found = containers.find(ref, are_all=are_all)
    return found and CODE.decode(found[1])["Name"]


def list_all(containers: ContainerCache) -> tuple[list[Any], list[str]]:
    listed, others = containers.list_all() or ([], [])
    return [*listed], others


@pytest.mark.parametrize(
    ("refs", "name"), [((ID, ID[:12], ID[:63], "web"), "/web"), ((ID[:11], ID[:4], "we", OTHER, ""), None)]
)
def test_it_is_known_by_id_name_and_a_long_beginning(refs: tuple[str, ...], name: str | None) -> None:
    assert [name_found(known(shown()), ref) for ref in refs] == [name] * len(refs)


def test_a_name_comes_before_the_beginning_of_an_id() -> None:
    both = known(shown(), shown(OTHER, ID[:12]))
    assert name_found(both, ID[:12]) == f"/{ID[:12]}"
    assert name_found(both, ID) == "/web"
    assert name_found(known(shown(), shown(OTHER, ID)), ID) == "/web"

    # Somebody whose name is not known can have this one.
    one = known(shown())
    assert name_found(one, ID[:12], are_all=False) is None
    one.add(OTHER)
    assert (name_found(one, ID[:12]), name_found(one, "web")) == (None, "/web")


def test_a_short_name_that_begins_the_id_of_another_is_known_while_it_is_certain() -> None:
    touches = Touches()
    found = ContainerCache(touches)
    for one in (shown(OTHER, "db"), shown(name="cafe")):
        note(found, one, touches.moment)
    assert name_found(found, "cafe") == "/cafe"

    # It is called otherwise now, and dockerd takes the beginning.
    touches.note(Touch("container", ID))
    found.forget(Touch("container", ID))
    assert name_found(found, "cafe") is None
    note(found, shown(name="web"), touches.moment)
    assert name_found(found, "cafe") is None


def count_steps(do: Callable[[], object]) -> int:
    """How many steps Python's interpreter makes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)
    return count


def test_a_question_and_a_change_take_as_long_among_10_000_containers_as_among_5_000() -> None:
    def measure(number: int) -> list[int]:
        touches = Touches()
        found = ContainerCache(touches)
        others = [{"Id": f"{n:064x}", "Names": [f"/n{n}"], "State": "running"} for n in range(number)]
        begun = [{"Id": f"db{n}" + 61 * "0", "Names": [f"/b{n}"], "State": "running"} for n in range(3)]
        found.note_list([*others, *begun], touches.moment)
        for one in (shown(), shown(OTHER, "db")):
            note(found, one, touches.moment)
        steps = [count_steps(lambda: note(found, shown(), touches.moment))]
        for ref in ("db", "web", ID, ID[:12], "dbdb"):
            steps.append(count_steps(lambda ref=ref: found.find(ref, are_all=True)))  # type: ignore[misc]
            steps.append(count_steps(lambda ref=ref: [*found.list_named([Touch("state", ref)])]))  # type: ignore[misc]
            steps.append(count_steps(lambda ref=ref: found.forget(Touch("state", ref))))  # type: ignore[misc]
        return steps

    assert measure(10_000) == measure(5_000)


def test_who_has_the_name_of_another_one_took_it() -> None:
    both = known(shown(), shown(OTHER, "web"))

    assert (name_found(both, "web"), name_found(both, ID)) == ("/web", None)
    assert both.list_all()[1] == [ID]


@pytest.mark.parametrize("touch", [Touch("container", "web"), Touch("container", "abc"), Touch("container")])
def test_what_can_have_changed_is_not_known_until_it_is_read_again(touch: Touch) -> None:
    touches = Touches()
    found = ContainerCache(touches)
    before = touches.moment
    note(found, shown(), before)

    touches.note(touch)
    found.forget(touch)
    assert name_found(found, ID) is None
    note(found, shown(), before)
    assert name_found(found, ID) is None
    # Of all containers the list tells, and who needs more asks.
    assert (found.pop_unread(), found.pop_unread(), found.needs_list) == (ID, None, not touch.ref)

    note(found, shown(), touches.moment)
    assert name_found(found, ID) == "/web"


def test_while_a_request_is_under_way_nothing_is_kept() -> None:
    touches = Touches()
    found = ContainerCache(touches)
    touches.begin([Touch("container", "web")])
    note(found, shown(), touches.moment)

    assert name_found(found, ID) is None
    assert list_all(found) == ([], [ID])


def test_what_a_request_can_change_just_now_is_read_again_after_its_answer() -> None:
    touches, start = Touches(), (Touch("start", "web"), Touch("state", "web"))
    found = ContainerCache(touches)
    note(found, shown(), touches.moment)
    assert found.pop_unread() == ID
    touches.begin(start)
    for touch in start:
        found.forget(touch)
    assert found.pop_unread() is None

    touches.end(start)
    for touch in start:
        found.forget(touch)
    assert (found.has_unread, found.pop_unread()) == (True, ID)


@pytest.mark.parametrize(("started", "changes"), [("0001-01-01T00:00:00Z", True), ("", True), ("2026-01-02", False)])
def test_only_the_first_start_changes_facts(started: str, *, changes: bool) -> None:
    touches, start = Touches(), (Touch("start", "web"), Touch("state", "web"))
    found, one = ContainerCache(touches), {**shown(), "State": {"Status": "exited", "StartedAt": started}}
    note(found, one, touches.moment)
    assert name_found(found, "web") == "/web"

    touches.begin(start)
    for touch in start:
        found.forget(touch)
    assert (name_found(found, "web") is None) is changes
    note(found, one, touches.moment)  # as it was before that start
    assert (name_found(found, "web") is None) is changes
    assert found.list_all()[1] == [ID]  # type: ignore[index]
    touches.end(start)

    note(found, shown(), touches.moment)
    assert (name_found(found, "web"), list_all(found)[1]) == ("/web", [])


def test_of_a_state_that_is_not_known_it_may_have_run() -> None:
    found = known(shown(state="created"))
    assert found.find(ID, are_all=True)[2] == "created"  # type: ignore[index]

    found.forget(Touch("state", ID))
    assert found.find(ID, are_all=True)[2] == "exited"  # type: ignore[index]
    assert list_all(found) == ([], [ID])


def test_of_one_with_many_mounts_no_line_of_a_list_is_kept() -> None:
    for mounts in (
        [{"Type": "volume", "Destination": f"/m{number}"} for number in range(40)],
        [{"Source": "x" * 9000}],
    ):
        assert list_all(known({**shown(), "Mounts": mounts})) == ([], [ID])

    # Below these nothing of the host is.
    listed, unknown = known({**shown(), "Mounts": [{"Type": "tmpfs"}] * 40}).list_all()
    assert ([one["Mounts"] for one in listed], unknown) == ([[]], [])


def test_a_list_has_all_but_what_was_made_meanwhile() -> None:
    touches = Touches()
    found = ContainerCache(touches)
    note(found, shown(OTHER, "gone"), touches.moment)
    before = touches.moment
    found.add("f" * 64, "new")
    found.note_list([{"Id": ID, "Names": ["/db/alias", "/web"], "State": "running"}], before)

    listed, unknown = found.list_all()
    assert ([one["Id"] for one in listed], unknown) == ([ID], ["f" * 64])
    found.note_inspected(ID, None, None, touches.moment)
    assert list_all(found) == ([], ["f" * 64])


def test_what_is_long_is_not_kept() -> None:
    found = known(shown(Labels={"long": Random(1).randbytes(1 << 17).hex()}))

    assert name_found(found, ID) is None
    assert [one["Id"] for one in found.list_all()[0]] == [ID]


def test_of_too_many_there_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_cache, "MAX_OBJECTS", 1)
    found = known(shown())
    assert found.list_all() is None

    found.add(OTHER)
    note(found, shown(OTHER), 9)
    assert name_found(found, OTHER) is None


@pytest.mark.parametrize("is_told", [False, True], ids=["asked for since", "known before, told since"])
def test_a_list_that_was_asked_for_before_does_not_lose_what_is_there(*, is_told: bool) -> None:
    touches = Touches()
    found = ContainerCache(touches)
    before = touches.moment
    note(found, shown(), before)
    if is_told:
        before = touches.moment
        found.add(ID, "web")
    found.note_list([], before)
    assert [one["Id"] for one in found.list_all()[0]] == [ID]

    found.note_list([], touches.moment)
    assert list_all(found) == ([], [])


def test_after_too_many_only_a_whole_list_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_cache, "MAX_OBJECTS", 2)
    touches = Touches()
    found = ContainerCache(touches)
    listed = [{"Id": id, "Names": [f"/{id[0]}"], "State": "running"} for id in (ID, OTHER, "f" * 64)]
    before = touches.moment
    found.note_list(listed, before)
    found.remove(ID)
    note(found, shown(OTHER, "db"), touches.moment)
    assert (found.list_all(), name_found(found, OTHER[:20]), name_found(found, OTHER)) == (None, None, "/db")
    found.note_list([listed[1]], before)
    assert found.list_all() is None

    found.note_list([listed[1]], touches.moment)
    assert list_all(found) == ([{**one, "Mounts": [], "HostConfig": {"NetworkMode": ""}} for one in listed[1:2]], [])


def test_of_a_long_name_nothing_is_kept() -> None:
    assert name_found(known(shown(name="x" * 255)), ID) == "/" + "x" * 255
    assert name_found(known(shown(name="x" * 256)), ID) is None


def test_thousands_of_requests_under_way_cost_a_list_little() -> None:
    touches = Touches()
    found = ContainerCache(touches)
    touches.begin(Touch("container", f"u{number}") for number in range(4000))
    began = time.process_time()
    found.note_list([{"Id": f"{n:064x}", "Names": [f"/n{n}"], "State": "running"} for n in range(1000)], touches.moment)

    assert time.process_time() - began < 1.0  # 7 s before
    assert len(found.list_all()[0]) == 1000
