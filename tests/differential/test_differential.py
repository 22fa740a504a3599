"""Generated requests: Portero reads what dockerd executes. And the comparison notices a reading that is wrong."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import need_dockerd

from .cases import Case
from .read import read_document
from .search import examine, search, shrink
from .stage import Stage
from .written import Document, plain

pytestmark = pytest.mark.e2e

SEED = 1
NUMBER = 500


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    need_dockerd()
    with Stage() as started:
        yield started


def test_what_dockerd_executes_is_what_portero_reads(stage: Stage) -> None:
    counts: Counter[str] = Counter()

    found = [*search(stage, SEED, range(NUMBER), counts)]

    assert not found, "\n\n".join(map(str, found))
    assert counts["compared"] > NUMBER / 3, counts
    assert counts["compared with the OCI spec"] > NUMBER / 20, counts


def _create(**settings: Any) -> Case:
    body = {"Image": "busybox", "User": "1000:1000", "HostConfig": {"NetworkMode": "none", **settings}}
    return Case("ContainerCreate", "/containers/create", Document(plain(body)), starts=True)


# Each a request, what Portero is made to read of it, and where the difference must show.
WRONG: dict[str, tuple[dict[str, Any], str, Any, str]] = json.loads(
    Path(__file__).with_name("wrong-readings.json").read_text()
)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_reading_is_noticed(stage: Stage, wrong: str) -> None:
    settings, place, value, at = WRONG[wrong]
    case = _create(**settings)

    def read(asked: bytes) -> dict[str, Any]:
        document = part = read_document(asked)
        *outer, name = place.split()
        for step in outer:
            part = part[int(step)] if step.isdigit() else part[step]
        part[name] = value
        return document

    assert examine(stage, case).unexplained == ()
    assert at in {difference.at for difference in examine(stage, case, read).unexplained}


def test_a_body_that_differs_is_made_small(stage: Stage) -> None:
    def read(asked: bytes) -> dict[str, Any]:
        document = read_document(asked)
        document["facts"]["capabilities"]["add"] = []
        return document

    case = _create(CapAdd=["CHOWN", "NET_ADMIN"], Dns=["1.1.1.1"], ReadonlyRootfs=True)

    small, differences = shrink(stage, case, read)

    assert small.document.encode() == b'{"Image":"busybox","HostConfig":{"CapAdd":["NET_ADMIN"]}}'
    assert [difference.at for difference in differences] == ["facts.capabilities"]
