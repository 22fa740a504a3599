"""A walk at one moment: links as in a chroot, each read once, and nothing is a socket that only looks like one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portero.observe.files.symlinks import CLOSED, MAX_LINKS, HostWalk, WalkStep


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv" / "link").symlink_to("/etc")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("/", "/"),
        ("/..", "/"),
        ("/srv/../..", "/"),
        ("/srv/link", "/etc"),
        ("/srv/link/", "/etc"),
        ("//srv/./link/../srv", "/srv"),
        ("/srv/none/../link", "/etc"),
        ("/none/below", "/none/below"),
        ("/-/link", "/-/link"),
    ],
)
def test_a_path_is_walked_as_the_kernel_would(root: Path, path: str, resolved: str) -> None:
    assert HostWalk(str(root)).resolve(path) == resolved


def test_the_top_is_a_folder_like_any_other(root: Path) -> None:
    walk = HostWalk(str(root))

    assert walk.lstat("/") == os.lstat(root)
    assert [step.folder for step in walk.list_steps("/srv/link")] == ["/", "/srv", "/"]


def test_a_link_is_read_once_in_a_moment_and_anew_in_the_next(root: Path) -> None:
    walk = HostWalk(f"{root}/")
    assert walk.resolve_or_keep("/srv/link") == "/etc"
    (root / "srv" / "link").unlink()
    (root / "srv" / "link").symlink_to("/srv")

    assert walk.resolve_or_keep("/srv/link") == "/etc"
    assert HostWalk(f"{root}/").resolve_or_keep("/srv/link") == "/srv"


WAYS = st.lists(st.sampled_from(["a", "b", "c", "x", "y", "none", "..", ".", ""]), max_size=6).map("/".join)
# Where links are made: plain places below the root, since a drawn path could lead out of it and into the real host.
LINKS = st.dictionaries(st.sampled_from(["x", "y", "a/x", "a/y", "a/b/x"]), st.tuples(WAYS, st.booleans()))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(WAYS.map("/{}".format), max_size=8), LINKS)
def test_what_was_walked_before_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str], links: dict[str, tuple[str, bool]]
) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "a" / "b").mkdir(parents=True)
    (root / "c").write_text("")
    for place, (target, absolute) in links.items():
        (root / place).symlink_to(f"/{target}" if absolute else target or ".")
    walk = HostWalk(str(root))

    assert [walk.find_entry(path) for path in paths] == [HostWalk(str(root)).find_entry(path) for path in paths]
    for path in paths:
        if walk.find_entry(path)[0] is not None:
            assert describe(walk.list_steps(path)) == describe(HostWalk(str(root)).list_steps(path))


def describe(steps: list[WalkStep]) -> list[tuple[str, str, int | None, int | None]]:
    """Without times: the kernel notes when a link was read."""
    return [
        (step.folder, step.path, step.folder_stat and step.folder_stat.st_ino, step.stat and step.stat.st_ino)
        for step in steps
    ]


def test_a_walk_through_a_known_folder_counts_the_links_on_the_way_there(root: Path) -> None:
    for number in range(MAX_LINKS + 1):
        (root / f"{number}").symlink_to(f"/{number - 1}" if number else "/srv")
    walk = HostWalk(str(root))

    assert walk.resolve_or_keep(f"/{MAX_LINKS - 1}/x") == "/srv/x"
    assert walk.find_entry(f"/{MAX_LINKS - 1}/link")[1] == "unknown"


def test_the_steps_of_a_path_may_pass_as_many_links_as_the_kernel_follows(root: Path) -> None:
    for number in range(MAX_LINKS + 1):
        (root / f"{number}").symlink_to(f"/{number - 1}" if number else "/srv")

    assert len(HostWalk(str(root)).list_steps(f"/{MAX_LINKS - 1}")) == MAX_LINKS + 1
    with pytest.raises(OSError, match="symbolic links"):
        HostWalk(str(root)).list_steps(f"/{MAX_LINKS}")


def test_below_a_folder_that_is_not_there_nothing_is_looked_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, lstat = list[str](), os.lstat

    def recorded(file: str) -> os.stat_result:
        read.append(file)
        return lstat(file)

    monkeypatch.setattr(os, "lstat", recorded)

    assert HostWalk(str(root)).resolve("/none/below/../link/../../srv/link/x") == "/etc/x"
    assert [file.removeprefix(str(root)) for file in read] == ["/none", "/srv", "/srv/link", "/etc", "/etc/x"]


def test_a_path_that_is_too_long_for_the_kernel_is_unknown_even_where_nothing_is(root: Path) -> None:
    path = "/none" + "/x" * 3000

    assert HostWalk(str(root)).find_entry(path) == (None, "unknown")


def test_links_in_a_circle_lead_nowhere(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")

    assert HostWalk(str(root)).find_entry("/a") == (None, "unknown")
    assert HostWalk(str(root)).resolve_or_keep("/a") == "/a"


def test_a_name_that_leads_to_a_socket_is_one_and_others_are_not(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "etc")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("x.sock")
        (root / "srv" / "direct.sock").symlink_to("/etc/x.sock")
        (root / "srv" / "file.sock").write_text("")
        (root / "srv" / "dangling.sock").symlink_to("/nowhere")
        os.mkdir(root / "srv" / "folder.sock")
        walk = HostWalk(str(root))

        assert walk.is_socket("/etc/x.sock")
        names = ("direct", "file", "dangling", "folder", "none")
        assert [name for name in names if walk.is_socket(f"/srv/{name}.sock")] == ["direct"]


@pytest.mark.parametrize("path", ["", "/", "/srv", "/srv/link", "/srv/link/..", "/srv/x.sock", "/none/below", "/loop"])
def test_below_the_root_of_a_process_a_walk_finds_what_it_finds_below_a_folder(root: Path, path: str) -> None:
    (root / "srv" / "up").symlink_to("../etc")
    (root / "loop").symlink_to("loop")
    path = f"{root}{path}"
    through_proc, plain = HostWalk("/proc/self/root"), HostWalk("/")

    assert through_proc.find_entry(path) == plain.find_entry(path)
    assert through_proc.lstat("/") == plain.lstat("/")
    assert through_proc.is_socket("/dev") == plain.is_socket("/dev") is False


@pytest.mark.parametrize("root", ["/", "/proc/self/root"])
@pytest.mark.parametrize(
    "target", ["{}/root/etc", "{}/cwd", "{}/fd/0/x", "{}/task/{}/root", "/proc/self/stat", "/proc/thread-self", "first"]
)
def test_a_link_of_procfs_is_not_followed(tmp_path: Path, root: str, target: str) -> None:
    process = f"/proc/{os.getpid()}"
    (tmp_path / "first").symlink_to(f"{process}/root")
    (tmp_path / "way").symlink_to(target.format(process, os.getpid()))
    walk, place = HostWalk(root), f"{tmp_path}/way"

    assert walk.find_entry(place) == walk.find_entry(f"{place}/below") == (None, "unknown")
    assert (*walk.list_lookups(place),)[-1][2] == CLOSED
    assert walk.resolve(f"{process}/status") == f"{process}/status"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a process another root")
def test_a_link_leads_to_a_place_below_the_root_of_the_process_itself(root: Path) -> None:
    waits = "import os, sys; os.chroot(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", waits, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        walk = HostWalk(f"/proc/{child.pid}/root")
        assert walk.find_entry("/srv/link") == ("/etc", "directory")
        assert walk.lstat("/etc") == os.lstat(root / "etc")
        assert walk.local_path("/etc") == f"/proc/{child.pid}/root/etc"
    with pytest.raises(FileNotFoundError):
        HostWalk(f"/proc/{child.pid}/root")


def test_a_walk_leaves_no_descriptor_open() -> None:
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        HostWalk("/proc/self/root").lstat("/etc")

    assert os.listdir("/proc/self/fd") == before
