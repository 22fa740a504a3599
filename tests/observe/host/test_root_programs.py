"""Programs of root count by name, after links, and by the links on their ways; sensitive paths are left out."""

import errno
from pathlib import Path

import pytest

from portero.observe.files.symlinks import HostWalk
from portero.observe.host.root_programs import list_executed, read_kernel_files, read_root_programs
from tests.observe.host.proc_tree import fail_at, process
from tests.trees import lay_out

UNIT = "ExecStart=/usr/bin/tool /srv/app/run /srv/app/data\nExecStop=/opt/none\nWorkingDirectory=/srv/w\n"
ID = "0123456789abcdef" * 4
MAPS = """55d0-55d1 r--p 00000000 fe:00 1  /opt/a/run
55d1-55d2 r-xp 00001000 fe:00 1                          /opt/a/run
7f00-7f01 r-xp 00000000 fe:00 2  /opt/a/lib with space.so (deleted)
7f01-7f02 rw-s 00000000 fe:00 3  /srv/data/db
7f02-7f03 r-xp 00000000 00:01 4  /memfd:x (deleted)
7f03-7f04 r-xp 00000000 00:00 0  [vdso]
"""
SWAPS = """Filename				Type		Size		Used		Priority
/dev/vda2                               partition	8384	0		-2
/data/vm\\040one.img                     file		8384	0		-2
/data/gone\\040(deleted)                 file		8384	0		-2
"""
MDSTAT = "md0 : active raid1 vda1[0]\n      bitmap: 0/1 pages [0KB], 65536KB chunk, file: /srv/bitmap\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for folder in ("usr/bin", "etc/systemd/system", "srv/v1", "srv/w", "etc/ld.so.conf.d", "opt/lib"):
        (root / folder).mkdir(parents=True)
    (root / "srv" / "app").symlink_to("v1")
    (root / "srv" / "v1" / "run").touch(0o755)
    (root / "srv" / "v1" / "data").touch(0o644)
    (root / "srv" / "w" / "x.sh").touch(0o644)
    (root / "usr" / "bin" / "tool").symlink_to("/opt/tool")
    (root / "etc" / "ld.so.conf.d" / "a.conf").write_text("/opt/lib\n/usr/lib\n")
    (root / "etc" / "systemd" / "system" / "a.service").write_text(UNIT + "ExecStartPre=/bin/sh x.sh y.sh\n")
    running(tmp_path / "proc", 7, "/opt/agent/run")
    return root


@pytest.mark.parametrize(
    ("path", "opened"),
    [
        ("/opt/agent", ("/opt/agent/run",)),
        ("/opt/tool", ("/opt/tool",)),
        ("/opt/none", ("/opt/none",)),
        ("/srv/app", ("/srv/app", "/srv/app/run")),
        ("/srv/v1/run", ("/srv/v1/run",)),
        ("/srv/v1/data", ()),
        ("/srv/w", ("/srv/w/x.sh",)),
        ("/srv/w/data", ()),
        ("/opt/lib/x", ("/opt/lib",)),
        ("/usr/bin", ("/usr/bin/tool",)),
        ("/usr/lib", ()),
    ],
)
def test_what_a_path_opens_of_them(root: Path, path: str, opened: tuple[str, ...]) -> None:
    programs = read_root_programs(str(root), root.parent / "proc")

    assert programs.list_opened(path) == opened


def test_a_name_of_other_bytes_is_found_by_the_folders_above_it_and_can_be_told(tmp_path: Path) -> None:
    running(tmp_path, 7, "/opt/a\udc80/run")

    (opened,) = read_root_programs(str(tmp_path), tmp_path).list_opened("/opt")
    assert opened.isprintable()
    assert opened.startswith("/opt/a")


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


def list_files(proc: Path) -> set[str]:
    return {path for path, is_folder in list_executed(proc) if not is_folder}


@pytest.mark.parametrize(
    ("words", "opened"),
    [
        (("/usr/bin/runsvdir", "-P", "/srv/sv", "log: ..."), True),
        (("/opt/s6/s6-svscan", "/srv/sv"), True),
        (("/opt/ci/bin/Runner.Listener", "run"), False),
        (("/usr/bin/mysqld", "/srv/sv"), False),
    ],
)
def test_folders_from_which_a_process_of_root_executes_what_comes_count_with_all_below(
    tmp_path: Path, words: tuple[str, ...], *, opened: bool
) -> None:
    (tmp_path / "root").mkdir()
    running(tmp_path / "proc", 7, *words)
    programs = read_root_programs(str(tmp_path / "root"), tmp_path / "proc")

    assert bool(programs.list_opened("/srv/sv/new")) is opened
    assert bool(programs.list_opened("/opt/ci/_work/new")) is words[0].startswith("/opt/ci")


def test_programs_and_libraries_are_found_and_mapped_data_is_not(tmp_path: Path) -> None:
    running(tmp_path, 7, "/opt/a/run", maps=MAPS)

    assert list_files(tmp_path) == {"/opt/a/run", "/opt/a/lib with space.so"}


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

    assert list_files(tmp_path) == {words[0], *script}


def test_a_process_that_may_not_be_looked_into_has_its_command_and_other_failures_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = running(tmp_path, 7, "/opt/a/run", maps=MAPS)
    with monkeypatch.context() as patched:
        fail_at(patched, folder / "exe", errno.EACCES)
        fail_at(patched, folder / "maps", errno.EACCES)
        assert list_files(tmp_path) == {"/opt/a/run"}
    fail_at(monkeypatch, folder / "maps", errno.EMFILE)

    with pytest.raises(OSError, match="Too many open files"):
        list_executed(tmp_path)


def test_the_running_system_can_be_read() -> None:
    assert all(path.startswith("/") for path, _ in list_executed())


@pytest.mark.parametrize(
    ("name", "text", "files"),
    [
        ("/proc/swaps", SWAPS, ["/data/vm one.img", "/data/gone"]),
        ("/proc/mdstat", MDSTAT, ["/srv/bitmap"]),
        ("/sys/block/loop0/loop/backing_file", "/srv/link/disk file.img\n", ["/data/disk file.img"]),
        ("/sys/block/loop1/loop/backing_file", "/data/disk.img (deleted)\n", ["/data/disk.img"]),
        ("/sys/kernel/config/nvmet/subsystems/a/namespaces/1/device_path", "/data/a.img\n", ["/data/a.img"]),
        ("/sys/kernel/config/target/core/fileio_0/a/udev_path", "/data/a.img\n", ["/data/a.img"]),
        ("/sys/kernel/config/usb_gadget/g/functions/mass_storage.0/lun.0/file", "/data/a.img\n", ["/data/a.img"]),
        ("/sys/kernel/config/usb_gadget/g/functions/mass_storage.0/lun.0/file", "\n", []),
        ("/proc/swaps", "Filename Type Size Used Priority\n", []),
    ],
)
def test_each_is_shown_by_where_the_kernel_names_it(tmp_path: Path, name: str, text: str, files: list[str]) -> None:
    lay_out(tmp_path, "srv/link -> ../data", "data/")
    file = tmp_path / name[1:]
    file.parent.mkdir(parents=True)
    file.write_text(text)

    assert read_kernel_files(HostWalk(str(tmp_path))) == tuple((name, each) for each in files)
