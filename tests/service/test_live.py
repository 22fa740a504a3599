"""Another policy takes over as a whole, in the process that reads the folders and in those that follow it."""

import errno
import json
import os
import signal
import time
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.policy import folder
from portero.service import live, loading, retry
from portero.service.application import Application, InForce, build
from portero.service.live import Live
from portero.service.load_error import LoadError
from portero.service.settings import Settings
from portero.service.watch import Look, Watch, list_watched
from portero.signing import signature, tree
from tests.service.test_application import HARMLESS_READ, ask, create
from tests.waiting import soon


class Pair:
    """A master and a worker, in one process."""

    def __init__(self, tmp_path: Path, **options: str) -> None:
        self.policy = tmp_path / "policy"
        self.policy.mkdir()
        self.site = self.policy / "site.json"
        self.act("deny")
        chosen = {"log": str(tmp_path / "log.jsonl"), "profile": "baseline", "host_root": "none"}
        settings = Settings.read({}, chosen | {"schemas": str(self.policy)} | options)
        watch = Watch(list_watched(settings))
        self.reported: list[InForce] = []
        application = build(settings)
        self.master = Live(application, watch, self._report)
        self.worker = Live(replace(application), watch, self._report)
        # Inherited by a fork, but for what of it was read.
        self.worker._bulletin = copy(self.master._bulletin)

    def _report(self, application: Application) -> None:
        self.reported.append(application.in_force)

    def act(self, action: str) -> None:
        self.site.write_text(json.dumps({"actions": {"no-privileged": action}}))

    def tend(self, times: int = 2) -> None:
        for _ in range(times):
            self.master._next_look = 0.0
            self.master.tend()

    def privileged(self, asked: Live) -> bool:
        return bool(ask(asked.application, create(Privileged=True))["Allow"])

    def status(self, asked: Live) -> dict[str, Any]:
        status: dict[str, Any] = {**asked.application.status()}
        return status


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_a_change_is_taken_by_the_master_and_followed_by_the_worker(pair: Pair) -> None:
    pair.act("off")
    pair.tend()

    assert (pair.privileged(pair.master), pair.privileged(pair.worker)) == (True, False)
    pair.worker.catch_up()

    assert pair.privileged(pair.worker) is True
    assert pair.status(pair.worker)["policy"] == pair.status(pair.master)["policy"]
    assert pair.status(pair.worker)["loaded"] == pair.status(pair.master)["loaded"]
    assert [in_force.notice.faults for in_force in pair.reported] == [()]


def test_the_master_is_missed_also_before_it_first_tends_the_policy(pair: Pair) -> None:
    time.sleep(0.05)
    before = pair.worker.application.pulse.silent_for()
    pair.tend(1)

    assert before >= 0.05
    assert pair.worker.application.pulse.silent_for() < before


def test_without_a_change_nothing_is_loaded_and_nothing_reported(pair: Pair) -> None:
    pair.tend(4)
    pair.worker.catch_up()

    assert pair.reported == []


KEY = signature.new_key()


class SignedPair(Pair):
    """The same with a signed folder."""

    def __init__(self, tmp_path: Path) -> None:
        self._version = 0
        (tmp_path / "key.pub").write_bytes(signature.public_text(KEY.public_key()))
        super().__init__(
            tmp_path, trusted_keys=str(tmp_path / "key.pub"), host_groups="web", state=str(tmp_path / "state.json")
        )

    def act(self, action: str) -> None:
        super().act(action)
        self._version += 1
        text = signature.sign(tree.held(self.policy), self._version, "2026-11-24T15:00:00Z", KEY, "web")
        (self.policy / signature.NAME).write_bytes(text)

    def tend_while_it_changes(self, times: int) -> None:
        for _ in range(times):
            os.utime(self.site)
            self.tend(1)


def test_a_signed_version_is_loaded_although_its_folder_never_comes_to_rest(tmp_path: Path) -> None:
    pair = SignedPair(tmp_path)
    pair.act("off")

    pair.tend_while_it_changes(3)

    assert pair.privileged(pair.master) is True
    assert [in_force.notice.faults for in_force in pair.reported] == [()]


def test_a_signed_folder_that_does_not_verify_is_reported_when_it_comes_to_rest(tmp_path: Path) -> None:
    pair = SignedPair(tmp_path)
    pair.site.write_text("{}")

    pair.tend_while_it_changes(3)
    assert pair.reported == []
    pair.tend(2)

    (in_force,) = pair.reported
    assert "was changed after it was signed" in in_force.notice.faults[0]
    assert pair.privileged(pair.master) is False


