"""What is at a path of the host, which sockets are below it, and that a failure to read is a refusal."""

import errno
import gc
import hashlib
import os
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from portero.decide.interfaces.daemon import NO_DEFAULTS, Peer, Ulimit
from portero.decide.interfaces.host import HostEntry, Passage, Trace
from portero.decide.values.path import Kind
from portero.decide.values.refusals import Refused
from portero.observe.dockerd.finder import AskingDaemons
from portero.observe.files.mountinfo import MountReader
from portero.observe.host import network as routes
from portero.observe.host.home_links import read_homes
from portero.observe.host.live_host import FilesMoment, HostFiles
from portero.observe.host.protected_paths import ProtectedPaths
from portero.observe.host.read_ahead import ReadAhead
from portero.observe.host.root_programs import RootPrograms
from portero.observe.host.sockets import ListeningSockets, read_sockets
from tests.failing import fail_with
from tests.observe.host.fixed_objects import FixedLookups, FixedObjects
from tests.observe.host.looks import fail_lstat
from tests.observe.host.proc_tree import dockerd, fail_at, line, process, show_namespaces
from tests.trees import lay_out

PROGRAMS = RootPrograms(
    ProtectedPaths({"/acting/agent/run": "/acting/agent/run"}),
    ProtectedPaths({"/acting/path": "/acting/path"}, inside=True),
    (("/proc/swaps", "/acting/vm.img"),),
)


@contextmanager
def listening(path: Path) -> Iterator[None]:
    """A socket in the file system; the address is short since it counts from the folder."""
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            server.bind(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)
        yield


def host_files(
    root: Path | None,
    *,
    visible: bool = True,
    sockets: tuple[str, ...] = (),
    proc: Path | None = None,
    asking: Path | None = None,
    daemon_config: str | None = None,
) -> HostFiles:
    """`proc`: where listening sockets are read, and `asking`: the daemons that ask."""

    def read(_: str) -> ListeningSockets:
        return ListeningSockets(()) if proc is None else read_sockets(proc)

    return HostFiles(
        None if root is None else str(root),
        visible=visible,
        sockets=sockets,
        portero=["/opt/portero"],
        daemon_config=daemon_config,
        programs=["/opt/venv"],
        logs=["/logs", "/logs/p.jsonl"],
        protected=["/var/lib/docker"],
        listening=ReadAhead(read),
        programs_of_root=ReadAhead(lambda root: PROGRAMS),
        homes=ReadAhead(read_homes),
        lookups=FixedLookups(AskingDaemons(asking or Path("/proc")), lambda find_daemon: lambda name: name.upper()),
    )


def host(root: Path, *, visible: bool = True, sockets: tuple[str, ...] = (), proc: Path | None = None) -> FilesMoment:
    return host_files(root, visible=visible, sockets=sockets, proc=proc).moment()


def test_the_kind_is_what_lies_there(tmp_path: Path) -> None:
    lay_out(tmp_path, "srv/file")
    os.mkfifo(tmp_path / "srv" / "pipe")
    with listening(tmp_path / "srv" / "x.sock"):
        kinds = [
            host(tmp_path).find_entry(f"/srv{name}").kind
            for name in ("", "/file", "/pipe", "/x.sock", "/none", "/file/x")
        ]

    assert kinds == ["directory", "file", "unknown", "socket", "missing", "missing"]
    assert host(Path("/")).find_entry("/dev/null").kind == "device"


def test_where_a_path_leads_is_found_without_what_is_protected(tmp_path: Path) -> None:
    lay_out(tmp_path, "srv/file")
    files = host_files(tmp_path)
    files.listening = files.programs_of_root = files.homes = ReadAhead[Any](fail_with(errno.EMFILE))
    with pytest.raises(Refused):
        files.moment().find_entry("/srv/file")

    assert files.moment().find_passage("/srv/file") == Passage("/srv/file", ("/", "/srv"), (), "file")
    assert host(tmp_path, visible=False).find_passage("/srv/file") == Passage()


