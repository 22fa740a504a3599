"""The places to protect are found once, and again when a link on the way to one of them changes."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from portero.decide.interfaces.daemon import DockerdIdentity
from portero.observe.dockerd.asking_daemon import AskingDaemon, locate_daemon
from portero.observe.dockerd.dockerd_process import RunningDockerd
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.resolved_paths import Links, PathResolver, ResolvedPaths
from tests.observe.host.looks import recorded_looks
from tests.trees import lay_out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lay_out(tmp_path, "run/", "opt/", "srv/a/", "srv/b/", "opt/portero -> /srv/a")
    return tmp_path


@pytest.fixture
def resolver() -> PathResolver:
    return PathResolver(["/run/docker.sock"], ["/opt/portero"], ["/opt/venv"], ["/opt/log"])


def dockerd(pid: int, *arguments: str) -> AskingDaemon:
    running = RunningDockerd(DockerdIdentity(pid, 1), 0, 0, "/", "/", (), arguments, {})
    return locate_daemon(running, {})


def resolve(
    resolver: PathResolver, root: Path | None, daemon: AskingDaemon | None = None, *others: AskingDaemon
) -> ResolvedPaths:
    return resolver.resolve(None if root is None else HostWalk(str(root)), daemon, others, ())


def test_the_places_of_a_host_that_stays_as_it_is_are_found_once(resolver: PathResolver, root: Path) -> None:
    first = resolve(resolver, root)

    assert resolve(resolver, root) is first
    assert first.portero.surrounds("/srv/a/x")


def test_a_link_that_leads_elsewhere_moves_what_is_protected(resolver: PathResolver, root: Path) -> None:
    resolve(resolver, root)
    (root / "opt" / "portero").unlink()
    (root / "opt" / "portero").symlink_to("/srv/b")

    moved = resolve(resolver, root)

    assert (moved.portero.surrounds("/srv/a"), moved.portero.surrounds("/srv/b")) == (False, True)
    assert moved.guarded.list_held("/srv") == {"/srv/b"}


@pytest.fixture
def chain(root: Path) -> Path:
    """Portero's own folders, its programs and a log behind two links each."""
    lay_out(root, "data/7/", "srv/links/")
    for link, target in (("portero", "/srv/links/own"), ("venv", "../srv/links/venv"), ("log", "/srv/links/log")):
        (root / "opt" / link).unlink(missing_ok=True)
        (root / "opt" / link).symlink_to(target)
        (root / "srv" / "links" / target.rpartition("/")[2]).symlink_to("/data/7")
    return root


def test_each_link_on_the_way_is_protected_as_what_lies_behind_it(resolver: PathResolver, chain: Path) -> None:
    places = resolve(resolver, chain)

    assert places.guarded.list_held("/srv/links") == places.guarded.list_held("/srv") == {"/srv/links/own"}
    assert places.logs.list_opened("/srv/links") == ("/srv/links/log", "/srv/links/venv")
    # What lies beside them is not.
    assert not places.guarded.list_held("/srv/a", "/srv/links/other")
    assert not places.logs.list_opened("/srv/links/other")


def test_another_link_on_the_way_is_protected_at_once(resolver: PathResolver, chain: Path) -> None:
    resolve(resolver, chain)
    (chain / "opt" / "portero").unlink()
    lay_out(chain, "opt/portero -> /srv/b/own", "srv/b/own -> /data/7")

    assert resolve(resolver, chain).guarded.list_held("/srv/b") == {"/srv/b/own"}


def test_links_on_the_way_to_what_a_daemon_believes_are_not_written(resolver: PathResolver, chain: Path) -> None:
    lay_out(chain, "etc/docker -> /srv/links/docker", "srv/links/docker -> /data/7", "srv/b/kata -> /data/7")
    daemon = replace(dockerd(7), programs=("/srv/b/kata/run",))
    places = resolve(resolver, chain, daemon)

    assert "/srv/links/docker" in places.logs.list_opened("/srv/links")
    assert places.logs.list_opened("/srv/b") == ("/srv/b/kata",)
    assert places.logs.list_opened("/srv/a") == ()


def test_each_daemon_has_places_of_its_own_and_keeps_them(resolver: PathResolver, root: Path) -> None:
    daemons = [dockerd(1, "--data-root=/srv/a"), dockerd(2, "--data-root=/srv/b")]
    places = [resolve(resolver, root, daemon) for daemon in daemons]

    assert [each.daemon_data.list_opened("/srv/b") for each in places] == [(), ("/srv/b",)]
    assert [resolve(resolver, root, daemon) for daemon in daemons] == places
    assert resolve(resolver, root, daemons[0]) is places[0]


def test_a_daemon_that_was_read_anew_has_the_places_of_now(resolver: PathResolver, root: Path) -> None:
    daemon = dockerd(1, "--data-root=/srv/a")
    resolve(resolver, root, daemon)

    moved = resolver.resolve(HostWalk(str(root)), replace(daemon, data=("/srv/b",)), (), ())

    assert moved.daemon_data.list_opened("/srv/b") == ("/srv/b",)


def test_other_daemons_and_further_sockets_count(resolver: PathResolver, root: Path) -> None:
    resolve(resolver, root)

    places = resolver.resolve(HostWalk(str(root)), None, (dockerd(2, "--data-root=/srv/b"),), ("/srv/x.sock",))

    assert places.daemon_data.list_opened("/srv/b") == ("/srv/b",)
    assert places.guarded.list_held("/srv") == {"/srv/a", "/srv/x.sock"}