@pytest.mark.parametrize("made", [Pair, SignedPair], ids=["unsigned", "signed"])
def test_a_folder_that_keeps_changing_needs_attention_until_it_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: type[Pair]
) -> None:
    monkeypatch.setattr(live, "_UNREST", 0.05)
    pair = made(tmp_path)
    end = time.monotonic() + 0.2
    changes = 0
    while time.monotonic() < end:
        # Each time another one: the kernel's own clock has ticks.
        changes += 1
        os.utime(pair.site, ns=(changes, changes))
        pair.tend(1)
    pair.worker.catch_up()

    for process in (pair.master, pair.worker):
        assert "policy folders keep changing since" in str(pair.status(process)["attention"])
    pair.tend(2)
    pair.worker.catch_up()

    for process in (pair.master, pair.worker):
        assert "keep changing" not in str(pair.status(process)["attention"])


def test_looks_keep_their_distance(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.act("off")
    monkeypatch.setattr(live, "LOOK_EVERY", 3600.0)
    for _ in range(5):
        pair.master.tend()

    assert pair.reported == []


def test_looks_at_many_files_take_at_most_a_fiftieth_of_a_processor(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Watch.look

    def look_slowly(watch: Watch) -> Look:
        found = look(watch)
        watch.cost = 2.0
        return found

    monkeypatch.setattr(Watch, "look", look_slowly)
    pair.master._next_look = 0.0

    assert 99.0 < pair.master.tend() <= 100.0


def test_a_worker_judges_by_what_the_master_read_not_by_what_lies_there_meanwhile(pair: Pair) -> None:
    pair.act("off")
    pair.tend()
    pair.site.write_text("{")

    pair.worker.catch_up()

    assert pair.privileged(pair.worker) is True
    assert pair.status(pair.worker)["reloadFaults"] == []


def test_an_invalid_change_is_reported_by_all_and_changes_nothing(pair: Pair) -> None:
    before = pair.status(pair.master)
    pair.site.write_text('{"acshuns": {}, "runtimes": 7}')
    pair.tend()
    pair.worker.catch_up()

    for one in (pair.master, pair.worker):
        told = pair.status(one)
        assert (told["policy"], told["loaded"]) == (before["policy"], before["loaded"])
        assert [str(pair.site) in fault for fault in told["reloadFaults"]] == [True, True]
        assert told["lastTried"] > told["loaded"]
        assert told["attention"] == [f"policy folder is invalid; still enforcing the policy of {told['loaded']}"]
        assert pair.privileged(one) is False


def test_an_invalid_change_is_loaded_and_reported_once(pair: Pair) -> None:
    pair.site.write_text("{")
    pair.tend(6)

    assert len(pair.reported) == 1


def test_a_mended_change_is_taken_and_the_faults_go(pair: Pair) -> None:
    pair.site.write_text("{")
    pair.tend()
    pair.worker.catch_up()
    pair.act("off")
    pair.tend()
    pair.worker.catch_up()

    assert pair.status(pair.worker)["reloadFaults"] == []
    assert pair.privileged(pair.worker) is True


def test_a_folder_that_changes_while_it_is_read_is_not_taken_until_it_rests(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = loading.load_trusted

    def load_trusted(*arguments: Any) -> Any:
        loaded = read(*arguments)
        pair.act("deny")
        return loaded

    monkeypatch.setattr(loading, "load_trusted", load_trusted)
    pair.act("off")
    pair.tend()
    assert pair.reported == []
    assert pair.privileged(pair.master) is False
    monkeypatch.setattr(loading, "load_trusted", read)

    pair.act("audit")
    pair.tend()

    assert [each.judge.policy.action("no-privileged", "baseline") for each in pair.reported] == ["audit"]


def test_faults_of_a_folder_that_changes_while_it_is_read_are_not_reported(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_trusted(*arguments: Any) -> Any:
        pair.act("off")
        raise LoadError(["half a folder"])

    monkeypatch.setattr(loading, "load_trusted", load_trusted)
    pair.site.write_text("{")
    pair.tend()

    assert pair.reported == []
    assert pair.status(pair.master)["reloadFaults"] == []


def test_a_reload_that_is_asked_for_is_done_at_once_and_without_a_change(pair: Pair) -> None:
    pair.act("off")
    pair.master.reload()
    pair.master.reload()
    pair.tend()

    assert len(pair.reported) == 2
    assert pair.privileged(pair.master) is True


def test_policies_that_came_into_force_are_counted_and_nothing_else(pair: Pair) -> None:
    pair.master.reload()
    assert pair.master.policies == 0
    pair.act("off")
    pair.tend()
    assert pair.master.policies == 1
    pair.site.write_text("{")
    pair.tend()
    pair.master.reload()
    assert pair.master.policies == 1


def test_a_fault_of_its_own_leaves_the_master_as_it_was(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pair.master._watch, "look", None)

    pair.master.reload()

    assert "TypeError" in caplog.text
    assert pair.privileged(pair.master) is False


def test_a_policy_that_could_not_be_passed_on_is_tried_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(descriptor: int, size: int) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    pair.act("off")
    with monkeypatch.context() as patched:
        patched.setattr(os, "ftruncate", fail)
        pair.tend()
    assert "internal error while reloading the policy" in caplog.text
    assert pair.privileged(pair.master) is False

    pair.tend()
    pair.worker.catch_up()

    assert (pair.privileged(pair.master), pair.privileged(pair.worker)) == (True, True)


def test_a_reload_that_failed_for_a_while_is_tried_again_without_a_change(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_FIRST", 0.05)
    pair.master._retry = retry.Retry()

    def fail(path: Path) -> bytes:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

    pair.act("off")
    with monkeypatch.context() as patched:
        patched.setattr(folder, "read_regular_file", fail)
        pair.tend()
        time.sleep(0.06)
        pair.tend()
    assert [in_force.notice.faults != () for in_force in pair.reported] == [True]
    assert pair.status(pair.master)["reloadFailures"] == 1

    time.sleep(0.2)
    pair.tend()
    pair.worker.catch_up()

    assert (pair.privileged(pair.master), pair.privileged(pair.worker)) == (True, True)
    assert pair.status(pair.worker)["reloadFaults"] == []
    assert len(pair.reported) == 2


def test_another_fault_that_is_found_when_a_reload_is_tried_again_is_reported(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_FIRST", 0.05)
    pair.master._retry = retry.Retry()
    pair.site.write_text("{")
    pair.tend()
    time.sleep(0.06)

    def fail(path: Path) -> bytes:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

    monkeypatch.setattr(folder, "read_regular_file", fail)
    pair.tend()

    assert len(pair.reported) == 2
    assert "Too many open files" in str(pair.reported[-1].notice.faults)
    assert pair.status(pair.master)["reloadFailures"] == 2


def test_a_worker_that_cannot_follow_ends(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[tuple[int, int]] = []
    pair.act("off")
    pair.tend()
    monkeypatch.setattr(os, "kill", lambda process, number: ended.append((process, number)))
    monkeypatch.setattr(loading, "load_held", None)

    pair.worker.catch_up()

    assert ended == [(os.getpid(), signal.SIGTERM)]
    assert "failed to load the new policy; restarting worker" in caplog.text


def test_a_worker_that_cannot_follow_allows_nothing_by_the_old_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(tmp_path)
    pair.act("off")
    pair.tend()
    pair.worker.catch_up()
    pair.act("deny")
    pair.tend()
    monkeypatch.setattr(os, "kill", lambda process, number: None)
    monkeypatch.setattr(loading, "load_held", None)
    assert pair.privileged(pair.worker) is True

    pair.worker.catch_up()
    answers = [ask(pair.worker.application, asked) for asked in (create(Privileged=True), HARMLESS_READ)]

    assert [answer["Allow"] for answer in answers] == [False, False]
    assert all("policy-outdated" in answer["Msg"] for answer in answers)
    assert (tmp_path / "log.jsonl").read_text().count('"policy-outdated"') == 2


def test_a_worker_that_cannot_follow_refuses_nothing_in_mode_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(tmp_path, mode="audit")
    pair.worker.application.is_outdated = True

    assert pair.privileged(pair.worker) is True


def test_log_metrics_and_host_stay_the_same_objects(pair: Pair) -> None:
    before = replace(pair.worker.application)
    pair.act("off")
    pair.tend()
    pair.worker.catch_up()

    after = pair.worker.application
    assert (after.log, after.metrics) == (before.log, before.metrics)
    assert after.in_force.judge.host is before.in_force.judge.host
    assert after.in_force is not before.in_force
    assert ask(after, create())["Allow"] is True


def test_a_thread_follows(pair: Pair) -> None:
    pair.worker.follow()
    pair.act("off")
    pair.tend()
    deadline = 100
    while not pair.privileged(pair.worker) and deadline:
        deadline -= 1
        signal.sigtimedwait([], 0.05)

    assert pair.privileged(pair.worker) is True


def test_a_worker_writes_the_line_of_shared_reads_in_time_and_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_SHARED_LINES_EVERY", 0.05)
    worker = Pair(tmp_path, log_reads="1000").worker
    log = tmp_path / "log.jsonl"
    worker.follow()
    for _ in range(4):
        ask(worker.application, HARMLESS_READ)
    assert soon(lambda: count_reads(log) == 4)

    monkeypatch.setattr(live, "_SHARED_LINES_EVERY", 3600.0)
    for _ in range(3):
        ask(worker.application, HARMLESS_READ)
    worker.leave()
    assert count_reads(log) == 7


def count_reads(log: Path) -> int:
    """The last line may be on its way."""
    lines = log.read_text().splitlines(keepends=True)
    return sum(json.loads(line).get("alike", 1) for line in lines if line.endswith("\n"))
