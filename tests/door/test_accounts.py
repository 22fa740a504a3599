"""AccountLookup of the host: asked once, by threads; who is not known has no name."""

import os
import pwd
import threading
import time

import pytest

from portero.door.accounts import UNKNOWN, Account, AccountLookup, read_account


def test_an_account_has_its_name_and_its_groups() -> None:
    entry = pwd.getpwuid(os.getuid())

    account = read_account(os.getuid())

    assert account.user == entry.pw_name
    assert account.groups


@pytest.mark.parametrize("failure", [KeyError, OSError])
def test_an_account_that_the_name_service_does_not_name_is_unknown(
    failure: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
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

    assert accounts.find(1000) is None
    assert woken.wait(10)
    assert accounts.find(1000) == Account("alicia", ("dev",))
    assert accounts.find(1000) == Account("alicia", ("dev",))
    assert asked == [1000]


def test_one_that_hangs_keeps_no_other_waiting() -> None:
    hangs, woken = threading.Event(), threading.Event()

    def read(uid: int) -> Account:
        if uid == 1:
            hangs.wait(20)
        return Account(str(uid))

    accounts = AccountLookup(woken.set, read)
    accounts.find(1)
    accounts.find(2)

    assert woken.wait(10)
    assert (accounts.find(1), accounts.find(2)) == (None, Account("2"))
    hangs.set()


def test_an_error_leaves_the_account_unknown() -> None:
    woken = threading.Event()

    def read(uid: int) -> Account:
        raise MemoryError

    accounts = AccountLookup(woken.set, read)
    accounts.find(1)
    assert woken.wait(10)
    until = time.monotonic() + 5
    while accounts.find(1) is None and time.monotonic() < until:
        time.sleep(0.01)
    assert accounts.find(1) is UNKNOWN
