"""The shipped rotation of the decision log, by the real logrotate: no line is lost, none is torn."""

import gzip
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from portero.forwarding.destination import Destination
from portero.forwarding.ship import Shipper
from portero.forwarding.syslog_receiver import SyslogReceiver
from portero.service.decision_log import DecisionLog
from tests.forwarding.receiver import Receiver
from tests.paths import ROOT
from tests.waiting import soon

SHIPPED = ROOT / "packaging" / "files" / "logrotate"
WRITERS, LINES, ROTATIONS = 4, 3000, 6

pytestmark = pytest.mark.skipif(shutil.which("logrotate") is None, reason="needs logrotate: apt-get install logrotate")


def rotate(folder: Path) -> None:
    """Rotate now, as the shipped file says, the log in this folder."""
    rules = folder / "rules"
    rules.write_text(SHIPPED.read_text().replace("/var/log/portero", str(folder / "log")))
    subprocess.run(
        ["logrotate", "--force", "--state", folder / "state", rules], check=True, capture_output=True, timeout=60
    )


def lines(folder: Path) -> list[str]:
    found: list[str] = []
    for file in folder.iterdir():
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        found += data.decode().splitlines()
    return found


def test_no_line_is_lost_while_logs_are_rotated(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir(mode=0o750)
    place = tmp_path / "log" / "decisions.jsonl"

    written_by = [0] * WRITERS

    def write(writer: int) -> None:
        log = DecisionLog(str(place))
        for number in range(LINES):
            log.write(json.dumps({"id": f"{writer}-{number}", "padding": "x" * 200}))
            written_by[writer] = number + 1

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for writer in writers:
        writer.start()
    for _ in range(ROTATIONS):
        rotate(tmp_path)
        # Two rotations within one line would compress the file that it goes to.
        enough = [min(LINES, number + 2) for number in written_by]
        assert soon(lambda enough=enough: all(map(int.__ge__, written_by, enough)))
    for writer in writers:
        writer.join(120)

    written = sorted(json.loads(line)["id"] for line in lines(tmp_path / "log"))
    assert len(list((tmp_path / "log").iterdir())) > 1
    assert written == sorted(f"{writer}-{number}" for writer in range(WRITERS) for number in range(LINES))


def test_the_agent_follows_the_shipped_rotation_and_delivers_every_line(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir(mode=0o750)
    place = tmp_path / "log" / "decisions.jsonl"
    log = DecisionLog(str(place))
    receiver = Receiver()
    to = SyslogReceiver(Destination("tcp", "127.0.0.1", receiver.port), "portero", None)
    ship = Shipper(place, to, tmp_path / "forward.json")
    # It begins with the file that it finds, not with older ones.
    log.write('{"id":"first"}')
    assert ship.step()
    for turn in range(ROTATIONS):
        for number in range(100):
            log.write(json.dumps({"id": f"{turn}-{number}"}))
        rotate(tmp_path)
        log.write(json.dumps({"id": f"{turn}-after"}))
        soon(lambda sent=101 * (turn + 1) + 1: not ship.step() and ship.state.sent >= sent)
    ship.close()
    assert soon(lambda: len(receiver.messages) > 101 * ROTATIONS)
    receiver.kill()

    assert (ship.state.sent, ship.state.gaps) == (101 * ROTATIONS + 1, 0)
    assert len(set(receiver.messages)) == 101 * ROTATIONS + 1
