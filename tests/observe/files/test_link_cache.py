"""The cache of links holds only while every link is what it was."""

import errno
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portero.observe.files.link_cache import LinkCache, find_stamp
from portero.observe.files.symlinks import HostWalk
from tests.observe.host.looks import fail_lstat, recorded_looks
from tests.trees import lay_out

PATHS = ("/run/docker.sock", "/var/run/docker.sock", "/run/crio/crio.sock", "/opt/portero")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lay_out(tmp_path, "run/", "var/", "opt/portero/", "opt/other/", "var/run -> /run")
    return tmp_path


@pytest.fixture
def settled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All folders have settled, and what is changed from now on gives them other times."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 5_000_000_000)
    wait_for_tick(root)


def wait_for_tick(root: Path) -> None:
    """Changes within one tick of the kernel's clock have the same time."""
    probe = root.with_name("probe")
    probe.touch()
    first = probe.stat().st_ctime_ns
    while probe.stat().st_ctime_ns == first:
        probe.touch()


def record_links(root: Path, paths: Sequence[str] = PATHS) -> LinkCache:
    return LinkCache.record(HostWalk(str(root)), paths)


def looked_at(root: Path, ways: LinkCache, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    with recorded_looks(root, monkeypatch) as seen:
        assert ways.still_holds(HostWalk(str(root)))
    return seen


@pytest.mark.usefixtures("settled")
def test_of_settled_ways_only_the_folders_are_looked_at(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(looked_at(root, record_links(root), monkeypatch)) == ["/", "/opt", "/run", "/var"]


def test_in_a_folder_that_just_changed_each_name_is_looked_at(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = looked_at(root, record_links(root), monkeypatch)

    assert {"/run/docker.sock", "/run/crio", "/opt/portero", "/var/run"} <= {*seen}
    assert "/run/crio/crio.sock" not in seen  # below nothing there is nothing


def replace(path: Path, target: str) -> None:
    if path.is_symlink() or path.exists():
        path.rename(path.with_name("old"))
    path.symlink_to(target)


CHANGES: list[Callable[[Path], object]] = [
    lambda root: replace(root / "var" / "run", "/opt"),
    lambda root: replace(root / "run" / "docker.sock", "/opt/x"),
    lambda root: replace(root / "run" / "crio", "/opt"),
    lambda root: replace(root / "opt", "/run"),
    lambda root: replace(root / "opt" / "portero", "other"),
    lambda root: (root / "run" / "crio").mkdir(),
]


@pytest.mark.parametrize("clock", ["settled", "just changed"])
@pytest.mark.parametrize("change", CHANGES)
def test_ways_are_not_taken_again_when_a_link_changed_or_something_came(
    root: Path, change: Callable[[Path], object], clock: str, request: pytest.FixtureRequest
) -> None:
    if clock == "settled":
        request.getfixturevalue("settled")
    ways = record_links(root)
    change(root)

    assert not ways.still_holds(HostWalk(str(root)))


def test_ways_hold_when_something_else_comes_and_are_recorded_anew_when_the_folder_has_settled(
    root: Path, request: pytest.FixtureRequest
) -> None:
    ways = record_links(root)
    (root / "run" / "other.pid").write_text("")
    assert ways.still_holds(HostWalk(str(root)))

    request.getfixturevalue("settled")

    assert not ways.still_holds(HostWalk(str(root)))
    assert record_links(root).still_holds(HostWalk(str(root)))


@pytest.mark.parametrize(("seconds", "has_settled"), [(1.001, False), (2.05, False), (2.2, True), (-3600, False)])
def test_a_folder_settles_when_no_file_system_can_give_another_change_its_times(
    root: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, has_settled: bool
) -> None:
    changed = root.stat().st_ctime_ns
    monkeypatch.setattr(time, "time_ns", lambda: changed + int(seconds * 1e9))

    assert (find_stamp(HostWalk(str(root)), "/") is not None) is has_settled


@pytest.mark.parametrize(
    "began", [2.2, 5], ids=["a little earlier", "long before, since a request waits for the daemon"]
)
def test_a_folder_that_changed_after_the_walk_began_has_not_settled(
    root: Path, monkeypatch: pytest.MonkeyPatch, began: float
) -> None:
    # The names are looked up before the change, and the folder after it.
    now = time.time_ns()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: now - int(began * 1e9))
        walk = HostWalk(str(root))
    assert walk.find_link("", "/opt") is None
    replace(root / "opt", "/run")

    assert not LinkCache.record(walk, PATHS).still_holds(HostWalk(str(root)))


@pytest.mark.usefixtures("settled")
def test_a_closed_way_is_tried_again_though_its_folder_is_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        fail_lstat(patch, "/opt/portero", errno.EACCES)
        ways = record_links(root)
        assert ways.still_holds(HostWalk(str(root)))

    assert not ways.still_holds(HostWalk(str(root)))


@pytest.mark.usefixtures("settled")
def test_a_folder_that_is_closed_since_is_no_failure(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = record_links(root)
    fail_lstat(monkeypatch, "/opt", errno.EACCES)

    assert not ways.still_holds(HostWalk(str(root)))


def test_a_failure_of_the_moment_is_raised(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = record_links(root)

    fail_lstat(monkeypatch, "", errno.EMFILE)

    with pytest.raises(OSError, match="Too many open files"):
        ways.still_holds(HostWalk(str(root)))
    with pytest.raises(OSError, match="Too many open files"):
        record_links(root)


def test_links_in_a_circle_are_a_way_like_others(root: Path) -> None:
    replace(root / "opt" / "portero", "portero")
    ways = record_links(root)

    assert ways.still_holds(HostWalk(str(root)))
    (root / "opt" / "portero").unlink()
    assert not ways.still_holds(HostWalk(str(root)))


NAMES = st.sampled_from(["a", "b", "a/a", "a/b", "b/a", "a/a/b"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["folder", "link", "remove", "move"]), NAMES, NAMES, st.booleans()), max_size=8
)


def change(root: Path, how: str, name: str, other: str, *, absolute: bool) -> None:
    place = root / name
    try:
        if how == "folder":
            place.mkdir()
        elif how == "link":
            place.symlink_to(f"/{other}" if absolute else other)
        elif how == "move":
            place.rename(root / other)
        elif place.is_symlink():
            place.unlink()
        else:
            place.rmdir()
    except OSError:
        return


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(STEPS, STEPS, st.booleans())
def test_paths_whose_ways_are_taken_again_lead_where_a_new_walk_leads(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[str, str, str, bool]],
    after: list[tuple[str, str, str, bool]],
    is_settled: bool,
) -> None:
    root = tmp_path_factory.mktemp("root")
    paths = ["/a/a/b", "/b/a/x", "/a/b"]
    with pytest.MonkeyPatch.context() as patch:
        if is_settled:
            now = time.time_ns
            patch.setattr(time, "time_ns", lambda: now() + 5_000_000_000)
        for how, name, other, absolute in before:
            change(root, how, name, other, absolute=absolute)
        walk = HostWalk(str(root))
        led, ways = [walk.resolve_or_keep(path) for path in paths], LinkCache.record(walk, paths)
        wait_for_tick(root)
        for how, name, other, absolute in after:
            change(root, how, name, other, absolute=absolute)
        walk = HostWalk(str(root))
        if ways.still_holds(walk):
            assert led == [HostWalk(str(root)).resolve_or_keep(path) for path in paths]


def test_links_that_the_kernel_makes_are_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # No time of a folder in /proc tells that a link in it leads elsewhere.
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 5_000_000_000)
    path = f"/proc/{os.getpid()}/cwd"
    ways = LinkCache.record(HostWalk("/", frozenset), [path])
    assert ways.still_holds(HostWalk("/", frozenset))

    monkeypatch.chdir(tmp_path)

    assert not ways.still_holds(HostWalk("/", frozenset))