def test_passages_count_among_the_looks_of_a_request_but_not_those_of_what_is_there(tmp_path: Path) -> None:
    moment = host_files(tmp_path).moment()
    deep = ["/a" * 900 + f"/{number}" for number in range(60)]

    for path in deep:
        moment.find_passage(path)
    for path in deep[:12]:
        moment.find_entry(path)
    again = host_files(tmp_path).moment()
    for path in deep[:11]:
        again.find_entry(path)
        again.find_passage(path)
    again.find_entry(deep[11])
    with pytest.raises(Refused, match="too-many-looks"):
        again.find_passage(deep[11])


def test_a_moment_is_gone_when_its_request_is_over(tmp_path: Path) -> None:
    files = host_files(tmp_path)
    files.lookups.new_objects = lambda find_daemon: FixedObjects({}) if find_daemon() is None else None
    moment = files.moment(Peer(os.getpid(), 0))
    (moment.find_entry("/srv"), moment.trace("/srv"), moment.network("a" * 64), moment.daemon(), moment.objects())
    gone = weakref.ref(moment)

    gc.disable()
    try:
        del moment
        assert gone() is None
    finally:
        gc.enable()


UNKNOWN = HostEntry(None, "unknown", ())


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        *((f"/srv/{name}", HostEntry("/etc", "directory", ())) for name in ("absolute", "relative", "above", "chain")),
        ("/srv/absolute/new/file", HostEntry("/etc/new/file", "missing", ())),
        pytest.param("/srv/dangling", HostEntry("/nowhere/x", "missing", ()), id="dangling"),
        pytest.param("/srv/circle/x", UNKNOWN, id="circle of links"),
        pytest.param("/" + "x" * 300, UNKNOWN, id="too long a name"),
    ],
)
def test_links_are_followed_inside_the_root_as_the_kernel_does(tmp_path: Path, path: str, entry: HostEntry) -> None:
    lay_out(tmp_path, "etc/", "srv/absolute -> /etc", "srv/relative -> ../etc", "srv/above -> ../../../../../etc")
    lay_out(tmp_path, "srv/chain -> absolute/../srv/relative", "srv/dangling -> /nowhere/x")
    lay_out(tmp_path, "srv/circle -> back", "srv/back -> circle")

    assert host(tmp_path).find_entry(path) == entry


def test_what_may_not_be_read_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_lstat(monkeypatch, "", errno.EACCES)

    assert host(tmp_path).find_entry("/srv") == UNKNOWN


def test_what_only_the_kernel_can_walk_to_is_unknown(tmp_path: Path) -> None:
    # Each link is short enough for the kernel; the place that they lead to has a path that is too long to be named.
    long = "/".join(["d" * 200] * 15)
    outer = tmp_path / "srv" / long
    outer.mkdir(parents=True)
    (tmp_path / "srv" / "first").symlink_to(long)
    inner = tmp_path / "made"
    (inner / long).mkdir(parents=True)
    (inner / long / "root").symlink_to("/")
    inner.rename(outer / "made")
    (outer / "second").symlink_to(f"made/{long}")

    assert os.stat(tmp_path / "srv/first/second").st_ino
    assert host(tmp_path).find_entry("/srv/first/second/root") == HostEntry(None, "unknown", ())


def test_the_root_of_the_host_holds_every_socket_that_it_is_known_for(tmp_path: Path) -> None:
    holds = host(tmp_path).find_entry("/").holds

    assert {"/run/docker.sock", "/run/containerd/containerd.sock"} <= set(holds)


def test_var_run_holds_what_run_holds(tmp_path: Path) -> None:
    lay_out(tmp_path, "run/", "var/run -> /run")
    view = host(tmp_path)

    assert view.find_entry("/var/run").holds == view.find_entry("/run").holds
    assert view.find_entry("/var/run/docker.sock").holds == ("/run/docker.sock",)


