"""A change is told once it has come to rest, whatever kind of change it is, and only a change is."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.observe.process import package_files
from portero.serve.application import watch as watching
from portero.serve.application.watch import Watch, list_watched
from portero.serve.settings.settings import Settings

RULE = "rules/topic/some-rule.json"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    folder = tmp_path / "policy"
    (folder / RULE).parent.mkdir(parents=True)
    (folder / RULE).write_text("{}")
    (folder / "site.json").write_text("{}")
    return folder


def watch(policy: Path, **options: str) -> Watch:
    return Watch(list_watched(Settings.read({}, {"schemas": str(policy), **options})))


def changed(watch: Watch) -> bool:
    """Whether a change is told at the second look, having been held back at the first."""
    assert watch.poll() is False
    return watch.poll()


def rewritten_with_the_same_length_and_time(policy: Path) -> None:
    before = (policy / "site.json").stat()
    (policy / "site.json").write_text("[]")
    os.utime(policy / "site.json", ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced_by_another_folder(policy: Path) -> None:
    policy.rename(policy.parent / "old")
    policy.mkdir()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file is written": lambda policy: (policy / "site.json").write_text('{"x": 1}'),
    "a file is written with its old length and time": rewritten_with_the_same_length_and_time,
    "a file is replaced": lambda policy: (policy / "site.json").replace(policy / RULE),
    "a file is removed": lambda policy: (policy / RULE).unlink(),
    "a file may no longer be read": lambda policy: (policy / RULE).chmod(0),
    "a rule is added": lambda policy: (policy / "rules/topic/another.json").write_text("{}"),
    "a topic is added": lambda policy: (policy / "rules/more").mkdir(),
    "an exception is added, and its folder": lambda policy: (policy / "exceptions").mkdir(),
    "the folder is another": replaced_by_another_folder,
    "the folder is gone": lambda policy: policy.rename(policy.parent / "elsewhere"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_reported_at_the_second_look_that_sees_it(policy: Path, change: Callable[[Path], object]) -> None:
    watching = watch(policy)

    change(policy)

    assert changed(watching)


def read(policy: Path) -> None:
    (policy / RULE).read_text()


def write_elsewhere(policy: Path) -> None:
    (policy / ".git").mkdir()
    (policy / ".git" / "HEAD").write_text("x")


@pytest.mark.parametrize("act", [read, write_elsewhere], ids=["reading", "where no policy is read from"])
def test_without_a_change_nothing_is_reported(policy: Path, act: Callable[[Path], None]) -> None:
    watching = watch(policy)
    act(policy)

    assert [watching.poll() for _ in range(3)] == [False] * 3


def test_a_folder_that_still_changes_is_not_reported(policy: Path) -> None:
    watching = watch(policy)

    for number in range(5):
        (policy / "site.json").write_text("x" * number)
        assert watching.poll() is False
    assert watching.poll() is True


def test_a_change_is_reported_until_it_is_taken(policy: Path) -> None:
    watching = watch(policy)
    (policy / "site.json").write_text("[ ]")
    assert changed(watching)
    assert watching.poll() is True

    watching.set_baseline(watching.take_snapshot())

    assert watching.poll() is False


def keep_whole_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file system be one that cuts times to whole seconds."""
    stamp = watching.stamp_file

    def cut(found: os.stat_result) -> tuple[int, ...]:
        *rest, modified, changed = stamp(found)
        return *rest, modified - modified % 10**9, changed - changed % 10**9

    monkeypatch.setattr(watching, "stamp_file", cut)


def test_on_a_file_system_of_whole_seconds_a_change_is_told_when_no_other_can_have_its_time(
    policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_whole_seconds(monkeypatch)
    watching = watch(policy)
    watching.set_baseline(watching.take_snapshot())
    (policy / "site.json").write_text("[]")
    now = (policy / "site.json").stat().st_ctime_ns

    monkeypatch.setattr(time, "time_ns", lambda: now + 900_000_000)
    assert [watching.poll() for _ in range(3)] == [False, False, False]
    assert watching.is_changed
    monkeypatch.setattr(time, "time_ns", lambda: now + 3_000_000_000)
    assert watching.poll() is True


def test_what_was_taken_so_young_is_told_once_more(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_whole_seconds(monkeypatch)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now)
    watching = watch(policy)
    monkeypatch.setattr(time, "time_ns", lambda: now + 3_000_000_000)
    found = [watching.poll() for _ in range(2)]
    watching.set_baseline(watching.take_snapshot())

    assert found == [True, True]
    assert [watching.poll() for _ in range(2)] == [False, False]


@pytest.mark.parametrize("hours", [-1, 1])
def test_on_such_a_file_system_a_clock_that_differs_keeps_no_change_back(
    policy: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    keep_whole_seconds(monkeypatch)
    watching = watch(policy)
    (policy / "site.json").write_text("[1]")
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + hours * 3600 * 10**9)

    assert changed(watching) is True


def test_another_target_of_a_link_is_a_change(policy: Path) -> None:
    for name in ("first", "second"):
        (policy.parent / name).mkdir()
        (policy.parent / name / "site.json").write_text("{}")
    link = policy.parent / "link"
    link.symlink_to("first")
    watching = watch(link)

    link.unlink()
    link.symlink_to("second")

    assert changed(watching)


def test_a_link_that_leads_in_a_circle_ends(policy: Path) -> None:
    (policy / "rules" / "circle").symlink_to(policy / "rules")

    assert 0 < len(watch(policy).take_snapshot()) < 1000


def test_in_a_folder_that_must_be_signed_everything_matters_and_so_do_the_keys(policy: Path) -> None:
    key = policy.parent / "alice.pub"
    key.write_text("x")
    watching = watch(policy, trusted_keys=str(key))
    (policy / ".hidden").write_text("x")
    assert changed(watching)
    watching.set_baseline(watching.take_snapshot())

    key.write_text("xy")

    assert changed(watching)


def test_the_built_in_folder_is_not_watched(policy: Path) -> None:
    looked = {path for path, _ in watch(policy).take_snapshot()}

    assert not [path for path in looked if path.startswith(str(package_files.schemas()))]
    assert str(policy / RULE) in looked


def test_folders_that_do_not_answer_are_looked_at_once_they_do(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, list_entries = threading.Event(), watching._list_entries

    def wait(start: str) -> object:
        hangs.wait(10)
        return list_entries(start)

    monkeypatch.setattr(watching, "_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(watching, "_list_entries", wait)
    began = time.monotonic()
    made = watch(policy)
    assert time.monotonic() - began < 5
    hangs.set()

    assert changed(made)
