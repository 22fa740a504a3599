"""Which daemon a peer is."""

import errno
from pathlib import Path

import pytest

from portero.decide.interfaces.daemon import DockerdIdentity, Peer
from portero.observe.dockerd import finder
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.finder import AskingDaemons
from portero.observe.process import threads
from tests.decide.judging.requests import write_files
from tests.failing import fail_with
from tests.observe.host.proc_tree import dockerd, fail_at
from tests.waiting import soon

ROOTS = Peer(7, 0)


def find(daemons: AskingDaemons) -> AskingDaemon:
    """Root's daemon, which is there."""
    daemon = daemons.find_daemon(ROOTS)
    assert daemon is not None
    return daemon


def test_a_peer_that_is_a_dockerd_is_found_with_its_daemon_json(tmp_path: Path) -> None:
    folder = dockerd(tmp_path, 7, own_files=True)
    write_files(folder, {"root/etc/docker/daemon.json": '\ufeff{"data-root": "/srv/d"}'.encode()})
    daemon = find(AskingDaemons(tmp_path))

    assert (daemon.pid, daemon.root, daemon.data_roots) == (7, str(folder / "root"), ("/srv/d",))


@pytest.mark.parametrize("peer", [None, Peer(0, 0), Peer(8, 0)], ids=["none", "not visible", "gone"])
def test_any_other_peer_is_none(tmp_path: Path, peer: Peer | None) -> None:
    dockerd(tmp_path, 7)

    assert AskingDaemons(tmp_path).find_daemon(peer) is None


def test_a_daemon_is_read_once(tmp_path: Path) -> None:
    dockerd(tmp_path, 7)
    daemons = AskingDaemons(tmp_path)

    assert daemons.find_daemon(ROOTS) is daemons.find_daemon(ROOTS)


def test_a_peer_that_was_looked_at_before_is_not_looked_at_again(tmp_path: Path) -> None:
    folder = dockerd(tmp_path, 7)
    daemons = AskingDaemons(tmp_path)
    daemon = find(daemons)
    (folder / "exe").unlink()

    assert daemons.find_daemon(Peer(7, 0, daemon.identity)) is daemon
    assert daemons.find_daemon(Peer(7, 0, DockerdIdentity(7, daemon.started + 1))) is None
    assert daemons.find_daemon(ROOTS) is None


def test_a_peer_that_was_none_in_this_request_is_not_looked_at_again_in_it(tmp_path: Path) -> None:
    dockerd(tmp_path, 7)

    assert AskingDaemons(tmp_path).find_daemon(Peer(7, 0, is_identified=True)) is None


def test_what_was_found_once_is_not_looked_for_again_and_a_failure_is() -> None:
    outcomes: list[int | None] = [None, 1]

    def find() -> int | None:
        if len(outcomes) == 2:
            outcomes.pop()
            raise OSError(errno.EMFILE, "")
        return outcomes.pop()

    found = finder.find_once(find)
    with pytest.raises(OSError):  # noqa: PT011
        found()

    assert (found(), found(), outcomes) == (None, None, [])


def test_a_daemon_that_ends_while_it_is_read_is_none_and_one_that_runs_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = dockerd(tmp_path, 7)

    def end(*_: object) -> None:
        (folder / "exe").unlink()
        raise FileNotFoundError(errno.ENOENT, "its root is gone")

    monkeypatch.setattr(finder, "locate_daemon", fail_with(errno.ENOENT))
    with pytest.raises(FileNotFoundError):
        AskingDaemons(tmp_path).find_daemon(ROOTS)
    monkeypatch.setattr(finder, "locate_daemon", end)

    assert AskingDaemons(tmp_path).find_daemon(ROOTS) is None


def test_a_process_id_that_is_used_again_is_another_daemon(tmp_path: Path) -> None:
    folder = dockerd(tmp_path, 7)
    daemons = AskingDaemons(tmp_path)
    daemons.find_daemon(ROOTS)
    (folder / "cmdline").write_text("dockerd\0--data-root\0/srv/d\0")
    stat = (folder / "stat").read_text()
    (folder / "stat").write_text(stat.replace(" 22 ", " 99 "))
    daemon = find(daemons)

    assert (daemon.started, daemon.data_roots) == (99, ("/srv/d",))