def test_what_another_user_listens_on_is_not_held_but_seen(tmp_path: Path) -> None:
    process(tmp_path / "proc", 7, "gpg-agent", line(11, "/home/u/agent"), inodes=(11,), uid=1000)
    (tmp_path / "home").mkdir()
    seen = host(tmp_path, proc=tmp_path / "proc").find_entry("/home")

    assert (seen.holds, seen.user_sockets) == ((), ("/home/u/agent",))
    unseen = host(tmp_path, proc=tmp_path / "proc", visible=False).find_entry("/home")
    assert unseen.user_sockets == ("/home/u/agent",)


def test_what_the_rootless_daemon_that_asks_listens_on_is_held(tmp_path: Path) -> None:
    daemon = dockerd(tmp_path / "proc", 7, uid=1000)
    (daemon / "net" / "unix").write_text("head\n" + line(11, "/srv/any"))
    (daemon / "fd" / "3").symlink_to("socket:[11]")
    files = host_files(tmp_path, proc=tmp_path / "proc", asking=tmp_path / "proc")

    assert files.moment(Peer(7, 1000)).find_entry("/srv/any").holds == ("/srv/any",)
    assert files.moment().find_entry("/srv/any").holds == ()


@pytest.mark.parametrize("path", ["/srv", "/srv/d", "/srv/d/volumes/secrets/_data", "/link/overlay2"])
def test_the_data_of_the_daemon_that_asks_is_known_at_above_and_below(tmp_path: Path, path: str) -> None:
    dockerd(tmp_path / "proc", 7, "--data-root=/srv/d")
    lay_out(tmp_path, "srv/d/", "link -> /srv/d")
    files = host_files(tmp_path, proc=tmp_path / "proc", asking=tmp_path / "proc")

    assert files.moment(Peer(7, 0)).find_entry(path).docker_data == ("/srv/d",)
    assert files.moment(Peer(7, 0)).find_entry("/srv/data").docker_data == ()
    assert files.moment().find_entry(path).docker_data == ()


