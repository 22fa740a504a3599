"""AccountLookup of the host: asked once, by threads; who is not known has no name."""

import os
import pwd
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero.decide.interfaces.daemon import Peer
from portero.observe.host import clients
from portero.observe.host.clients import UNKNOWN, Account, AccountLookup, ClientProcesses, read_account


def test_an_account_has_its_name_and_its_groups() -> None:
    entry = pwd.getpwuid(os.getuid())

    account = read_account(os.getuid())

    assert account.user == entry.pw_name
    assert account.groups


@pytest.mark.parametrize("failure", [KeyError, OSError])
def test_an_account_without_a_name_is_unknown(failure: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(uid: int) -> object:
        raise failure

    monkeypatch.setattr(pwd, "getpwuid", fail)

    assert read_account(0) is UNKNOWN


def test_an_answer_wakes_and_is_kept_for_a_while() -> None:
    woken, asked = threading.Event(), []

    def read(uid: int) -> Account:
        asked.append(uid)
        return Account("alicia", ("dev",))

    accounts = AccountLookup(woken.set, read)

    assert accounts.find_account(1000) is None
    assert woken.wait(10)
    assert accounts.find_account(1000) == Account("alicia", ("dev",))
    assert accounts.find_account(1000) == Account("alicia", ("dev",))
    assert asked == [1000]


def test_one_that_hangs_keeps_no_other_waiting() -> None:
    hangs, woken = threading.Event(), threading.Event()

    def read(uid: int) -> Account:
        if uid == 1:
            hangs.wait(20)
        return Account(str(uid))

    accounts = AccountLookup(woken.set, read)
    accounts.find_account(1)
    accounts.find_account(2)

    assert woken.wait(10)
    assert (accounts.find_account(1), accounts.find_account(2)) == (None, Account("2"))
    hangs.set()


def test_numbers_without_an_account_drive_none_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_MAX_CACHED", 4)
    woken = threading.Semaphore(0)
    accounts = AccountLookup(woken.release, lambda uid: Account("alicia") if uid < 10 else UNKNOWN)
    for uid in (1, *range(100, 120)):
        accounts.find_account(uid)
        assert woken.acquire(timeout=10)

    assert (accounts.is_known(1), accounts.is_known(119)) == (True, False)
    for uid in range(2, 8):
        accounts.find_account(uid)
        assert woken.acquire(timeout=10)
    assert len(accounts._cache) <= 4


def test_an_error_leaves_the_account_unknown() -> None:
    woken = threading.Event()

    def read(uid: int) -> Account:
        raise MemoryError

    accounts = AccountLookup(woken.set, read)
    accounts.find_account(1)
    assert woken.wait(10)
    until = time.monotonic() + 5
    while accounts.find_account(1) is None and time.monotonic() < until:
        time.sleep(0.01)
    assert accounts.find_account(1) is UNKNOWN


ID = "0123456789abcdef" * 4
OTHER = "f" * 64


def proc(folder: Path, own: str, client: str) -> str:
    """What /proc says of the door and of this process, which is the client."""
    for process, cgroup in (("self", own), (str(os.getpid()), client)):
        (folder / process).mkdir()
        (folder / process / "cgroup").write_text(cgroup)
    return str(folder)


@pytest.fixture
def client() -> Iterator[socket.socket]:
    one, other = socket.socketpair()
    with one, other:
        yield one


@pytest.mark.parametrize(
    ("own", "cgroup", "trusted"),
    [
        ("0::/system.slice/portero-door.service", "0::/user.slice/user-1000.slice/session-1.scope", True),
        ("0::/", "0::/lxc.payload.host/user.slice", True),
        ("0::/", f"0::/system.slice/docker-{ID}.scope", False),
        ("0::/", f"12:pids:/docker/{ID}\n0::/\n", False),
        ("0::/", f"0::/machine.slice/libpod-{ID}.scope/container", False),
        ("0::/", f"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope", False),
        (f"0::/docker/{ID}", f"0::/docker/{ID}/user", True),
        (f"0::/docker/{ID}", f"0::/docker/{ID}/docker/{OTHER}", False),
        ("0::/", f"0::/docker/{ID}a", True),
    ],
)
def test_a_container_is_known_by_its_control_group(
    own: str, cgroup: str, trusted: bool, client: socket.socket, tmp_path: Path
) -> None:
    assert ClientProcesses(proc(tmp_path, own, cgroup)).is_trusted(client) is trusted


def test_who_is_not_seen_is_not_trusted(client: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a PID namespace above the door's."""
    monkeypatch.setattr(clients, "read_peer", lambda one: Peer(0, 0))

    assert not ClientProcesses(proc(tmp_path, "0::/", "0::/")).is_trusted(client)


def test_a_process_that_ends_while_it_is_looked_at_is_not_trusted(
    client: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    descriptor = os.pidfd_open(child)
    os.waitpid(child, 0)
    monkeypatch.setattr(clients, "_hold", lambda one: descriptor)

    assert not ClientProcesses(proc(tmp_path, "0::/", "0::/")).is_trusted(client)


def test_a_process_that_has_gone_is_not_trusted_whoever_has_its_number(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        child = os.fork()
        if child == 0:
            with socket.socket(socket.AF_UNIX) as one:
                one.connect(str(tmp_path / "s"))
                os._exit(0)
        accepted, _ = listener.accept()
        os.waitpid(child, 0)
    with accepted:
        assert not ClientProcesses().is_trusted(accepted)
        (tmp_path / "self").mkdir()
        (tmp_path / str(child)).mkdir()
        for process in ("self", str(child)):
            (tmp_path / process / "cgroup").write_text("0::/")
        assert not ClientProcesses(str(tmp_path)).is_trusted(accepted)


def test_a_control_group_that_cannot_be_read_is_an_error(client: socket.socket, tmp_path: Path) -> None:
    processes = ClientProcesses(proc(tmp_path, "0::/", "0::/"))
    (tmp_path / str(os.getpid()) / "cgroup").unlink()

    with pytest.raises(FileNotFoundError):
        processes.is_trusted(client)


@pytest.mark.parametrize("option", [clients._SO_PEERPIDFD, 9999])
def test_it_is_this_process_with_a_kernel_that_gives_descriptors_and_with_one_that_does_not(
    option: int, client: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "_SO_PEERPIDFD", option)

    assert ClientProcesses().is_trusted(client)
