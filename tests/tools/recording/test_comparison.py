"""Counting differences: both directions, by rule, user, image and operation, in bounded room."""

from portero.tools.recording.comparison import MAX_EXAMPLES, MAX_NAMES, OTHERS, Comparison
from portero.tools.recording.recorded_line import Outcome

ALLOWED = Outcome(True, (), "", "ContainerCreate", "alice", "busybox")
REFUSED = Outcome(False, ("memory-limit", "no-swap"), "HostConfig.Memory", "ContainerCreate", "", "busybox")


def test_what_is_decided_alike_is_only_counted() -> None:
    comparison = Comparison()

    comparison.add("1", "d-1", ALLOWED, ALLOWED)
    comparison.add("2", "d-2", REFUSED, REFUSED)

    assert (comparison.unchanged, comparison.compared) == (2, 2)
    assert comparison.refused.count == comparison.allowed.count == 0


def test_what_would_be_refused_is_reported_by_what_refuses_it_then() -> None:
    comparison = Comparison()

    comparison.add("capture:7", "d-7", ALLOWED, REFUSED)

    assert comparison.make_document()["wouldBeRefused"] == {
        "count": 1,
        "by": {
            "rule": {"memory-limit": 1, "no-swap": 1},
            "user": {"(none)": 1},
            "image": {"busybox": 1},
            "operation": {"ContainerCreate": 1},
        },
        "examples": [
            {
                **{"line": "capture:7", "id": "d-7", "operation": "ContainerCreate", "user": "", "image": "busybox"},
                **{"rules": ["memory-limit", "no-swap"], "at": "HostConfig.Memory"},
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
    for number in range(MAX_NAMES + 5):
        image = f"image-{number}"
        comparison.add(str(number), "", ALLOWED, Outcome(False, ("x",), "", "ContainerCreate", "", image))
    comparison.add("again", "", ALLOWED, Outcome(False, ("x",), "", "ContainerCreate", "", "image-0"))

    images = comparison.refused.by["image"]
    assert (len(images), images[OTHERS], images["image-0"]) == (MAX_NAMES + 1, 5, 2)
    assert len(comparison.refused.examples) == MAX_EXAMPLES
