"""The plugin's half of the door's key: root's file, read when it changes; who is at the door by what it verifies."""

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portero.decide.identity import door_stamp, key_pairs
from portero.decide.identity.caller import Credentials, Identity, identify_caller
from portero.decide.identity.trusted import Door, Trusted
from portero.decide.values.refusals import Refused
from portero.observe.stores.door_key import DoorKey, read_boot
from tests.decide.identity.certificate_makers import make_authority, shown
from tests.decide.identity.token_makers import NOON, issuers, token
from tests.failing import fail_with
from tests.refusing import find_refusal

KEY = Ed25519PrivateKey.generate()


def put(file: Path, key: Ed25519PrivateKey = KEY) -> DoorKey:
    file.write_bytes(key_pairs.encode_public(key.public_key()))
    return DoorKey(file, Path.read_bytes)


@pytest.fixture
def door_key(tmp_path: Path) -> DoorKey:
    return put(tmp_path / "door.pub")


def stamp(
    door: str = "users", user: str = "alicia", groups: tuple[str, ...] = ("dev", "wheel"), made: int = NOON
) -> str:
    return door_stamp.make_stamp(KEY, read_boot(), door, user, groups, made)


def who(
    door_key: DoorKey | None, text: str, *, headers: Mapping[str, str] = {}, time: float = NOON, **doors: Door
) -> Identity:
    trusted = Trusted(issuers(), doors=doors or {"users": Door(("dev", "ops")), "traefik": Door(("monitoring",))})
    return identify_caller(
        Credentials("", "", (), {"x-portero-door": text, **headers}), trusted, ("web",), time, door_key
    )


def code(*given: Any, **named: Any) -> str:
    return find_refusal(who, *given, **named)[0]


def test_an_account_has_the_groups_that_host_and_site_name(door_key: DoorKey) -> None:
    assert who(door_key, stamp()) == Identity("unix:alicia", ("dev",), "door", account="alicia")
    assert who(door_key, stamp(), users=Door(same_names=True)) == Identity("alicia", (), "door", account="alicia")


def test_a_tool_has_the_groups_of_its_door_and_a_door_that_the_site_does_not_list_is_named(door_key: DoorKey) -> None:
    assert who(door_key, stamp("traefik", "", ())) == Identity("door:traefik", ("monitoring",), "door")
    assert code(door_key, stamp("other", "", ())) == "door-unlisted"


def test_the_users_own_token_says_who_it_is_unless_names_are_the_same(door_key: DoorKey) -> None:
    named = {"x-portero-token": token(groups=["staff"])}

    both = who(door_key, stamp(user="ali"), headers=named)
    assert (both.user, both.groups, both.method) == ("alicia", ("dev", "staff"), "door+token")
    assert both.account == "ali"
    assert both.methods == ("door+token", "door", "token")
    assert both.list_groups_by("door") == {"dev"}
    same = Door(("dev",), same_names=True)
    assert who(door_key, stamp(), headers=named, users=same).method == "door+token"
    assert code(door_key, stamp(user="ali"), headers=named, users=same) == "identity-conflict"


def test_a_tools_door_takes_no_token_and_a_bad_one_is_refused(door_key: DoorKey) -> None:
    named = {"x-portero-token": token()}

    assert code(door_key, stamp("traefik", "", ()), headers=named) == "identity-conflict"
    assert code(door_key, stamp(), headers={"x-portero-token": "x"}) == "token-invalid"


@pytest.mark.parametrize("user", ["door:traefik", "unix:alicia"])
def test_no_issuer_gives_a_name_of_a_door(user: str, door_key: DoorKey) -> None:
    trusted = Trusted(issuers())
    with pytest.raises(Refused, match="identity-conflict"):
        identify_caller(Credentials("", "", (), {"x-portero-token": token(sub=user)}), trusted, ("web",), NOON)


@pytest.mark.parametrize("names", [["alicia"], []])
def test_a_stamp_does_not_count_beside_a_certificate_of_whatever_name(names: list[str], door_key: DoorKey) -> None:
    """A door connects without one."""
    tls = Credentials("".join(names), "TLS", [shown(make_authority().issue(names))], {"x-portero-door": stamp()})
    trusted = Trusted(doors={"users": Door(("dev",))})

    assert find_refusal(identify_caller, tls, trusted, ("web",), NOON, door_key)[0] == "identity-conflict"


def test_a_stamp_ends_after_a_minute_kept_or_not(door_key: DoorKey) -> None:
    assert who(door_key, stamp(), time=NOON + 59.9)
    assert code(door_key, stamp(), time=NOON + 60) == "door-expired"
    assert code(door_key, stamp(made=NOON + 61)) == "door-expired"
    assert code(put(door_key.file), stamp(), time=NOON + 60) == "door-expired"


@pytest.mark.parametrize(
    "text",
    [
        door_stamp.make_stamp(KEY, "other", "users", "alicia", [], NOON),
        door_stamp.make_stamp(Ed25519PrivateKey.generate(), read_boot(), "users", "alicia", [], NOON),
        token(),
    ],
    ids=["of another boot", "by another key", "a token of an issuer"],
)
def test_what_is_no_stamp_of_this_door_is_refused(door_key: DoorKey, text: str) -> None:
    assert code(door_key, text) == "door-invalid"


def put_another(file: Path) -> None:
    put(file, Ed25519PrivateKey.generate())
    os.utime(file, (1, 1))


@pytest.mark.parametrize(
    "change",
    [put_another, lambda file: file.chmod(0o666), lambda file: file.write_bytes(b"x"), Path.unlink],
    ids=["a new key counts at once", "others may write it", "it is no key", "it is gone"],
)
def test_with_another_key_or_none_no_stamp_counts(door_key: DoorKey, change: Callable[[Path], object]) -> None:
    assert who(door_key, stamp())
    change(door_key.file)

    assert code(door_key, stamp()) == "door-invalid"
    assert code(None, stamp()) == "door-invalid"


def test_a_key_that_cannot_be_read_is_said(door_key: DoorKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "stat", fail_with(errno.EMFILE))

    assert code(door_key, stamp()) == "host-unreadable"
