"""Random sequences find no way to the host under Portero; without it the same canaries find many."""

import os
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import need_dockerd

from .known import OPEN, ways
from .search import PROFILES, search
from .stage import UNGUARDED, Stage

pytestmark = pytest.mark.e2e

HOST_USER = "a host user swaps a source"
SEED = 1
# Of each profile; a smoke, but in the nightly run.
EACH = int(os.environ.get("SEQUENCES", "3"))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    need_dockerd()
    with Stage() as started:
        yield started


@pytest.mark.parametrize("name", [*ways("")])
def test_a_known_way_is_noticed_where_nothing_guards(stage: Stage, name: str) -> None:
    steps, noticed = ways(stage.canaries.device)[name]
    stage.guard(UNGUARDED)

    played = stage.play(steps)

    assert noticed in played.ways, played.answers


@pytest.mark.parametrize("name", [*ways("")])
@pytest.mark.parametrize("profile", PROFILES)
def test_a_known_way_leads_nowhere_under_portero(stage: Stage, name: str, profile: str) -> None:
    if (profile, name) == ("baseline", HOST_USER):
        return  # baseline does not hold against people with an account on the host (SECURITY.md)
    steps, _ = ways(stage.canaries.device)[name]
    stage.guard(profile)

    played = stage.play(steps)

    assert not {way for way in played.ways if not way.startswith(OPEN)}, played.answers


def test_random_sequences_find_ways_where_nothing_guards(stage: Stage) -> None:
    # Of the first ten the last: others make dockerd hang, or have to throw it away.
    found = [*search(stage, UNGUARDED, SEED, range(6, 10), shrinking=False)]

    assert len({way for one in found for way in one.ways}) >= 3


@pytest.mark.parametrize("profile", PROFILES)
def test_random_sequences_find_no_way_to_the_host(stage: Stage, profile: str) -> None:
    first = EACH * PROFILES.index(profile)

    found = [*search(stage, profile, SEED, range(first, first + EACH), ignored=OPEN)]

    assert not found, "\n\n".join(str(one) for one in found)
