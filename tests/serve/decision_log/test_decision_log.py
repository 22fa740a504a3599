"""The decision log: one whole line a decision, whatever happens to the file."""

import errno
import json
import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from portero.decide.decision import Decision, Subject, Violation, make_refusal
from portero.observe.stores import api_tables
from portero.serve.decision_log import log_state
from portero.serve.decision_log.decision_log import FREQUENT_READS, DecisionLog, Sync, is_frequent_read, write_line
from tests.cases import cases
from tests.decided import decided
from tests.failing import fail_with

NOON = 1_800_000_000.0


def lines(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def test_each_decision_is_one_json_line_in_a_file_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "decisions.jsonl"

    log = DecisionLog(str(path))
    log.write('{"id":"d-1"}')
    log.write(json.dumps({"id": "d-2\n"}))

    assert lines(path) == [{"id": "d-1"}, {"id": "d-2\n"}]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_an_error_and_not_silence() -> None:
    log = DecisionLog("/dev/full")

    with pytest.raises(OSError, match="No space left"):
        log.write('{"id":"d-1"}')


def test_half_a_line_of_a_process_that_was_killed_is_known_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    log = DecisionLog(str(path))

    def tear() -> None:
        log.start(is_replacement=False)
        whole = os.write
        os.write = lambda descriptor, data: whole(descriptor, data[:5])  # type: ignore[assignment]
        with suppress(OSError):
            log.write('{"id":"d-1"}')

    other = get_context("fork").Process(target=tear)
    other.start()
    other.join()
    log.write('{"id":"d-2"}')
    log.write('{"id":"d-3"}')

    assert path.read_text().splitlines() == ['{"id"', '{"id":"d-2"}', '{"id":"d-3"}']


def test_a_write_that_does_not_end_fails_the_lines_after_it_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_state, "STALLED_AFTER", 0.3)
    log = DecisionLog(str(tmp_path / "decisions.jsonl"))
    hangs = threading.Event()
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: hangs.wait(20) and whole(descriptor, data))
    first = threading.Thread(target=log.write, args=('{"id":"d-1"}',))
    first.start()
    began = time.monotonic()
    while not log.state.is_stalled() and time.monotonic() < began + 10:
        time.sleep(0.02)

    stalled, began = log.state.is_stalled(), time.monotonic()
    for _ in range(20):
        with pytest.raises(TimeoutError, match="an earlier write does not end"):
            log.write('{"id":"d-2"}')
    took = time.monotonic() - began
    hangs.set()
    first.join()
    log.write('{"id":"d-3"}')

    assert stalled is True
    assert took < 1
    assert log.state.is_stalled() is False
    assert log.state.last_failure > 0
    assert lines(tmp_path / "decisions.jsonl") == [{"id": "d-1"}, {"id": "d-3"}]


@pytest.mark.parametrize(("sync", "synced"), [("off", 0), ("each", 3), ("interval", 1)])
def test_lines_are_synced_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: Sync, synced: int) -> None:
    log = DecisionLog(str(tmp_path / "decisions.jsonl"), sync)
    calls: list[int] = []
    monkeypatch.setattr(os, "fdatasync", calls.append)
    for number in range(3):
        log.write(json.dumps({"id": f"d-{number}"}))
    for _ in range(2 if sync == "interval" else 0):
        log.sync()

    assert len(calls) == synced


def test_a_sync_that_fails_is_a_lost_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    each, interval = (DecisionLog(str(tmp_path / sync), sync) for sync in ("each", "interval"))
    monkeypatch.setattr(os, "fdatasync", fail_with(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        each.write('{"id":"d-1"}')
    interval.write('{"id":"d-1"}')
    assert interval.state.last_failure == 0
    interval.sync()

    assert each.state.last_failure > 0
    assert interval.state.last_failure > 0
    assert "cannot sync the decision log: Input/output error" in caplog.text


def test_what_cannot_be_synced_is_refused_at_the_start() -> None:
    with pytest.raises(OSError, match="PORTERO_LOG_SYNC=each needs a file"):
        DecisionLog("/dev/full", "each")


def test_lines_of_many_writers_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    log = DecisionLog(str(path))

    def write(number: int) -> None:
        for _ in range(50):
            log.write(json.dumps({"id": str(number) * 500}))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert len(lines(path)) == 400


def decision(*violations: Violation, user: str = "alice") -> Decision:
    subject = Subject("ContainerCreate", "POST", "/containers/create", "1.45", user)
    return decided(*violations, time=NOON, subject=subject)


@pytest.mark.parametrize(
    "user", ["eve", 'a"\\/\b\f\n\r\t\0\x1f', "\x7f", "\x85", "\u2028", "\N{GRINNING FACE}", "\ud800"]
)
def test_a_line_is_the_document_of_its_decision_as_json(user: str) -> None:
    made = replace(decision(make_refusal("internal-error", ""), user=user), id='d-"1')

    text = write_line(made, 7)

    assert text == json.dumps(made.line(7), separators=(",", ":"))
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize("changes", cases(__file__, "lines-of-reads.jsonl"))
@pytest.mark.parametrize("audit_profile", ["", "restricted"])
def test_a_line_of_a_read_is_the_same(changes: dict[str, Any], audit_profile: str) -> None:
    made = replace(read(version=None, user="", path="/_ping"), violations=(), audit_profile=audit_profile)
    made = replace(made, subject=replace(made.subject, **changes))

    assert write_line(made, 7) == json.dumps(made.line(7), separators=(",", ":"))
    glass = replace(made, breaks_glass=True)
    assert write_line(glass, 7) == json.dumps(glass.line(7), separators=(",", ":"))


def read(operation: str = "SystemPing", **changes: object) -> Decision:
    made = decision()
    subject = replace(made.subject, operation=operation, method="GET", reads=True, **changes)
    return replace(made, subject=subject)


def test_every_frequent_read_is_an_operation_that_reads() -> None:
    routes, _ = api_tables.load_api()
    reads = {operation.id for operation in routes.operations if operation.reads}

    assert reads >= FREQUENT_READS


@pytest.mark.parametrize("operation", sorted(FREQUENT_READS))
def test_pings_and_lists_may_go_without_a_line(operation: str) -> None:
    assert is_frequent_read(read(operation))


@pytest.mark.parametrize(
    "operation",
    [
        *("ContainerInspect", "ContainerLogs", "ContainerArchive", "ContainerExport", "ContainerTop", "ContainerStats"),
        *("ContainerAttachWebsocket", "ExecInspect", "ImageInspect", "ImageGet", "ImageGetAll", "ImageSearch"),
        *("SecretInspect", "ConfigInspect", "ServiceInspect", "ServiceLogs", "TaskLogs", "SwarmInspect"),
        *("SwarmUnlockkey", "SystemEvents", "VolumeInspect", "NetworkInspect", "PluginInspect", "Later", ""),
    ],
)
def test_a_read_that_hands_out_more_has_its_line(operation: str) -> None:
    assert not is_frequent_read(read(operation))


def test_what_is_refused_reported_or_lifted_has_its_line() -> None:
    reported = replace(make_refusal("internal-error", ""), action="audit")

    assert not is_frequent_read(replace(read(), violations=(make_refusal("internal-error", ""),)))
    assert not is_frequent_read(replace(read(), violations=(reported,)))
    assert not is_frequent_read(replace(read(), breaks_glass=True))
    assert not is_frequent_read(replace(read(), subject=replace(read().subject, reads=False)))
