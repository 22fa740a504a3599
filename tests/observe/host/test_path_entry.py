"""What a path opens is found whether it lies at, above or below a protected place, and under which of its names."""

import errno
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portero.decide.interfaces.host import HostEntry
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.homes import Homes
from portero.observe.host.path_entry import EntryFinder, is_owners_alone, is_readable_by_all, list_daemon_sockets
from portero.observe.host.protected_paths import ProtectedPaths
from portero.observe.host.resolved_paths import PathResolver, ResolvedPaths
from portero.observe.host.root_programs import RootPrograms
from portero.observe.host.sockets import WELL_KNOWN, ListeningSocket, ListeningSockets
from tests.observe.host.looks import fail_lstat
from tests.observe.host.test_resolved_paths import dockerd
from tests.trees import lay_out

LISTENING = ListeningSockets(
    (ListeningSocket("/srv/root.sock", "/srv/root.sock", 1, 0), ListeningSocket("/srv/user.sock", "/srv/u.sock", 2, 7))
)

PROGRAMS = RootPrograms(ProtectedPaths({"/srv/agent": "/srv/agent"}), ProtectedPaths({}))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    lay_out(root, "run/", "opt/portero/", "opt/venv/", "var/log/", "data/", "srv/plain/")
    lay_out(root, "srv/way -> /opt", "logs -> /var/log")
    return root


def entry_finder(root: Path) -> EntryFinder:
    walk = HostWalk(str(root))
    known = PathResolver(["/run/docker.sock"], ["/opt/portero"], ["/opt/venv"], ["/logs/p.jsonl"])
    places = known.resolve(walk, dockerd(1, "--data-root=/data", "--exec-root=/run/engine"), (), ())
    return EntryFinder(walk, places, LISTENING, PROGRAMS, ("/opt/portero",))


@pytest.mark.parametrize(
    ("path", "opened"),
    [
        ("/srv/plain", HostEntry("/srv/plain", "directory", ())),
        ("/opt/portero/x", HostEntry("/opt/portero/x", "missing", ("/opt/portero/x",))),
        ("/srv/way/venv", HostEntry("/opt/venv", "directory", (), ("/opt/venv",))),
        ("/var/log", HostEntry("/var/log", "directory", (), ("/var/log/p.jsonl",))),
        ("/srv/root.sock", HostEntry("/srv/root.sock", "missing", ("/srv/root.sock",))),
        ("/srv/u.sock", HostEntry("/srv/u.sock", "missing", (), (), ("/srv/u.sock",))),
        ("/data/volumes", HostEntry("/data/volumes", "missing", (), (), (), (), ("/data",))),
        ("/srv/agent", HostEntry("/srv/agent", "missing", (), (), (), (), (), ("/srv/agent",))),
        ("/run/engine/x", HostEntry("/run/engine/x", "missing", (), (), (), ("/run/engine",))),
    ],
)
def test_a_path_opens_what_is_protected_there(root: Path, path: str, opened: HostEntry) -> None:
    assert entry_finder(root).find(path) == opened


def test_a_file_has_its_size_and_a_folder_has_none(tmp_path: Path) -> None:
    lay_out(tmp_path, "srv/")
    (tmp_path / "srv/long").write_bytes(b"x" * 7)

    assert [entry_finder(tmp_path).find(path).file_size for path in ("/srv/long", "/srv", "/srv/none")] == [7, 0, 0]


def list_all(protected: ResolvedPaths, *paths: str) -> set[str]:
    """What each kind of protected path finds by itself."""
    kinds = (protected.programs, protected.logs, protected.daemon_files, protected.daemon_data)
    return {
        *protected.guarded.list_held(*paths),
        *(path for path in paths if protected.portero.surrounds(path)),
        *(path for kind in kinds for path in kind.list_opened(*paths)),
    }


PARTS = st.sampled_from(
    ["run", "docker.sock", "opt", "portero", "venv", "logs", "var", "log", "data", "srv", "way", "x"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PARTS, max_size=4).map(lambda parts: "/" + "/".join(parts)))