def test_daemons_that_have_ended_make_room(tmp_path: Path) -> None:
    daemons = AskingDaemons(tmp_path)
    first = dockerd(tmp_path, 1)
    found = [daemons.find_daemon(Peer(1, 0))]
    for number in range(2, 10):
        dockerd(tmp_path, number)
        daemons.find_daemon(Peer(number, 0))
    (first / "cmdline").write_text("dockerd\0--exec-root=/srv/e\0")
    found.append(daemons.find_daemon(Peer(1, 0)))

    assert [daemon.exec_root for daemon in found if daemon] == ["/var/run/docker", "/srv/e"]


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000, "\xff"])
def test_an_invalid_daemon_json_sets_nothing(tmp_path: Path, content: str) -> None:
    file = tmp_path / "daemon.json"
    file.write_text(content, encoding="latin-1")
    dockerd(tmp_path, 7, "--config-file", str(file))
    daemon = find(AskingDaemons(tmp_path))

    assert daemon.data_roots == ("/var/lib/docker",)


def test_a_daemon_json_that_cannot_be_read_is_an_error_and_not_remembered(tmp_path: Path) -> None:
    file = tmp_path / "daemon.json"
    file.mkdir()
    dockerd(tmp_path, 7, "--config-file", str(file))
    daemons = AskingDaemons(tmp_path)

    with pytest.raises(OSError, match="is not a regular file"):
        daemons.find_daemon(ROOTS)
    file.rmdir()
    file.write_text('{"exec-root": "/srv/e"}')
    assert find(daemons).exec_root == "/srv/e"


def test_a_daemon_that_cannot_be_looked_into_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dockerd(tmp_path, 7)
    fail_at(monkeypatch, folder / "environ", errno.EACCES)

    assert AskingDaemons(tmp_path).find_daemon(ROOTS) is None


def test_the_things_of_its_containerd_are_its_own(tmp_path: Path) -> None:
    folder = dockerd(tmp_path, 7, own_files=True)
    own = {"root/var/run/docker/containerd/containerd.toml": b'root = "/srv/own"'}
    write_files(folder, {"root/etc/containerd/config.toml": b'root = "/srv/c"\nstate = "/srv/s"', **own})
    daemon = find(AskingDaemons(tmp_path))

    assert {"/var/lib/docker", "/srv/c", "/srv/own"} <= {*daemon.data}
    assert {"/srv/s", "/etc/containerd/config.toml"} <= {*daemon.files}