def test_the_data_of_roots_other_daemons_is_known_too(tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    for number, uid in ((7, 0), (8, 0), (9, 1000)):
        folder = dockerd(proc, number, f"--data-root=/srv/{number}", uid=uid)
        (folder / "net" / "unix").write_text("head\n" + line(number, f"/run/{number}.sock"))
        (folder / "fd" / "3").symlink_to(f"socket:[{number}]")
        (folder / "ns" / "net").unlink()
        show_namespaces(folder, net=str(number))
    files = host_files(tmp_path, proc=proc, asking=proc)

    data = [files.moment(Peer(7, 0)).find_entry(f"/srv/{number}").docker_data for number in (7, 8, 9)]
    assert data == [("/srv/7",), ("/srv/8",), ()]
    assert files.moment().find_entry("/srv/8").docker_data == ("/srv/8",)


def test_the_defaults_are_those_of_the_daemon_that_asks_unless_a_file_is_named(tmp_path: Path) -> None:
    dockerd(tmp_path / "proc", 7, "--config-file=/srv/one.json")
    dockerd(tmp_path / "proc", 8, "--config-file=/srv/two.json")
    (tmp_path / "srv").mkdir()
    for name in ("one", "two", "named"):
        (tmp_path / "srv" / f"{name}.json").write_text(f'{{"log-driver": "{name}"}}')
    files = host_files(tmp_path, asking=tmp_path / "proc")
    named = host_files(tmp_path, asking=tmp_path / "proc", daemon_config="/srv/named.json")

    assert [files.moment(Peer(pid, 0)).daemon().log_driver for pid in (7, 8, 7, 9)] == ["one", "two", "one", ""]
    assert named.moment(Peer(7, 0)).daemon().log_driver == "named"


def test_the_defaults_on_a_command_line_count_with_a_file_and_without(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv" / "one.json").write_text('{"log-driver": "syslog", "default-ulimits": {}}')
    (tmp_path / "srv" / "profile.json").write_text("{}")
    dockerd(tmp_path / "proc", 7, "--config-file=/srv/one.json", "--log-driver=none")
    dockerd(tmp_path / "proc", 8, "--config-file=/srv/one.json")
    dockerd(tmp_path / "proc", 9, "--seccomp-profile=/srv/profile.json", "--default-ulimit=nofile=5:6")
    files = host_files(tmp_path, asking=tmp_path / "proc")
    one, two, three = (files.moment(Peer(pid, 0)).daemon() for pid in (7, 8, 9))

    assert (one.log_driver, two.log_driver, three.log_driver) == ("none", "syslog", "")
    assert three.seccomp_sha256 == hashlib.sha256(b"{}").hexdigest()
    assert three.ulimits == (Ulimit("nofile", 5, 6),)
    assert files.moment(Peer(9, 0)).daemon() is three


def test_porteros_own_socket_and_a_daemon_that_listens_elsewhere_are_held(tmp_path: Path) -> None:
    own = "/run//docker/plugins/portero.sock"
    process(tmp_path / "proc", 7, "dockerd", line(11, "/tmp/x/d.sock"), inodes=(11,))
    lay_out(tmp_path, "tmp/x/", "srv -> /tmp/x")
    view = host(tmp_path, sockets=(own,), proc=tmp_path / "proc")

    assert view.find_entry("/run/docker/plugins").holds == ("/run/docker/plugins/portero.sock",)
    assert view.find_entry("/srv").holds == ("/tmp/x/d.sock",)


def test_a_socket_of_a_well_known_name_is_held_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    with listening(tmp_path / "srv" / "podman.sock"):
        view = host(tmp_path)

        assert view.find_entry("/srv").holds == ("/srv/podman.sock",)
        assert view.find_entry("/srv/podman.sock") == HostEntry("/srv/podman.sock", "socket", ("/srv/podman.sock",))


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        *((path, ("/opt/portero",)) for path in ("/opt", "/opt/portero")),
        *((path, ("/opt/portero/schemas/rules",)) for path in ("/opt/portero/schemas/rules", "/link/rules")),
        *((path, ()) for path in ("/opt/porteros", "/srv")),
    ],
)
def test_portero_s_own_files_are_held_from_above_and_from_within(
    tmp_path: Path, path: str, holds: tuple[str, ...]
) -> None:
    lay_out(tmp_path, "opt/portero/schemas/rules/", "link -> /opt/portero/schemas")

    assert host(tmp_path).find_entry(path).holds == holds
    if not path.startswith("/link"):
        assert host(tmp_path, visible=False).find_entry(path).holds == holds


@pytest.mark.parametrize(("make", "kind"), [(Path.touch, "file"), (os.mkfifo, "unknown")], ids=["file", "pipe"])
def test_what_has_a_well_known_name_and_is_no_socket_is_not_held(
    tmp_path: Path, make: Callable[[Path], None], kind: Kind
) -> None:
    make(tmp_path / "docker.sock")

    assert host(tmp_path).find_entry("/docker.sock") == HostEntry("/docker.sock", kind, ())


def test_a_host_whose_files_are_not_visible_compares_names(tmp_path: Path) -> None:
    view = host(tmp_path, visible=False)

    assert view.find_entry("/run/podman") == HostEntry(None, "unknown", ("/run/podman/podman.sock",))
    assert view.find_entry("/srv") == HostEntry(None, "unknown", ())


def test_one_moment_shows_a_place_as_it_was_at_the_first_look_and_the_next_moment_as_it_is(tmp_path: Path) -> None:
    view = host_files(tmp_path)
    moment = view.moment()
    before = moment.find_entry("/srv")
    (tmp_path / "srv").mkdir()

    entries = (before, moment.find_entry("/srv"), view.moment().find_entry("/srv"))
    assert [entry.kind for entry in entries] == ["missing", "missing", "directory"]


