"""What status and metrics say of a log that is forwarded."""

from dataclasses import replace
from pathlib import Path

import pytest

from portero.forwarding import state
from portero.forwarding.destination import Destination
from portero.forwarding.state import ForwardState
from portero.forwarding.syslog_receiver import SyslogReceiver
from portero.service import forwarded
from portero.service.settings import InvalidSettings, Settings

URL = "http://127.0.0.1:4318/v1/traces"
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
    described = forwarded.describe(settings)["forward"]
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


def test_so_does_a_fault_after_the_clock_was_set_back(settings: Settings) -> None:
    state.write(settings.forward_state, replace(GOOD, fault="h: Connection refused", succeeded=NOW + 86_400))

    (notice,) = notices(settings)
    assert notice.startswith("the decision log is not forwarded since 2027-01-16")


def test_an_agent_that_never_ran_does(settings: Settings) -> None:
    assert notices(settings) == ["the decision log was never forwarded: start portero-agent.service"]
    assert forwarded.metrics_text(settings) == b""


def test_a_shipper_goes_on_from_what_was_noted(settings: Settings) -> None:
    state.write(settings.forward_state, GOOD)

    (shipper,) = forwarded.make_shippers(settings)

    assert (shipper.state, shipper.receiver) == (GOOD, SyslogReceiver(Destination("tcp", "h", 601), "portero", None))


def test_traces_are_a_way_of_their_own(tmp_path: Path) -> None:
    given = {"log": "/var/log/p.jsonl", "traces": URL, "forward_state": str(tmp_path / "forward.json")}
    settings = Settings.read({}, given)
    assert notices(settings) == ["the trace of decisions was never forwarded: start portero-agent.service"]
    state.write(tmp_path / "forward.traces.json", replace(GOOD, fault="refused", succeeded=NOW - 301))

    (shipper,) = forwarded.make_shippers(settings)

    assert (shipper.receiver.name, shipper.state.sent) == (URL, 4)
    assert notices(settings) == ["the trace of decisions is not forwarded since 2027-01-15T07:54:59.000Z: refused"]
    assert b"\nportero_traces_lines_total 4\n" in forwarded.metrics_text(settings)
    described = forwarded.describe(settings)
    assert described["forward"] == {}
    assert isinstance(described["traces"], dict)
    assert described["traces"]["to"] == URL


@pytest.mark.parametrize(("field", "to"), [("forward", "syslog+tcp://h:601"), ("traces", URL)])
@pytest.mark.parametrize("log", ["-", "journald"])
def test_only_a_file_can_be_forwarded(field: str, to: str, log: str) -> None:
    with pytest.raises(InvalidSettings, match=f"PORTERO_{field.upper()}: needs a log in a file"):
        Settings.read({}, {field: to, "log": log})


def test_where_nothing_is_forwarded_nothing_is_told() -> None:
    settings = Settings.read({}, {})
    assert (notices(settings), forwarded.make_shippers(settings), forwarded.metrics_text(settings)) == ([], [], b"")
