"""Makes a sequence that found a way shorter, as long as it still finds one of the same ways."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tests import shrinking

from .steps import Step

Finds = Callable[[Sequence[Step]], bool]


def shrink(steps: Sequence[Step], finds: Finds, tries: int = 120) -> list[Step]:
    """Leave out steps, then pieces, then parts of programs, each as long as `finds` holds; at most `tries` times."""
    return shrinking.shrink([*steps], _smaller, finds, tries)


def _smaller(steps: list[Step]) -> Iterator[list[Step]]:
    for half in (steps[len(steps) // 2 :], steps[: len(steps) // 2]):
        if 2 < len(steps) != len(half):
            yield half
    for at in reversed(range(len(steps))):
        if len(steps) > 1:
            yield steps[:at] + steps[at + 1 :]
    for at, step in enumerate(steps):
        yield from ([*steps[:at], less, *steps[at + 1 :]] for less in _less(step))


def _less(step: Step) -> Iterator[Step]:
    for at in range(len(step.pieces)):
        yield replace(step, pieces=[*step.pieces[:at], *step.pieces[at + 1 :]])
    acts = step.text.split("; ") if step.kind in ("run", "create", "exec") else []
    for at in range(len(acts)):
        if len(acts) > 1:
            yield replace(step, text="; ".join(acts[:at] + acts[at + 1 :]))
    if step.version:
        yield replace(step, version="")
