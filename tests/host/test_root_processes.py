"""What processes of root execute and map is found; others, containers and docker's client are left out."""

import errno
from pathlib import Path

import pytest

from portero.host.root_processes import list_executed
from tests.host.proc_tree import fail_at, process

ID = "0123456789abcdef" * 4
MAPS = """55d0-55d1 r--p 00000000 fe:00 1  /opt/a/run
55d1-55d2 r-xp 00001000 fe:00 1                          /opt/a/run
7f00-7f01 r-xp 00000000 fe:00 2  /opt/a/lib with space.so (deleted)
7f01-7f02 rw-s 00000000 fe:00 3  /srv/data/db
7f02-7f03 r-xp 00000000 00:01 4  /memfd:x (deleted)
7f03-7f04 r-xp 00000000 00:00 0  [vdso]
"""


def running(
    proc: Path,
    number: int,
    program: str,
    *words: str,
    parent: int = 7,
    uid: int = 0,
    cgroup: str = "/x",
    maps: str = "",
) -> Path:
    folder = process(proc, number, "x", "", uid=uid, cgroup=cgroup, cwd="/srv/w")
    (folder / "exe").symlink_to(program)
    (folder / "cmdline").write_text("".join(f"{word}\0" for word in (program, *words)), errors="surrogateescape")
    (folder / "maps").write_text(maps)
    (folder / "status").write_text(f"Name:\tx\nPPid:\t{parent}\nUid:\t{uid}\t{uid}\t0\t0\n")
    return folder


def test_programs_and_libraries_are_found_and_mapped_data_is_not(tmp_path: Path) -> None:
    running(tmp_path, 7, "/opt/a/run", maps=MAPS)

    assert list_executed(tmp_path) == {"/opt/a/run", "/opt/a/lib with space.so"}


@pytest.mark.parametrize(
    "other", [{"uid": 7}, {"cgroup": f"/docker/{ID}"}, {"program": "/srv/shop/docker-compose"}, {"program": "docker"}]
)
def test_others_are_left_out(tmp_path: Path, other: dict[str, object]) -> None:
    running(tmp_path, 7, **{"program": "/opt/a/run", "maps": "" if "program" in other else MAPS, **other})  # type: ignore[arg-type]

    assert list_executed(tmp_path) == set()


@pytest.mark.parametrize(
    ("words", "parent", "script"),
    [
        (("/usr/bin/python3", "-u", "/opt/a/main.py", "/srv/data"), 1, {"/opt/a/main.py"}),
        (("/usr/bin/node", "server.js"), 1, {"/srv/w/server.js"}),
        (("/bin/bash", "/srv/shop/deploy.sh"), 7, set()),
        (("/usr/sbin/mysqld", "/srv/data"), 1, set()),
    ],
)
def test_the_script_of_a_daemon_is_found(tmp_path: Path, words: tuple[str, ...], parent: int, script: set[str]) -> None:
    running(tmp_path, 7, *words, parent=parent)

    assert list_executed(tmp_path) == {words[0], *script}


def test_a_process_that_may_not_be_looked_into_has_its_command_and_other_failures_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = running(tmp_path, 7, "/opt/a/run", maps=MAPS)
    with monkeypatch.context() as patched:
        fail_at(patched, folder / "exe", errno.EACCES)
        fail_at(patched, folder / "maps", errno.EACCES)
        assert list_executed(tmp_path) == {"/opt/a/run"}
    fail_at(monkeypatch, folder / "maps", errno.EMFILE)

    with pytest.raises(OSError, match="Too many open files"):
        list_executed(tmp_path)


def test_the_running_system_can_be_read() -> None:
    assert all(path.startswith("/") for path in list_executed())
