"""What a treatment asks for, and how the door turns a client away, as bytes."""

import json

import pytest

from portero.door.treatment import Answered, Ask, HoldBody, NothingMore, TurnedAway, ask, hold_body


def test_steps_give_the_replies_that_they_ask_for() -> None:
    wanted = hold_body(9)
    assert next(wanted) == HoldBody(9)
    with pytest.raises(StopIteration) as held:
        wanted.send(b"{}")
    assert held.value.value == b"{}"

    asked = ask("GET", "/services", max_bytes=7)
    assert next(asked) == Ask("GET", "/services", b"", 7)
    with pytest.raises(StopIteration) as answered:
        asked.send(Answered(200, b"[]"))
    assert answered.value.value == Answered(200, b"[]")


@pytest.mark.parametrize("without_content", [True, False])
def test_who_is_turned_away_gets_an_answer_as_of_dockerd(without_content: bool) -> None:
    head, _, content = TurnedAway(429, "Later.").write(without_content=without_content).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n")
    assert (json.loads(content) if content else None) == (
        None if without_content else {"message": "portero door: Later."}
    )


def test_nothing_comes_after_a_body_that_was_held() -> None:
    assert (NothingMore().feed(b"GET / HTTP/1.1"), NothingMore().end()) == (b"", b"")
