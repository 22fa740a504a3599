"""The log on its way: every line arrives, whatever happens to the receiver or to the agent."""

import json
from pathlib import Path

from portero.forwarding import state
from portero.forwarding.destination import Destination
from portero.forwarding.ship import Shipper
from portero.forwarding.state import ForwardState
from portero.forwarding.syslog_receiver import SyslogReceiver
from tests.waiting import soon

from .lines import text
from .receiver import Receiver


def shipper(folder: Path, port: int, begun: ForwardState | None = None) -> Shipper:
    receiver = SyslogReceiver(Destination("tcp", "127.0.0.1", port), "portero", None)
    return Shipper(folder / "log", receiver, folder / "forward.json", begun or ForwardState())


def append(folder: Path, *numbers: int) -> None:
    with (folder / "log").open("ab") as log:
        log.write(b"".join(text(f"d-{number}") for number in numbers))


def ids(receiver: Receiver) -> list[str]:
    return [json.loads(message.partition(b" - decision - ")[2])["id"] for message in receiver.messages]


def test_new_lines_are_sent_once_and_it_is_noted_how_far(tmp_path: Path) -> None:
    receiver = Receiver()
    append(tmp_path, *range(1200))
    ship = shipper(tmp_path, receiver.port)

    assert ship.step()
    assert not ship.step()
    append(tmp_path, 1200)
    assert ship.step()

    assert soon(lambda: ids(receiver) == [f"d-{number}" for number in range(1201)])
    noted = state.read(tmp_path / "forward.json")
    assert noted is not None
    assert (noted.sent, noted.fault, noted.behind, noted.gaps) == (1201, "", 0, 0)
    ship.close()
    receiver.kill()


def test_while_the_receiver_is_away_lines_wait_and_nothing_is_lost(tmp_path: Path) -> None:
    receiver = Receiver()
    ship = shipper(tmp_path, receiver.port)
    append(tmp_path, 1)
    assert ship.step()
    assert soon(lambda: ids(receiver) == ["d-1"])
    receiver.kill()
    append(tmp_path, 2, 3)
    assert soon(lambda: not ship.step() and ship.state.fault != "")

    assert ship.state.failures > 0
    noted = state.read(tmp_path / "forward.json")
    assert noted is not None
    assert noted.fault.startswith("127.0.0.1: ")
    receiver.start()
    assert soon(lambda: ship.step() or ship.state.behind == 0)
    # What was on the way when the receiver ended may come twice, and never not at all.
    assert soon(lambda: {*ids(receiver)} == {"d-1", "d-2", "d-3"})
    assert ship.state.fault == ""
    ship.close()
    receiver.kill()


def test_another_agent_goes_on_where_the_first_was_stopped(tmp_path: Path) -> None:
    receiver = Receiver()
    append(tmp_path, 1)
    first = shipper(tmp_path, receiver.port)
    assert first.step()
    first.close()
    append(tmp_path, 2)

    ship = shipper(tmp_path, receiver.port, state.read(tmp_path / "forward.json"))
    assert ship.step()

    assert soon(lambda: ids(receiver) == ["d-1", "d-2"])
    ship.close()
    receiver.kill()


def test_a_log_that_is_not_there_yet_is_no_fault_and_a_missing_socket_is(tmp_path: Path) -> None:
    ship = shipper(tmp_path, 9)
    assert not ship.step()
    assert ship.state.fault == ""

    append(tmp_path, 1)
    ship.receiver = SyslogReceiver(Destination("unix", str(tmp_path / "none")), "portero", None)
    assert not ship.step()
    assert "No such file" in ship.state.fault