def test_nothing_that_a_path_opens_is_left_out(root: Path, path: str) -> None:
    finder = entry_finder(root)
    resolved = finder.walk.resolve(path)

    found = finder.find(path)
    opened = {*found.holds, *found.written, *found.daemon_files, *found.docker_data}
    assert opened.issuperset(list_all(finder.protected, path, resolved))


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A host with a folder /data."""
    lay_out(tmp_path, "data/file")
    return tmp_path


def find_sockets(folders: Path, folder: str = "/data") -> set[str]:
    return list_daemon_sockets(HostWalk(str(folders)), folder)


def bind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a socket; its path may be longer than an address of one."""
    monkeypatch.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


@pytest.mark.parametrize("name", sorted(WELL_KNOWN))
def test_a_socket_that_comes_is_seen_and_one_that_goes_is_gone(
    folders: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    find_sockets(folders)

    bind(folders / "data" / name, monkeypatch)
    assert find_sockets(folders) == {f"/data/{name}"}
    assert find_sockets(folders) == {f"/data/{name}"}
    (folders / "data" / name).unlink()
    assert find_sockets(folders) == set()


def test_another_folder_in_its_place_is_looked_through(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folders / "other").mkdir()
    bind(folders / "other" / "docker.sock", monkeypatch)
    find_sockets(folders)
    (folders / "data").rename(folders / "before")
    (folders / "other").rename(folders / "data")

    assert find_sockets(folders) == {"/data/docker.sock"}


@pytest.mark.parametrize("target", ["../later.sock", "/srv/x/later.sock"])
def test_what_a_link_leads_to_may_become_a_socket(folders: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    (folders / "srv" / "x").mkdir(parents=True)
    (folders / "data" / "docker.sock").symlink_to(target)
    assert find_sockets(folders) == set()

    place = folders / target.removeprefix("../").removeprefix("/")
    bind(place, monkeypatch)
    assert find_sockets(folders) == {"/data/docker.sock"}


def test_a_name_that_could_not_be_read_is_not_taken_for_missing(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bind(folders / "data" / "docker.sock", monkeypatch)
    with monkeypatch.context() as patch:
        fail_lstat(patch, "docker.sock", errno.EMFILE)
        with pytest.raises(OSError, match="Too many open files"):
            find_sockets(folders)
    assert find_sockets(folders) == {"/data/docker.sock"}


def test_the_top_can_be_looked_through(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bind(folders / "containerd.sock", monkeypatch)

    assert find_sockets(folders, "/") == {"/containerd.sock"}


@pytest.mark.parametrize("folder", ["etc", "proc", "sys", "dev"])
def test_modes_say_who_reads_a_file_but_not_of_what_the_kernel_makes_up(tmp_path: Path, folder: str) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / folder).mkdir(mode=0o755)
    (tmp_path / folder / "x").touch(mode=0o644)

    assert is_readable_by_all(HostWalk(str(tmp_path)), f"/{folder}/x") is (folder == "etc")


@pytest.mark.parametrize(("mode", "alone"), [(0o600, True), (0o400, True), (0o640, False), (0o644, False)])
def test_a_key_is_read_by_its_owner_alone(folders: Path, mode: int, alone: bool) -> None:
    (folders / "data" / "file").chmod(mode)

    assert is_owners_alone(HostWalk(str(folders)), "/data/file") is alone


def test_what_a_login_runs_is_told_by_both_names(folders: Path) -> None:
    (folders / "way").symlink_to("data")
    finder = replace(entry_finder(folders), homes=Homes(others=frozenset({"/data"})))

    assert (finder.find("/way").of_login, finder.find("/data/file").of_login) == (("/data",), ())


def test_sockets_of_the_caller_alone_are_left_out(root: Path) -> None:
    shared = ListeningSocket("/srv/both.sock", "/srv/both.sock", 3, 7)
    listening = ListeningSockets((*LISTENING.sockets, shared, replace(shared, pid=4, uid=8)))
    finder = replace(entry_finder(root), listening=listening)

    assert finder.find("/srv").user_sockets == ("/srv/both.sock", "/srv/u.sock")
    assert replace(finder, caller=7).find("/srv").user_sockets == ("/srv/both.sock",)
    assert replace(finder, caller=8).find("/srv").user_sockets == ("/srv/both.sock", "/srv/u.sock")
    assert replace(finder, caller=0).find("/srv").holds == ("/srv/root.sock",)
