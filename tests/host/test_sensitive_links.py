"""Which of many paths are links, without looking at each of them each time."""

import time
from pathlib import Path

import pytest

from portero.host.resolved_paths import Links, PathResolver
from portero.host.symlinks import HostWalk
from tests.host.looks import recorded_looks

PATHS = ["/var/lib/docker"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in ("etc", "data", "var/lib"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "home").symlink_to("data")
    return tmp_path


def settle(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + int(seconds * 1e9))


def resolver() -> PathResolver:
    return PathResolver((), (), (), (), PATHS)


def find(known: PathResolver, root: Path) -> Links:
    return known.resolve(HostWalk(str(root)), None, (), ()).sensitive_links


def ends(links: Links) -> dict[str, str]:
    """Where the paths lead in the end, which comes first."""
    return dict(reversed(links))


def looked_at(root: Path, known: PathResolver, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], list[str]]:
    with recorded_looks(root, monkeypatch) as seen:
        return ends(find(known, root)), seen


def test_paths_that_are_links_or_lie_behind_one_are_found(root: Path) -> None:
    (root / "var" / "lib" / "k0s").symlink_to("/data")
    assert ends(find(resolver(), root)) == {"/home": "/data", "/var/lib/k0s": "/data"}

    (root / "var").rename(root / "state")
    (root / "var").symlink_to("state")
    moved = ends(find(resolver(), root))
    assert {path: moved[path] for path in ("/home", "/var/lib/docker", "/var/lib/k0s")} == {
        "/home": "/data",
        "/var/lib/docker": "/state/lib/docker",
        "/var/lib/k0s": "/data",
    }


def test_homes_that_are_links_are_found(root: Path) -> None:
    (root / "var" / "home").symlink_to("/data")

    assert ends(find(resolver(), root)) == {"/home": "/data", "/var/home": "/data"}


def test_a_link_to_a_sensitive_place_is_judged_by_that_place_unless_it_is_protected(root: Path) -> None:
    (root / "var" / "lib" / "docker").symlink_to("/etc")
    (root / "var" / "lib" / "k0s").symlink_to("/etc")

    assert ends(find(resolver(), root)) == {"/home": "/data", "/var/lib/docker": "/etc"}


def test_a_settled_folder_is_looked_through_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = resolver()
    settle(monkeypatch, 5)

    first, all_paths = looked_at(root, known, monkeypatch)
    again, few_paths = looked_at(root, known, monkeypatch)

    assert first == again == {"/home": "/data"}
    assert "/var/lib/k0s" in all_paths
    assert "/var/lib/k0s" not in few_paths
    assert "/etc" not in few_paths


def test_a_folder_that_just_changed_is_looked_through_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = resolver()
    looked_at(root, known, monkeypatch)

    assert "/var/lib/k0s" in looked_at(root, known, monkeypatch)[1]


def test_a_link_that_comes_up_is_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = resolver()
    settle(monkeypatch, 5)
    find(known, root)
    (root / "var" / "lib" / "docker").symlink_to("/data")

    assert ends(find(known, root)) == {"/home": "/data", "/var/lib/docker": "/data"}


def test_a_link_that_now_leads_elsewhere_is_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = resolver()
    settle(monkeypatch, 5)
    find(known, root)
    (root / "data").rename(root / "more")
    (root / "data").symlink_to("more")

    assert ends(find(known, root)) == {"/home": "/more"}


def test_who_can_replace_a_link_on_the_way_can_lead_the_path_elsewhere(root: Path) -> None:
    (root / "srv").mkdir()
    (root / "srv" / "next").symlink_to("/data")
    (root / "var" / "lib" / "docker").symlink_to("/srv/next")

    found = find(resolver(), root)

    assert {where for path, where in found if path == "/var/lib/docker"} == {"/data", "/srv/next"}
