"""Another policy takes over as a whole while requests are answered, and is kept for a decider that follows."""

import errno
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.identity import key_pairs
from portero.decide.values import times
from portero.decide.values.errors import LoadError
from portero.observe.stores import policy_loader
from portero.serve.application import last_policy, loading, reload_thread, user_summary
from portero.serve.application.application import Application, InForce, build
from portero.serve.application.reload_thread import ReloadThread
from portero.serve.application.watch import Snapshot, Watch, list_watched
from portero.serve.settings.own_files import DOORS_SUMMARY
from portero.serve.settings.settings import Settings
from portero.serve.signing import signature, tree
from tests.failing import fail_with
from tests.serve.application.test_application import ask, create
from tests.waiting import soon


class Served:
    """An application whose policy is looked after."""

    def __init__(self, tmp_path: Path, **options: str) -> None:
        self.policy = tmp_path / "policy"
        self.policy.mkdir()
        self.site = self.policy / "site.json"
        self.act("deny")
        chosen = {"log": str(tmp_path / "log.jsonl"), "profile": "baseline", "host_root": "none"}
        chosen |= {"schemas": str(self.policy), "state": str(tmp_path / "state" / "versions.json")}
        settings = Settings.read({}, chosen | options)
        watch = Watch(list_watched(settings))
        self.reported: list[InForce] = []
        self.application = build(settings)
        self.thread = ReloadThread(self.application, watch, self._report)

    def _report(self, application: Application) -> None:
        self.reported.append(application.in_force)

    def act(self, action: str) -> None:
        self.site.write_text(json.dumps({"actions": {"no-privileged": action}}))

    def poll(self, times: int = 2) -> None:
        for _ in range(times):
            self.thread._next_poll = 0.0
            self.thread.poll_if_due()

    def privileged(self) -> bool:
        return bool(ask(self.application, create(Privileged=True))["Allow"])

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = {**self.application.status()}
        return status


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


@pytest.fixture
def _retries_soon(monkeypatch: pytest.MonkeyPatch, served: Served) -> None:
    monkeypatch.setattr(times, "_FIRST", 0.05)
    served.thread._retry = times.Retry()


def test_a_change_is_taken_and_without_one_nothing_is_loaded_and_nothing_reported(served: Served) -> None:
    served.poll(4)
    assert served.reported == []

    served.act("off")
    served.poll()

    assert served.privileged() is True
    assert [in_force.state.faults for in_force in served.reported] == [()]


def test_a_thread_that_does_not_look_any_more_is_missed(served: Served) -> None:
    before = served.application.polled_at
    time.sleep(0.05)
    served.poll(1)

    assert served.application.polled_at >= before + 0.05


KEY = key_pairs.make_key()


class SignedServed(Served):
    """The same with a signed folder."""

    def __init__(self, tmp_path: Path) -> None:
        self._version = 0
        (tmp_path / "key.pub").write_bytes(key_pairs.encode_public(KEY.public_key()))
        super().__init__(tmp_path, trusted_keys=str(tmp_path / "key.pub"), host_groups="web")

    def act(self, action: str) -> None:
        super().act(action)
        self._version += 1
        text = signature.sign(tree.read_tree(self.policy), self._version, "2026-11-24T15:00:00Z", KEY, "web")
        (self.policy / signature.NAME).write_bytes(text)

    def poll_while_it_changes(self, times: int) -> None:
        for _ in range(times):
            os.utime(self.site)
            self.poll(1)


def test_a_signed_version_is_loaded_although_its_folder_never_comes_to_rest(tmp_path: Path) -> None:
    served = SignedServed(tmp_path)
    served.act("off")

    served.poll_while_it_changes(3)

    assert served.privileged() is True
    assert [in_force.state.faults for in_force in served.reported] == [()]


def test_a_signed_folder_that_does_not_verify_is_reported_when_it_comes_to_rest(tmp_path: Path) -> None:
    served = SignedServed(tmp_path)
    served.site.write_text("{}")

    served.poll_while_it_changes(3)
    assert served.reported == []
    served.poll(2)

    (in_force,) = served.reported
    assert "was changed after it was signed" in in_force.state.faults[0]
    assert served.privileged() is False


