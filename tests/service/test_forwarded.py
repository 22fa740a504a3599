"""What status and metrics say of a log that is forwarded."""

from dataclasses import replace
from pathlib import Path

import pytest

from portero.forwarding import state
from portero.forwarding.destination import Destination
from portero.forwarding.state import ForwardState
from portero.service import forwarded
from portero.service.settings import InvalidSettings, Settings

NOW = 1_800_000_000.0
GOOD = ForwardState(inode=1, offset=10, sent=4, succeeded=NOW - 10)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = {
        "log": "/var/log/p.jsonl",
        "forward": "syslog+tcp://h:601",
        "forward_state": str(tmp_path / "forward.json"),
    }
    return Settings.read({}, given)


def notices(settings: Settings) -> list[str]:
    return [*forwarded.list_notices(settings, NOW)]


def test_what_is_delivered_needs_no_attention(settings: Settings) -> None:
    state.write(settings.forward_state, GOOD)

    assert notices(settings) == []
    assert b"\nportero_forward_lines_total 4\n" in forwarded.metrics_text(settings)
    described = forwarded.describe(settings)
    assert isinstance(described, dict)
    assert (described["sent"], described["fault"]) == (4, "")


def test_a_receiver_that_is_away_for_minutes_does_and_so_do_gaps(settings: Settings) -> None:
    state.write(settings.forward_state, replace(GOOD, fault="h: Connection refused"))
    assert notices(settings) == []

    state.write(settings.forward_state, replace(GOOD, fault="h: Connection refused", succeeded=NOW - 301, gaps=2))
    assert notices(settings) == [
        "the decision log is not forwarded since 2027-01-15T07:54:59.000Z: h: Connection refused",
        "lines of the decision log were gone before they could be forwarded (2 times)",
    ]


def test_an_agent_that_never_ran_does(settings: Settings) -> None:
    assert notices(settings) == ["the decision log was never forwarded: start portero-agent.service"]
    assert forwarded.metrics_text(settings) == b""


def test_a_shipper_goes_on_from_what_was_noted(settings: Settings) -> None:
    state.write(settings.forward_state, GOOD)

    shipper = forwarded.make_shipper(settings)

    assert (shipper.state, shipper.to) == (GOOD, Destination("tcp", "h", 601))


def test_standard_output_cannot_be_forwarded() -> None:
    with pytest.raises(InvalidSettings, match="PORTERO_FORWARD: needs a log in a file"):
        Settings.read({}, {"forward": "syslog+tcp://h:601"})
    settings = Settings.read({}, {})
    assert (notices(settings), forwarded.describe(settings), forwarded.metrics_text(settings)) == ([], {}, b"")
