"""Counting differences: both directions, by rule, user, image and operation, in bounded room."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from portero.capture.comparison import MOST_EXAMPLES, MOST_NAMES, OTHERS, Changes, Comparison
from portero.capture.record import Outcome

ALLOWED = Outcome(True, (), "", "ContainerCreate", "alice", "busybox")
REFUSED = Outcome(False, ("memory-limit", "no-swap"), "HostConfig.Memory", "ContainerCreate", "", "busybox")


def test_what_is_decided_alike_is_only_counted() -> None:
    comparison = Comparison()

    comparison.add("1", "d-1", ALLOWED, ALLOWED)
    comparison.add("2", "d-2", REFUSED, REFUSED)

    assert (comparison.alike, comparison.compared) == (2, 2)
    assert comparison.refused.count == comparison.allowed.count == 0


def test_what_would_be_refused_is_reported_by_what_refuses_it_then() -> None:
    comparison = Comparison()

    comparison.add("capture:7", "d-7", ALLOWED, REFUSED)

    assert comparison.document()["wouldBeRefused"] == {
        "count": 1,
        "by": {
            "rule": {"memory-limit": 1, "no-swap": 1},
            "user": {"(none)": 1},
            "image": {"busybox": 1},
            "operation": {"ContainerCreate": 1},
        },
        "examples": [
            {
                "line": "capture:7",
                "id": "d-7",
                "operation": "ContainerCreate",
                "user": "",
                "image": "busybox",
                "rules": ["memory-limit", "no-swap"],
                "at": "HostConfig.Memory",
            }
        ],
    }


def test_what_would_be_allowed_is_reported_by_what_refused_it_before() -> None:
    comparison = Comparison()

    comparison.add("1", "d-1", REFUSED, ALLOWED)

    assert comparison.refused.count == 0
    assert comparison.allowed.by["rule"] == {"memory-limit": 1, "no-swap": 1}
    assert comparison.compared == 1


def test_names_beyond_the_bound_are_counted_together_and_examples_are_few() -> None:
    comparison = Comparison()
    for number in range(MOST_NAMES + 5):
        image = f"image-{number}"
        comparison.add(str(number), "", ALLOWED, Outcome(False, ("x",), "", "ContainerCreate", "", image))
    comparison.add("again", "", ALLOWED, Outcome(False, ("x",), "", "ContainerCreate", "", "image-0"))

    images = comparison.refused.by["image"]
    assert (len(images), images[OTHERS], images["image-0"]) == (MOST_NAMES + 1, 5, 2)
    assert len(comparison.refused.examples) == MOST_EXAMPLES


OUTCOMES = st.builds(
    lambda allowed, rule, user: Outcome(allowed, () if allowed else (rule,), "", "ContainerCreate", user, "busybox"),
    st.booleans(),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["alice", "bob", "carol", "", OTHERS]),
)


@given(st.lists(st.tuples(OUTCOMES, OUTCOMES), max_size=30), st.integers(0, 30), st.integers(1, 3))
def test_pieces_count_as_the_whole_does_wherever_it_is_cut(
    pairs: list[tuple[Outcome, Outcome]], cut: int, most: int
) -> None:
    whole, merged = (Comparison(refused=Changes(most), allowed=Changes(most)) for _ in range(2))
    numbered = [(str(number), f"d-{number}", before, after) for number, (before, after) in enumerate(pairs)]
    for each in numbered:
        whole.add(*each)
    for part in (numbered[:cut], numbered[cut:]):
        piece = Comparison.of_piece()
        piece.unreadable = piece.withheld = piece.undecided = piece.earlier = len(part)
        for each in part:
            piece.add(*each)
        merged.merge(piece)

    whole.unreadable = whole.withheld = whole.undecided = whole.earlier = len(pairs)
    assert merged == whole
    assert json.dumps(merged.document()) == json.dumps(whole.document())


def test_in_a_piece_every_name_is_told_apart() -> None:
    piece = Comparison.of_piece()
    for number in range(MOST_NAMES + 5):
        piece.add("1", "d-1", ALLOWED, replace(REFUSED, image=f"image-{number}"))

    assert len(piece.refused.by["image"]) == MOST_NAMES + 5
