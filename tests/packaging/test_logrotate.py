"""The shipped rotation of the decision log, by the real logrotate: no line is lost, none is torn."""

import gzip
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from portero.serve.decision_log.decision_log import DecisionLog
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
    log = DecisionLog(str(place))

    def write(writer: int) -> None:
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