@pytest.mark.parametrize("made", [Served, SignedServed], ids=["unsigned", "signed"])
def test_a_folder_that_keeps_changing_needs_attention_until_it_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: type[Served]
) -> None:
    monkeypatch.setattr(reload_thread, "_UNSETTLED_SECONDS", 0.05)
    served = made(tmp_path)
    end = time.monotonic() + 0.2
    changes = 0
    while time.monotonic() < end:
        # Each time another one: the kernel's own clock has ticks.
        changes += 1
        os.utime(served.site, ns=(changes, changes))
        served.poll(1)

    assert "policy folders keep changing since" in str(served.status()["attention"])
    served.poll(2)

    assert "keep changing" not in str(served.status()["attention"])


def test_looks_keep_their_distance(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.act("off")
    monkeypatch.setattr(reload_thread, "POLL_SECONDS", 3600.0)
    for _ in range(5):
        served.thread.poll_if_due()

    assert served.reported == []


def test_looks_at_many_files_take_at_most_a_fiftieth_of_a_processor(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Watch.take_snapshot

    def take_slowly(watch: Watch) -> Snapshot:
        found = take(watch)
        watch.cost = 2.0
        return found

    monkeypatch.setattr(Watch, "take_snapshot", take_slowly)
    served.thread._next_poll = 0.0

    assert 99.0 < served.thread.poll_if_due() <= 100.0


def test_an_invalid_change_is_reported_and_changes_nothing(served: Served) -> None:
    before = served.status()
    served.site.write_text('{"acshuns": {}, "runtimes": 7}')
    served.poll()

    told = served.status()
    assert (told["policy"], told["policyLoaded"]) == (before["policy"], before["policyLoaded"])
    assert [str(served.site) in fault for fault in told["reloadFaults"]] == [True, True]
    assert told["lastReload"] > told["policyLoaded"]
    enforced = f"policy folder is invalid; still enforcing the policy of {told['policyLoaded']}"
    assert told["attention"] == [f"{enforced}; the next start would have no policy"]
    assert served.privileged() is False


def test_an_invalid_change_is_reported_once_and_a_mended_one_is_taken(served: Served) -> None:
    served.site.write_text("{")
    served.poll(6)
    assert len(served.reported) == 1

    served.act("off")
    served.poll()

    assert served.status()["reloadFaults"] == []
    assert served.privileged() is True


def test_a_folder_that_changes_while_it_is_read_is_not_taken_until_it_rests(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = loading.load_trusted

    def load_trusted(*arguments: Any, **named: Any) -> Any:
        loaded = read(*arguments, **named)
        served.act("deny")
        return loaded

    monkeypatch.setattr(loading, "load_trusted", load_trusted)
    served.act("off")
    served.poll()
    assert served.reported == []
    assert served.privileged() is False
    monkeypatch.setattr(loading, "load_trusted", read)

    served.act("audit")
    served.poll()

    assert [each.judge.policy.action("no-privileged", "baseline") for each in served.reported] == ["audit"]


def test_faults_of_a_folder_that_changes_while_it_is_read_are_not_reported(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_trusted(*arguments: Any, **named: Any) -> Any:
        served.act("off")
        raise LoadError(["half a folder"])

    monkeypatch.setattr(loading, "load_trusted", load_trusted)
    served.site.write_text("{")
    served.poll()

    assert served.reported == []
    assert served.status()["reloadFaults"] == []


def test_a_reload_that_is_asked_for_is_done_at_once_and_without_a_change(served: Served) -> None:
    served.act("off")
    served.thread.reload()
    served.thread.reload()
    served.poll()

    assert len(served.reported) == 2
    assert served.privileged() is True


def test_a_fault_of_its_own_leaves_the_policy_as_it_was(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(served.thread._watch, "take_snapshot", None)

    served.thread.reload()

    assert "TypeError" in caplog.text
    assert served.privileged() is False


@pytest.mark.usefixtures("_retries_soon")
def test_a_reload_that_failed_for_a_while_is_tried_again_without_a_change(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:

    served.act("off")
    with monkeypatch.context() as patched:
        patched.setattr(policy_loader, "read_regular_file", fail_with(errno.EMFILE))
        served.poll()
        time.sleep(0.06)
        served.poll()
    assert [in_force.state.faults != () for in_force in served.reported] == [True]
    assert served.status()["reloadFailures"] == 1

    time.sleep(0.2)
    served.poll()

    assert served.privileged() is True
    assert served.status()["reloadFaults"] == []
    assert len(served.reported) == 2


@pytest.mark.usefixtures("_retries_soon")
def test_another_fault_that_is_found_when_a_reload_is_tried_again_is_reported(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.site.write_text("{")
    served.poll()
    time.sleep(0.06)

    monkeypatch.setattr(policy_loader, "read_regular_file", fail_with(errno.EMFILE))
    served.poll()

    assert len(served.reported) == 2
    assert "Too many open files" in str(served.reported[-1].state.faults)
    assert served.status()["reloadFailures"] == 2


@pytest.mark.usefixtures("_retries_soon")
def test_doors_have_no_file_of_the_policy_before(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With it, a door went on to show everybody's objects when ownership had come into force."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    doors = tmp_path / DOORS_SUMMARY
    served.thread.reload()
    assert json.loads(doors.read_text())["ownership"] == ""

    served.site.write_text('{"ownership": "owner"}')
    with monkeypatch.context() as full:
        full.setattr(user_summary, "write_whole", fail_with(errno.ENOSPC))
        served.poll()
        assert served.application.in_force.judge.policy.site["ownership"] == "owner"
        assert not doors.exists()

    # The policy is in force already, and need not be loaded again.
    monkeypatch.setattr(reload_thread.reloading, "reload", fail_with(errno.EIO))
    assert soon(lambda: served.poll() or doors.exists())
    assert json.loads(doors.read_text())["ownership"] == "owner"
    reported = len(served.reported)
    served.poll(4)
    assert len(served.reported) == reported


def test_a_thread_looks_and_loads_at_once_when_it_is_asked_to(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.thread.start(is_replacement=False)
    served.act("off")
    assert soon(served.privileged)

    # Now no look would find the change.
    monkeypatch.setattr(Watch, "poll", lambda watch: False)
    served.act("deny")
    served.thread.request_reload()
    assert soon(lambda: not served.privileged())


def test_each_policy_that_came_into_force_is_kept_and_no_invalid_one(served: Served) -> None:
    served.thread.start(is_replacement=False)
    settings = served.application.settings

    def kept() -> bytes:
        found = last_policy.read_saved_policy(settings)
        assert found is not None
        return found.files[served.policy]["site.json"]

    assert kept() == served.site.read_bytes()
    served.act("off")
    assert soon(lambda: kept() == served.site.read_bytes())
    valid = kept()
    served.site.write_text("{")
    assert soon(lambda: served.reported and served.reported[-1].state.faults)
    assert kept() == valid


def test_a_decider_that_follows_begins_with_the_folders_and_a_line_of_its_own(served: Served) -> None:
    served.act("off")
    served.thread.start(is_replacement=True)

    assert served.privileged() is True
    assert [in_force.state.faults for in_force in served.reported[:1]] == [()]
    assert served.application.log.state.torn is True
    (notice,) = [one for one in served.status()["attention"] if "the deciding process" in one]
    assert notice.startswith("the deciding process ended or hung, and was replaced at 20")


@pytest.mark.usefixtures("_retries_soon")
def test_a_decider_that_follows_tries_an_invalid_folder_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:

    served.act("off")
    with monkeypatch.context() as patched:
        patched.setattr(policy_loader, "read_regular_file", fail_with(errno.EMFILE))
        served.thread.start(is_replacement=True)
    assert served.status()["reloadFailures"] == 1

    assert soon(served.privileged)
    assert served.status()["reloadFaults"] == []


def test_log_metrics_and_host_stay_the_same_objects(served: Served) -> None:
    before = replace(served.application)
    served.act("off")
    served.poll()

    after = served.application
    assert (after.log, after.metrics) == (before.log, before.metrics)
    assert after.in_force.judge.host is before.in_force.judge.host
    assert after.in_force is not before.in_force
    assert ask(after, create())["Allow"] is True