def test_the_files_are_those_that_the_daemon_sees_that_asks(tmp_path: Path) -> None:
    daemon = dockerd(tmp_path / "proc", 7, own_files=True)
    lay_out(daemon, "root/srv/link -> /etc")
    files = host_files(None, asking=tmp_path / "proc")

    assert files.moment(Peer(7, 0)).find_entry("/srv/link").resolved == "/etc"
    assert files.moment(Peer(8, 0)).find_entry("/etc").kind == "directory"


def test_what_the_daemon_runs_by_its_settings_is_written_by_its_name_and_where_a_link_leads(tmp_path: Path) -> None:
    root = dockerd(tmp_path / "proc", 7, own_files=True) / "root"
    lay_out(root, "etc/docker/", "srv/kata/", "opt/kata/", "srv/data/", "srv/kata/bin -> /opt/kata")
    (root / "etc/docker/daemon.json").write_text('{"runtimes": {"kata": {"path": "/srv/kata/bin/run"}}}')
    files = host_files(None, asking=tmp_path / "proc")
    moment = files.moment(Peer(7, 0))

    assert moment.find_entry("/srv/kata").written == ("/srv/kata/bin", "/srv/kata/bin/run")
    assert moment.find_entry("/opt/kata").written == ("/opt/kata/run",)
    assert moment.find_entry("/srv/data").written == ()


def test_a_daemon_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = host_files(None, asking=tmp_path / "proc")
    fail_at(monkeypatch, dockerd(tmp_path / "proc", 7) / "exe", errno.EMFILE)

    with pytest.raises(Refused, match="host-unreadable"):
        files.moment(Peer(7, 0)).find_entry("/srv")


def test_a_file_of_a_copied_up_folder_has_its_name_on_the_host(tmp_path: Path) -> None:
    lay_out(tmp_path, "root/etc/.ro12/timezone", "root/etc/timezone -> .ro12/timezone")
    mountinfo = tmp_path / "mountinfo"
    top, over = "1 0 8:1 / / rw - ext4 /dev/sda rw\n", "2 1 0:5 / /etc rw - tmpfs none rw\n"
    copy = "3 2 8:1 /etc /etc/.ro12 rw - ext4 /dev/sda rw\n"
    files = host_files(tmp_path / "root")
    files.mounts = MountReader(str(mountinfo))

    mountinfo.write_text(top + over + copy)
    assert files.moment().find_entry("/etc/timezone") == HostEntry("/etc/timezone", "file", (), readable_by_all=True)
    assert "/etc/.ro12" in files.moment().trace("/etc/timezone").passes
    mountinfo.write_text(top + copy.replace("3 2", "3 1"))
    assert files.moment().find_entry("/etc/timezone").resolved == "/etc/.ro12/timezone"


def test_a_networks_name_is_asked_of_the_daemon(tmp_path: Path) -> None:
    assert host(tmp_path).network("abc") == "ABC"


@pytest.mark.parametrize(
    ("peer", "name", "found"), [(None, "web", "web"), (None, "a" * 64, None), (Peer(1, 0), "web", None)]
)
def test_a_name_counts_without_a_daemon_where_none_asks(
    tmp_path: Path, peer: Peer | None, name: str, found: str | None
) -> None:
    files = host_files(tmp_path)
    files.lookups.new_names = lambda find_daemon: lambda name: None

    assert files.moment(peer).network(name) == found


FAILURES = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE]


@pytest.mark.parametrize("number", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("function", ["readlink", "lstat"])
def test_a_path_that_cannot_be_read_at_the_moment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int
) -> None:
    (tmp_path / "srv").symlink_to("data")
    monkeypatch.setattr(os, function, fail_with(number))

    with pytest.raises(Refused, match="host-unreadable"):
        host(tmp_path).find_entry("/srv")


