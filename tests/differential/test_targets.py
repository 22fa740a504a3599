"""Request targets: Portero takes each for the operation whose route dockerd gives it to."""

from collections import Counter

import pytest

from .read import judge
from .stage import Stage
from .targets import compare_targets, make_target
from .test_differential import stage

__all__ = ["stage"]
SEED = 1
NUMBER = 800


def test_a_seed_and_a_number_always_give_the_same_target() -> None:
    operations = judge().routes.operations

    assert [make_target(7, n, operations) for n in range(50)] == [make_target(7, n, operations) for n in range(50)]


@pytest.mark.e2e
def test_portero_takes_a_target_for_the_route_that_dockerd_takes(stage: Stage) -> None:
    counts: Counter[str] = Counter()

    mistaken = [*compare_targets(stage, SEED, range(NUMBER), counts)]

    assert not mistaken, "\n".join(map(str, mistaken))
    assert counts["compared"] > NUMBER / 5, counts
