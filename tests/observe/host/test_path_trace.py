"""Who can lead the way to a source elsewhere, and what else it opens; on folders that really are there."""

import os
import stat
from pathlib import Path

import pytest

from portero.decide.interfaces.host import Passage, Swap, Trace
from portero.observe.files.mount_table import Mount, MountTable, list_mounts
from portero.observe.files.owners import AccountNames, Owners
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.path_trace import Tracer, find_passage
from tests.trees import lay_out

ALICIA = "user alicia (1000)"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host on which /home/alicia and all below it belongs to user 1000, and /tmp is everybody's."""
    lay_out(tmp_path, "home/alicia/app/", "srv/app/", "tmp/", "etc/")
    (tmp_path / "etc" / "passwd").write_text("alicia:x:1000:1000::/home/alicia:/bin/sh\n")
    (tmp_path / "tmp").chmod(0o1777)
    lay_out(tmp_path, "srv/way -> /home/alicia/out", "home/alicia/out -> /srv/app")
    lstat = os.lstat

    def owned(path: str) -> os.stat_result:
        real = lstat(path)
        mode = stat.S_IMODE(real.st_mode) if real.st_mode & stat.S_ISVTX else 0o755
        uid = 1000 if f"{path}/".startswith(f"{tmp_path}/home/alicia/") else 0
        return os.stat_result((stat.S_IFMT(real.st_mode) | mode, *real[1:4], uid, 0, *real[6:10]))

    monkeypatch.setattr(os, "lstat", owned)
    return tmp_path


def trace(root: Path, path: str, mounts: dict[str, str] | None = None, **links: str) -> Trace:
    walk = HostWalk(str(root))
    table = MountTable(list_mounts((mounts or {}).items()))
    return tracer(walk, table, {f"/{name}": real for name, real in links.items()}).trace(path, walk.resolve(path))


def tracer(walk: HostWalk, table: MountTable, links: dict[str, str]) -> Tracer:
    return Tracer(walk, table, Owners(whole=True), AccountNames(walk), tuple(links.items()))


def test_a_folder_may_belong_to_anybody_when_root_owns_what_is_above(root: Path) -> None:
    assert trace(root, "/home/alicia") == Trace(("/", "/home"), writers=(ALICIA,))
    assert trace(root, "/srv/app/missing") == Trace(("/", "/srv", "/srv/app"), nearest="/srv/app")


def test_accounts_that_can_make_entries_in_a_folder_are_named(root: Path) -> None:
    assert trace(root, "/srv/way/x").writers == ()
    assert trace(root, "/srv/app").writers == ()
    assert [len(trace(root, path).writers) for path in ("/home/alicia/app", "/tmp", "/etc/passwd")] == [1, 1, 0]


def test_what_is_missing_has_the_last_folder_on_the_way_that_is_there(root: Path) -> None:
    lay_out(root, "srv/up -> ..", "srv/file")

    for path, nearest in {"/new/deep": "/", "/srv/up/new": "/", "/srv/way/new/x": "/srv/app", "/srv/up": ""}.items():
        assert trace(root, path).nearest == nearest, path


def test_below_a_users_folder_the_user_can_replace_every_entry(root: Path) -> None:
    assert trace(root, "/home/alicia/app").swaps == (Swap(ALICIA, "/home/alicia/app"),)
    assert trace(root, "/home/alicia/app/data/x").swaps == (
        Swap(ALICIA, "/home/alicia/app"),
        Swap(ALICIA, "/home/alicia/app/data"),
    )


def test_links_on_the_way_count(root: Path) -> None:
    found = trace(root, "/srv/way")

    assert found.passes == ("/", "/srv", "/home", "/home/alicia")
    assert found.swaps == (Swap(ALICIA, "/home/alicia/out"),)


def test_a_missing_entry_of_a_sticky_folder_can_be_made_by_any_user(root: Path) -> None:
    (root / "tmp" / "roots").mkdir()

    assert trace(root, "/tmp/roots").swaps == ()
    assert trace(root, "/tmp/none").swaps == (Swap("any user", "/tmp/none"),)


def test_a_fuse_file_system_belongs_to_the_user_who_serves_it(root: Path) -> None:
    table = MountTable([Mount(1, 0, "8:1", "/", "/", "ext4"), Mount(2, 1, "0:9", "/", "/srv", "fuse.x", 1000)])
    walk = HostWalk(str(root))

    assert tracer(walk, table, {}).trace("/srv/app", "/srv/app").swaps == (Swap(ALICIA, "/srv/app"),)
    assert tracer(walk, table, {}).trace("/srv", "/srv").swaps == ()


def test_an_owner_without_a_number_here_makes_the_way_unseen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.stat_result((stat.S_IFDIR | 0o755, 1, 1, 1, 65534, 65534, 0, 0, 0, 0))
    monkeypatch.setattr(os, "lstat", lambda path: folder)
    walk = HostWalk(str(root))
    unmapped = Tracer(walk, MountTable(list_mounts([])), Owners(whole=False), AccountNames(walk), ())

    assert not unmapped.trace("/srv/app", "/srv/app").seen


def test_folders_on_the_way_are_known_under_all_their_names(root: Path) -> None:
    found = trace(root, "/srv/app/x", {"/data/app": "/srv/app"})

    assert found.passes == ("/", "/srv", "/srv/app", "/data/app")
    assert found.reaches == ("/data/app/x",)


def test_what_is_mounted_below_is_reached(root: Path) -> None:
    found = trace(root, "/srv/app", {"/srv/app/etc": "/etc", "/srv/app/proc": "proc"})

    assert (found.reaches, found.kernel_types) == (("/etc",), ("proc",))


def test_where_a_sensitive_path_is_a_link_its_target_has_its_name_too(root: Path) -> None:
    assert trace(root, "/srv/app/x", home="/srv/app").reaches == ("/home/x",)
    assert trace(root, "/srv", home="/srv/app").reaches == ("/home",)


@pytest.mark.parametrize("path", ["/srv/way", "/srv/app/missing", "/", "/home/alicia/app"])
def test_a_way_is_what_the_trace_has_of_it(root: Path, path: str) -> None:
    walk = HostWalk(str(root))
    table = MountTable(list_mounts({"/mnt": "/srv"}.items()))
    known = tracer(walk, table, {})

    resolved = walk.resolve(path)
    kind = walk.find_entry(path)[1]
    assert find_passage(walk, table, path) == Passage(
        resolved, known.trace(path, resolved).passes, table.list_names(resolved or ""), kind
    )


def test_a_way_that_is_closed_leads_nowhere(root: Path) -> None:
    (root / "loop").symlink_to("loop")

    assert find_passage(HostWalk(str(root)), MountTable(list_mounts([])), "/loop/x") == Passage()
