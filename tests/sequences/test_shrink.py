"""What is not needed for a way is left out: steps, pieces, parts of programs."""

from collections.abc import Sequence

from .shrink import shrink
from .steps import Piece, Step

NEEDED = Piece("--pid host", {"HostConfig": {"PidMode": "host"}})
STEPS = [
    Step("alicia", "volume", "v0"),
    Step("bruno", "run", "c0", [Piece("--init"), NEEDED, Piece("-u 1000")], "look; mkdir /x; exit 1", "app", "1.44"),
    Step("alicia", "restart", "c0"),
    Step("alicia", "stop", "c0"),
]


def _finds(steps: Sequence[Step]) -> bool:
    return any(NEEDED in step.pieces and "exit 1" in step.text for step in steps)


def test_only_what_is_needed_is_left() -> None:
    assert shrink(STEPS, _finds) == [Step("bruno", "run", "c0", [NEEDED], "exit 1", "app")]


def test_steps_that_need_each_other_are_both_left() -> None:
    assert shrink(STEPS, lambda steps: {"restart", "run"} <= {step.kind for step in steps})[-1] == STEPS[2]


def test_it_stops_after_so_many_tries() -> None:
    tried: list[Sequence[Step]] = []

    shrink(STEPS, lambda steps: bool(tried.append(steps)), tries=5)

    assert len(tried) == 5
