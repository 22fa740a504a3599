"""What the running Portero reports of itself."""

from pathlib import Path

import pytest

from portero.hostcheck.plugin_client import ask_status, count_decisions
from tests.hostcheck.answering_dockerd import Dockerd

STATUS = {"attention": [], "decisions": {"allowed": 3, "refused": 4}}


def test_decisions_are_counted_together(dockerd: Dockerd) -> None:
    dockerd.says("GET /status", 200, STATUS)

    assert count_decisions(Path(dockerd.address)) == 7


@pytest.mark.parametrize(("status", "answer"), [(500, STATUS), (200, []), (200, {}), (200, b"no json")])
def test_what_is_no_status_of_portero_is_a_value_error(dockerd: Dockerd, status: int, answer: object) -> None:
    dockerd.says("GET /status", status, answer)

    with pytest.raises(ValueError, match=r"not an answer|Expecting value"):
        ask_status(Path(dockerd.address))


def test_a_status_without_decisions_counts_nothing(dockerd: Dockerd) -> None:
    dockerd.says("GET /status", 200, {"attention": []})

    with pytest.raises(ValueError, match="without decisions"):
        count_decisions(Path(dockerd.address))
