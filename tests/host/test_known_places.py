"""The places to protect are found once, and again when a link on the way to one of them changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from portero.host.asking_daemon import AskingDaemon, locate_daemon
from portero.host.dockerd_process import DockerdIdentity, RunningDockerd
from portero.host.known_places import KnownPlaces
from portero.host.symlinks import HostWalk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("run", "opt", "srv/a", "srv/b"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "opt" / "portero").symlink_to("/srv/a")
    return tmp_path


@pytest.fixture
def known() -> KnownPlaces:
    return KnownPlaces(["/run/docker.sock"], ["/opt/portero"], ["/opt/venv"], ["/opt/log"])


def dockerd(pid: int, *arguments: str) -> AskingDaemon:
    running = RunningDockerd(DockerdIdentity(pid, 1), 0, 0, "/", "/", (), arguments, {})
    return locate_daemon(running, {})


def test_the_places_of_a_host_that_stays_as_it_is_are_found_once(known: KnownPlaces, root: Path) -> None:
    first = known.find(HostWalk(str(root)), None, (), ())

    assert known.find(HostWalk(str(root)), None, (), ()) is first
    assert first.own.find("/srv/a/x") == {"/srv/a/x"}


def test_a_link_that_leads_elsewhere_moves_what_is_protected(known: KnownPlaces, root: Path) -> None:
    known.find(HostWalk(str(root)), None, (), ())
    (root / "opt" / "portero").unlink()
    (root / "opt" / "portero").symlink_to("/srv/b")

    moved = known.find(HostWalk(str(root)), None, (), ())

    assert (moved.own.find("/srv/a"), moved.own.find("/srv/b")) == (set(), {"/srv/b"})
    assert moved.guarded.held("/srv") == {"/srv/b"}


@pytest.fixture
def chain(root: Path) -> Path:
    """Portero's own folders, its programs and a log behind two links each."""
    for folder in ("data/7", "srv/links"):
        (root / folder).mkdir(parents=True)
    for link, target in (("portero", "/srv/links/own"), ("venv", "../srv/links/venv"), ("log", "/srv/links/log")):
        (root / "opt" / link).unlink(missing_ok=True)
        (root / "opt" / link).symlink_to(target)
        (root / "srv" / "links" / target.rpartition("/")[2]).symlink_to("/data/7")
    return root


def test_each_link_on_the_way_is_protected_as_what_lies_behind_it(known: KnownPlaces, chain: Path) -> None:
    places = known.find(HostWalk(str(chain)), None, (), ())

    assert places.all.may_open("/srv/links")
    assert places.guarded.held("/srv/links") == places.guarded.held("/srv") == {"/srv/links/own"}
    assert places.links.find("/srv/links") == ("/srv/links/log", "/srv/links/venv")
    # What lies beside them is not.
    assert not places.guarded.held("/srv/a", "/srv/links/other")
    assert not places.links.find("/srv/links/other")


def test_another_link_on_the_way_is_protected_at_once(known: KnownPlaces, chain: Path) -> None:
    known.find(HostWalk(str(chain)), None, (), ())
    (chain / "opt" / "portero").unlink()
    (chain / "opt" / "portero").symlink_to("/srv/b/own")
    (chain / "srv" / "b" / "own").symlink_to("/data/7")

    assert known.find(HostWalk(str(chain)), None, (), ()).guarded.held("/srv/b") == {"/srv/b/own"}


def test_links_on_the_way_to_what_a_daemon_believes_are_not_written(known: KnownPlaces, chain: Path) -> None:
    (chain / "etc").mkdir()
    (chain / "etc" / "docker").symlink_to("/srv/links/docker")
    (chain / "srv" / "links" / "docker").symlink_to("/data/7")
    (chain / "srv" / "b" / "kata").symlink_to("/data/7")
    daemon = replace(dockerd(7), programs=("/srv/b/kata/run",))
    places = known.find(HostWalk(str(chain)), daemon, (), ())

    assert "/srv/links/docker" in places.links.find("/srv/links")
    assert places.links.find("/srv/b") == ("/srv/b/kata",)
    assert places.links.find("/srv/a") == ()


def test_each_daemon_has_places_of_its_own_and_keeps_them(known: KnownPlaces, root: Path) -> None:
    daemons = [dockerd(1, "--data-root=/srv/a"), dockerd(2, "--data-root=/srv/b")]
    places = [known.find(HostWalk(str(root)), daemon, (), ()) for daemon in daemons]

    assert [each.daemons.find("/srv/b")[1] for each in places] == [(), ("/srv/b",)]
    assert [known.find(HostWalk(str(root)), daemon, (), ()) for daemon in daemons] == places
    assert known.find(HostWalk(str(root)), daemons[0], (), ()) is places[0]


def test_a_daemon_that_was_read_anew_has_the_places_of_now(known: KnownPlaces, root: Path) -> None:
    daemon = dockerd(1, "--data-root=/srv/a")
    known.find(HostWalk(str(root)), daemon, (), ())

    moved = known.find(HostWalk(str(root)), replace(daemon, data=("/srv/b",)), (), ())

    assert moved.daemons.find("/srv/b")[1] == ("/srv/b",)


def test_other_daemons_and_further_sockets_count(known: KnownPlaces, root: Path) -> None:
    known.find(HostWalk(str(root)), None, (), ())

    places = known.find(HostWalk(str(root)), None, (dockerd(2, "--data-root=/srv/b"),), ("/srv/x.sock",))

    assert places.daemons.find("/srv/b")[1] == ("/srv/b",)
    assert places.guarded.held("/srv") == {"/srv/a", "/srv/x.sock"}


def test_of_many_daemons_the_latest_are_kept(known: KnownPlaces, root: Path) -> None:
    places = {pid: known.find(HostWalk(str(root)), dockerd(pid), (), ()) for pid in range(1, 12)}
    again = {pid: known.find(HostWalk(str(root)), dockerd(pid), (), ()) for pid in range(11, 2, -1)}

    # Eight; what is found anew takes the place of another one.
    assert [pid for pid, found in again.items() if found is not places[pid]] == [3]


def test_where_no_file_is_visible_only_names_count(known: KnownPlaces) -> None:
    assert known.find(None, None, (), ()).own.find("/srv/a") == set()
    assert known.find(None, None, (), ()).own.find("/opt/portero") == {"/opt/portero"}