@pytest.mark.parametrize(
    ("ending", "number"),
    [
        pytest.param("/run", errno.EIO, id="links of a protected place"),
        pytest.param(".sock", errno.EACCES, id="a name in the folder, which may be a socket"),
    ],
)
def test_what_lies_there_or_is_protected_and_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, number: int
) -> None:
    (tmp_path / "srv").mkdir()
    fail_lstat(monkeypatch, ending, number)

    with pytest.raises(Refused, match="host-unreadable"):
        host(tmp_path).find_entry("/srv")


def test_without_proc_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="host-unreadable"):
        host(tmp_path, proc=tmp_path / "no-proc").find_entry("/srv")


def test_without_proc_a_request_without_paths_is_decided(tmp_path: Path) -> None:
    moment = host(tmp_path, proc=tmp_path / "no-proc")

    assert moment.network("abc") == "ABC"
    assert moment.daemon() == NO_DEFAULTS


OUT_OF_DESCRIPTORS = """
import os, resource, sys
from pathlib import Path
from typing import Any
from portero.observe.host.live_host import HostFiles
from tests.observe.host.fixed_objects import FixedLookups, FixedObjects
from portero.observe.host.homes import NO_HOMES
from portero.observe.host.sockets import read_sockets
from portero.observe.host.read_ahead import ReadAhead
from portero.observe.host.root_programs import NO_PROGRAMS
from portero.decide.values.refusals import Refused

root = sys.argv[1]
listening = ReadAhead(lambda _: read_sockets(Path(root, "proc")), lambda: now)
programs = ReadAhead(lambda _: NO_PROGRAMS)
now = 0
homes = ReadAhead(lambda _: NO_HOMES)
host = HostFiles(
    root, listening=listening, programs_of_root=programs, homes=homes, lookups=FixedLookups()
)
if sys.argv[2] == "read before":
    host.moment().find_entry("/srv")
now += int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
try:
    while True:
        os.open("/dev/null", os.O_RDONLY)
except OSError:
    pass
try:
    print(host.moment().find_entry("/srv").holds)
except Refused as refused:
    print(refused.code)
"""


@pytest.mark.parametrize(
    ("before", "later", "printed"),
    [
        ("read before", "9", "('/srv/any.sock',)"),
        ("read before", "11", "host-unreadable"),
        ("never read", "0", "host-unreadable"),
    ],
)
def test_out_of_file_descriptors_a_socket_stays_held_or_the_path_is_refused(
    tmp_path: Path, before: str, later: str, printed: str
) -> None:
    (tmp_path / "srv").mkdir()
    process(tmp_path / "proc", 7, "dockerd", line(11, "/srv/any.sock"), inodes=(11,))

    done = subprocess.run(
        [sys.executable, "-c", OUT_OF_DESCRIPTORS, str(tmp_path), before, later],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == printed


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/opt/venv/bin", ("/opt/venv",)),
        ("/opt", ("/opt/venv",)),
        ("/opt/venv2", ()),
        ("/", ("/logs", "/logs/p.jsonl", "/opt/venv")),
        ("/logs/p.jsonl", ("/logs/p.jsonl",)),
        ("/logs/nginx", ()),
    ],
)
@pytest.mark.parametrize("visible", [True, False])
def test_programs_count_with_all_below_them_and_logs_by_themselves(
    tmp_path: Path, path: str, expected: tuple[str, ...], visible: bool
) -> None:
    assert host(tmp_path, visible=visible).find_entry(path).written == expected


def test_programs_and_logs_behind_a_link_count(tmp_path: Path) -> None:
    lay_out(tmp_path, "data/venv/", "opt -> data")
    assert host(tmp_path).find_entry("/data/venv/lib").written == ("/data/venv",)