def test_of_many_daemons_the_latest_are_kept(resolver: PathResolver, root: Path) -> None:
    places = {pid: resolve(resolver, root, dockerd(pid)) for pid in range(1, 12)}
    again = {pid: resolve(resolver, root, dockerd(pid)) for pid in range(11, 2, -1)}

    # Eight; what is found anew takes the place of another one.
    assert [pid for pid, found in again.items() if found is not places[pid]] == [3]


def test_where_no_file_is_visible_only_names_count(resolver: PathResolver) -> None:
    assert not resolve(resolver, None).portero.surrounds("/srv/a")
    assert resolve(resolver, None).portero.surrounds("/opt/portero")


def test_files_data_and_programs_of_daemons_are_told_apart(resolver: PathResolver, root: Path) -> None:
    asking = dockerd(1, "--data-root=/srv/d", "--exec-root=/srv/run")
    other = replace(
        asking, data=("/srv/other",), files=("/srv/other.json",), programs=("/srv/kata/run", "/srv/cdi"), pid=2
    )
    paths = resolver.resolve(HostWalk(str(root)), asking, (other,), ())

    assert paths.daemon_files.list_opened("/srv") == ("/srv/other.json", "/srv/run")
    assert paths.daemon_data.list_opened("/srv") == ("/srv/d", "/srv/other")
    assert paths.daemon_files.list_opened("/srv/d/volumes") == ()
    assert paths.daemon_data.list_opened("/srv/d/volumes") == ("/srv/d",)
    assert paths.daemon_data.list_opened("/srv/data") == ()
    assert paths.programs.list_opened("/srv/kata") == ("/srv/kata/run",)
    assert paths.programs.list_opened("/srv/cdi/nvidia.json") == ("/srv/cdi",)
    assert paths.programs.list_opened("/srv/kata/share") == ()


def test_the_usual_data_counts_without_a_daemon(resolver: PathResolver) -> None:
    usual = ("/var/lib/containerd", "/var/lib/docker")

    assert resolve(resolver, None).daemon_data.list_opened("/var/lib") == usual


PATHS = ["/var/lib/docker"]


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    lay_out(tmp_path, "etc/", "data/", "var/lib/", "home -> data")
    return tmp_path


def settle(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + int(seconds * 1e9))


def new_resolver() -> PathResolver:
    return PathResolver((), (), (), (), PATHS)


def find(known: PathResolver, linked: Path) -> Links:
    return known.resolve(HostWalk(str(linked)), None, (), ()).sensitive_links


def ends(links: Links) -> dict[str, str]:
    """Where the paths lead in the end, which comes first."""
    return dict(reversed(links))


def looked_at(linked: Path, known: PathResolver, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], list[str]]:
    with recorded_looks(linked, monkeypatch) as seen:
        return ends(find(known, linked)), seen


def test_paths_that_are_links_or_lie_behind_one_are_found(linked: Path) -> None:
    (linked / "var" / "lib" / "k0s").symlink_to("/data")
    assert ends(find(new_resolver(), linked)) == {"/home": "/data", "/var/lib/k0s": "/data"}

    (linked / "var").rename(linked / "state")
    (linked / "var").symlink_to("state")
    moved = ends(find(new_resolver(), linked))
    assert {path: moved[path] for path in ("/home", "/var/lib/docker", "/var/lib/k0s")} == {
        "/home": "/data",
        "/var/lib/docker": "/state/lib/docker",
        "/var/lib/k0s": "/data",
    }


def test_a_settled_folder_is_looked_through_once(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = new_resolver()
    settle(monkeypatch, 5)

    first, all_paths = looked_at(linked, known, monkeypatch)
    again, few_paths = looked_at(linked, known, monkeypatch)

    assert first == again == {"/home": "/data"}
    assert "/var/lib/k0s" in all_paths
    assert "/var/lib/k0s" not in few_paths
    assert "/etc" not in few_paths


def test_a_folder_that_just_changed_is_looked_through_again(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = new_resolver()
    looked_at(linked, known, monkeypatch)

    assert "/var/lib/k0s" in looked_at(linked, known, monkeypatch)[1]


@pytest.mark.parametrize(
    ("links", "found"),
    [
        (["var/home -> /data"], {"/var/home": "/data"}),
        # What is judged by the place that it leads to, unless it is protected.
        (["var/lib/docker -> /etc", "var/lib/k0s -> /etc"], {"/var/lib/docker": "/etc"}),
    ],
    ids=["a home", "a sensitive place"],
)
def test_links_are_found(linked: Path, links: list[str], found: dict[str, str]) -> None:
    lay_out(linked, *links)

    assert ends(find(new_resolver(), linked)) == {"/home": "/data", **found}


def test_a_link_that_comes_up_or_leads_elsewhere_is_followed(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = new_resolver()
    settle(monkeypatch, 5)
    find(known, linked)
    (linked / "var" / "lib" / "docker").symlink_to("/data")
    assert ends(find(known, linked)) == {"/home": "/data", "/var/lib/docker": "/data"}

    settle(monkeypatch, 5)
    find(known, linked)
    (linked / "data").rename(linked / "more")
    (linked / "data").symlink_to("more")
    assert ends(find(known, linked)) == {"/home": "/more", "/var/lib/docker": "/more"}


def test_who_can_replace_a_link_on_the_way_can_lead_the_path_elsewhere(linked: Path) -> None:
    lay_out(linked, "srv/next -> /data", "var/lib/docker -> /srv/next")

    found = find(new_resolver(), linked)

    assert {where for path, where in found if path == "/var/lib/docker"} == {"/data", "/srv/next"}
