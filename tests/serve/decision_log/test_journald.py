"""systemd's journal as the decision log: every entry whole, with its fields, and an error when it takes none."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from portero.decide.values.json_fields import JSON
from portero.serve.decision_log.decision_log import DecisionLog
from portero.serve.decision_log.journald import Journal, write_entry
from tests.serve.decision_log.journald import Journald, journald, needs_journald
from tests.tools.report.decisions import decision, violation


def refused(**more: JSON) -> str:
    return json.dumps(decision(violation(), violation("limits", "audit"), **more), separators=(",", ":"))


def _takes(log: Journal) -> bool:
    try:
        log.write(refused())
    except OSError:
        return False
    return True


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that takes datagrams and stores nothing."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as bound:
        bound.bind(str(tmp_path / "socket"))
        yield bound


def test_a_value_with_an_end_of_line_stays_one_field() -> None:
    entry = write_entry(refused(user="eve\nPORTERO_ALLOWED=yes"))

    assert b"PORTERO_USER\n\x17\0\0\0\0\0\0\0eve\nPORTERO_ALLOWED=yes\n" in entry
    assert b"PORTERO_ALLOWED\n\x02\0\0\0\0\0\0\0no\n" in entry


def test_a_journald_that_takes_nothing_is_an_error_and_holds_up_one_line_only(
    tmp_path: Path, receiver: socket.socket
) -> None:
    with closing(Journal(str(tmp_path / "socket"))) as log:
        assert any(not _takes(log) for _ in range(10_000))
        began = time.monotonic()
        for _ in range(100):
            with pytest.raises(OSError, match="journald takes no more entries"):
                log.write(refused())
        assert time.monotonic() - began < 20  # each would wait two seconds

        receiver.recv(1 << 16)
        log.write(refused())


def test_a_journald_that_is_not_there_is_an_error_at_the_start_and_later(
    tmp_path: Path, receiver: socket.socket
) -> None:
    with pytest.raises(FileNotFoundError):
        Journal(str(tmp_path / "nowhere"))
    with closing(Journal(str(tmp_path / "socket"))) as log:
        receiver.close()
        with pytest.raises(ConnectionRefusedError):
            log.write(refused())


def test_it_cannot_be_synced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, receiver: socket.socket) -> None:
    with closing(Journal(str(tmp_path / "socket"))) as journal:
        monkeypatch.setattr("portero.serve.decision_log.decision_log.Journal", lambda: journal)
        with pytest.raises(OSError, match=r"PORTERO_LOG_SYNC=each needs a file.*journald decides"):
            DecisionLog("journald", "each")


@pytest.fixture(scope="module")
def running() -> Iterator[Journald]:
    with journald() as one:
        yield one


@pytest.fixture
def log(running: Journald) -> Iterator[Journal]:
    with closing(Journal(running.socket)) as opened:
        yield opened


@needs_journald
def test_a_decision_is_an_entry_with_fields(running: Journald, log: Journal) -> None:
    log.write(refused(id="d-1", user="alice", groups=["dev", "ops"]))

    (entry,) = running.read_until(1, "PORTERO_ID=d-1")
    assert (
        entry.items()
        >= {
            "PRIORITY": "4",
            "SYSLOG_FACILITY": "10",
            "SYSLOG_IDENTIFIER": "portero-decisions",
            "PORTERO_ALLOWED": "no",
            "PORTERO_USER": "alice",
            "PORTERO_OPERATION": "ContainerCreate",
            "PORTERO_IMAGE": "busybox",
            "PORTERO_RULE": "no-privileged",
            "PORTERO_REPORTED_RULE": "limits",
            "_TRANSPORT": "journal",
        }.items()
    )
    assert entry["PORTERO_GROUP"] == ["dev", "ops"]
    assert '"id":"d-1"' in str(entry["MESSAGE"])


@needs_journald
def test_an_entry_of_any_size_arrives_whole(running: Journald, log: Journal) -> None:
    log.write(refused(id="d-2", path="/" + "x" * 60_000))
    log.write(refused(id="d-2", path="/" + "y" * 8_000_000))

    entries = running.read_until(2, "PORTERO_ID=d-2")
    assert [len(str(entry["PORTERO_PATH"])) for entry in entries] == [60_001, 8_000_001]


@needs_journald
def test_no_entry_is_lost_and_a_journald_that_is_back_gets_them_again(running: Journald, log: Journal) -> None:
    for number in range(500):
        log.write(refused(id=f"d-3-{number}", policy="many"))
    assert len(running.read_until(500, "PORTERO_POLICY=many")) == 500

    running.kill()
    with pytest.raises(OSError, match=r"No such file or directory|Connection refused"):
        log.write(refused())
    running.start()
    log.write(refused(id="d-4"))
    assert len(running.read_until(1, "PORTERO_ID=d-4")) == 1