def test_a_sensitive_path_that_is_a_link_names_what_it_leads_to(tmp_path: Path) -> None:
    lay_out(tmp_path, "data/docker/volumes/", "data/home/", "usr/bin/", "var/lib/docker -> /data/docker")
    lay_out(tmp_path, "home -> data/home", "bin -> usr/bin")
    view = host(tmp_path)

    assert view.trace("/data/docker/volumes").reaches == ("/var/lib/docker/volumes",)
    assert view.trace("/data").reaches == ("/home", "/var/lib/docker")
    assert view.trace("/data/home/alicia").reaches == ("/home/alicia",)
    assert view.trace("/usr/bin/x").reaches == ()


@pytest.mark.parametrize(
    ("path", "programs"),
    [
        ("/acting", ("/acting/agent/run", "/acting/path")),
        ("/acting/agent/run", ("/acting/agent/run",)),
        ("/acting/to-agent", ("/acting/agent/run",)),
        ("/acting/path/x", ("/acting/path",)),
        ("/acting/agent/data", ()),
    ],
)
def test_programs_of_root_are_found_at_below_and_around_a_path(
    tmp_path: Path, path: str, programs: tuple[str, ...]
) -> None:
    lay_out(tmp_path, "acting/agent/", "acting/to-agent -> agent")

    assert host(tmp_path).find_entry(path).root_programs == programs
    assert host(tmp_path, visible=False).find_entry(path).root_programs == ()


def test_programs_of_root_that_cannot_be_read_are_a_refusal(tmp_path: Path) -> None:
    files = host_files(tmp_path)
    files.programs_of_root = ReadAhead(fail_with(errno.EMFILE))

    with pytest.raises(Refused, match="host-unreadable"):
        files.moment().find_entry("/srv")


def test_a_link_of_procfs_leads_nowhere_that_is_known(tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(f"/proc/{os.getpid()}/root/srv")

    moment = host_files(None).moment()

    assert moment.find_entry(f"{tmp_path}/way").resolved is None
    assert moment.trace(f"{tmp_path}/way") == Trace()


def test_a_path_that_cannot_be_followed_has_no_trace(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("a")

    assert host(tmp_path).trace("/a/x") == Trace()
    assert host(tmp_path, visible=False).trace("/srv") == Trace()


def test_mounts_that_cannot_be_read_are_a_refusal_and_not_no_mounts(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    files = host_files(tmp_path)
    files.mounts = MountReader(str(tmp_path / "none"))

    with pytest.raises(Refused, match="host-unreadable"):
        files.moment().trace("/srv")


@pytest.mark.parametrize(("path", "swaps"), [("/acting", True), ("/acting/vm.img", True), ("/acting/data", False)])
def test_a_file_that_the_kernel_uses_is_also_what_it_makes_of_it(tmp_path: Path, path: str, *, swaps: bool) -> None:
    lay_out(tmp_path, "acting/data/", "acting/vm.img")

    assert ("/proc/swaps" in host_files(tmp_path).moment().trace(path).reaches) is swaps


def test_the_routes_are_those_of_this_process_where_no_daemon_asks(tmp_path: Path) -> None:
    routes = host_files(tmp_path).moment().routes()

    assert routes is not None
    assert "lo" in routes.interfaces
    assert host_files(tmp_path, visible=False).moment().routes() is None


def test_a_managed_plugin_reads_the_routes_that_its_manifest_mounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_MOUNTED", "/proc/self/net")
    mounted = host_files(tmp_path, visible=False).moment().routes()
    # docker plugin set may name any folder.
    monkeypatch.setattr(routes, "_MOUNTED", str(tmp_path))
    other = host_files(tmp_path, visible=False).moment().routes()
    (tmp_path / "fib_trie").touch()

    assert mounted is not None
    assert "lo" in mounted.interfaces
    assert other is None
    with pytest.raises(Refused, match="host-unreadable"):
        host_files(tmp_path, visible=False).moment().routes()