@pytest.mark.parametrize(("uid", "called"), [(0, 2), (1000, 0)], ids=["of root", "of a user"])
def test_only_a_daemon_of_root_has_its_containerd_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, called: int
) -> None:
    addresses: list[str] = []
    monkeypatch.setattr(finder, "find_arguments", lambda address, proc: addresses.append(address) or ())
    dockerd(tmp_path, 7, uid=uid)

    assert AskingDaemons(tmp_path).find_daemon(Peer(7, uid)) is not None
    assert len(addresses) == called


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of the containerd beside a dockerd 7."""
    config = dockerd(tmp_path, 7, own_files=True) / "root/etc/containerd/config.toml"
    config.parent.mkdir(parents=True)
    return config


def test_what_was_unseen_is_looked_for_again(tmp_path: Path, config: Path) -> None:
    config.write_text("root =")
    daemons = AskingDaemons(tmp_path)
    found = [find(daemons)]
    config.write_text('root = "/srv/c"')
    found.append(find(daemons))
    daemons.refresh_containerds()
    found.append(find(daemons))

    assert ["/etc/containerd/config.toml" in daemon.unseen for daemon in found] == [True, True, False]
    assert ["/srv/c" in daemon.data for daemon in found] == [False, False, True]


def test_a_containerd_that_was_started_anew_has_its_data_elsewhere_and_the_old_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Path
) -> None:
    config.write_text('root = "/srv/before"\nstate = "/srv/state"')
    daemons = AskingDaemons(tmp_path)
    daemons.find_daemon(ROOTS)
    # The file can change long before that containerd is started anew, or hold nothing that its command line replaces.
    config.write_text("")
    monkeypatch.setattr(finder, "find_arguments", lambda address, proc: ("--root", "/srv/after"))
    daemons.refresh_containerds()
    daemon = find(daemons)

    assert {"/srv/before", "/srv/after"} <= {*daemon.data}
    assert "/srv/state" in daemon.files


def test_a_runtime_of_a_reloaded_daemon_json_counts_and_one_of_before_stays(tmp_path: Path, config: Path) -> None:
    settings = config.parent.parent / "docker/daemon.json"
    settings.parent.mkdir()
    settings.write_text('{"runtimes": {"kata": {"path": "/srv/before"}}}')
    daemons = AskingDaemons(tmp_path)
    daemons.find_daemon(ROOTS)
    settings.write_text('{"runtimes": {"kata": {"path": "/srv/after"}}}')
    daemons.refresh_containerds()

    assert daemons.cached[0].programs == ("/srv/before", "/srv/after")


def test_a_daemon_that_has_ended_is_not_looked_for(tmp_path: Path, config: Path) -> None:
    daemons = AskingDaemons(tmp_path)
    before = daemons.find_daemon(ROOTS)
    config.write_text('root = "/srv/c"')
    (tmp_path / "7/exe").unlink()
    daemons.refresh_containerds()

    assert daemons.cached == (before,)


@pytest.mark.parametrize("is_readable", [True, False], ids=["other settings", "what cannot be looked for now"])
def test_nothing_else_of_a_daemon_changes_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Path, is_readable: bool
) -> None:
    config.write_text('root = "/srv/c"')
    daemons = AskingDaemons(tmp_path)
    before = daemons.find_daemon(ROOTS)
    if is_readable:
        (config.parent.parent / "docker").mkdir()
        settings = '{"hosts": ["unix:///srv/other.sock"], "data-root": "/srv/d"}'
        (config.parent.parent / "docker/daemon.json").write_text(settings)
    else:
        monkeypatch.setattr(finder, "find_arguments", fail_with(errno.EMFILE))
    daemons.refresh_containerds()

    assert daemons.find_daemon(ROOTS) is before


def test_a_thread_refreshes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
    monkeypatch.setattr(finder, "_REFRESH_SECONDS", 0.01)
    daemons = AskingDaemons(tmp_path)
    daemons.find_daemon(ROOTS)
    config.write_text('root = "/srv/c"')
    daemons.watch()
    soon(lambda: "/srv/c" in daemons.cached[0].data)
    monkeypatch.setattr(finder, "_REFRESH_SECONDS", 3600.0)

    assert "/srv/c" in daemons.cached[0].data


def test_a_process_that_was_another_program_is_looked_at_again(tmp_path: Path) -> None:
    daemons = AskingDaemons(tmp_path)
    before = daemons.find_daemon(Peer(7, 0))
    dockerd(tmp_path, 7)

    assert before is None
    assert daemons.find_daemon(Peer(7, 0)) is not None


def test_an_error_does_not_end_the_thread(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    refreshed: list[int] = []

    def fail_once(self: AskingDaemons) -> None:
        refreshed.append(1)
        if len(refreshed) == 1:
            raise ValueError("unforeseen")
        monkeypatch.setattr(finder, "_REFRESH_SECONDS", 3600.0)

    monkeypatch.setattr(AskingDaemons, "refresh_containerds", fail_once)
    monkeypatch.setattr(finder, "_REFRESH_SECONDS", 0.01)
    monkeypatch.setattr(threads, "_AFTER_ERROR", 0.0)
    AskingDaemons().watch()
    # Threads of other tests may still refresh, too.
    assert soon(lambda: len(refreshed) >= 2)
    assert "internal error in thread daemons" in caplog.text
