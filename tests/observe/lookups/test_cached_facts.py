"""What is kept of an object is what is judged of it; dockerd's list shows the same container so."""

from typing import Any

import pytest

from portero.observe.lookups.cached_facts import FactsCode, choose_facts, list_fields

SHOWN: Any = {
    "Id": "1",
    "Name": "/web",
    "Created": "2026-01-01T00:00:00Z",
    "State": {"Status": "exited", "Pid": 7},
    "Config": {"Env": ["A=1"], "NetworkDisabled": True},
    "HostConfig": {"NetworkMode": "front", "Memory": 1},
    "Mounts": [{"Type": "bind", "Source": "/a"}],
    "NetworkSettings": {"Networks": {"front": {"Aliases": ["a"], "NetworkID": "2", "IPAddress": "10.0.0.1"}}},
    "GraphDriver": {},
    "Image": "sha256:1",
    "New": "of a later engine",
}


def test_of_a_container_all_that_is_judged_stays() -> None:
    kept = choose_facts("container", SHOWN)

    assert SHOWN.keys() - kept.keys() == {"State", "GraphDriver"}
    assert kept["Config"] == {"Env": ["A=1"]}
    assert kept["NetworkSettings"] == {"Networks": {"front": {"Aliases": ["a"], "NetworkID": "2"}}}


def test_of_other_objects_what_moves_goes() -> None:
    assert choose_facts("network", {"Name": "a", "Containers": {}, "Labels": {}}) == {"Name": "a", "Labels": {}}
    assert choose_facts("volume", {"Name": "a", "Status": {}}) == {"Name": "a"}


def test_a_list_shows_a_container_so() -> None:
    assert list_fields(SHOWN) == {
        "Id": "1",
        "Names": ["/web"],
        "Created": "2026-01-01T00:00:00Z",
        "State": "exited",
        "Mounts": SHOWN["Mounts"],
        "HostConfig": {"NetworkMode": "front", "PidMode": "", "IpcMode": ""},
    }


def test_what_is_alike_takes_few_bytes_and_is_read_as_it_was() -> None:
    code = FactsCode()
    shown: list[Any] = [SHOWN | {"Id": str(n), "Labels": [*map(str, range(900))]} for n in range(3)]
    network = {"Name": "front"}

    kept = [code.encode("network", network), *(code.encode("container", one) for one in shown)]

    assert [code.decode(one or b"") for one in kept] == [network, *(choose_facts("container", one) for one in shown)]
    assert max(len(one or b"") for one in kept) < 200


def test_what_is_long_is_not_kept() -> None:
    random = "".join(str(hash(str(n))) for n in range(9_000))
    for kind, size in (("network", 1 << 16), ("container", 1 << 20), ("container", 1 << 21)):
        assert FactsCode().encode(kind, {"Labels": (random * 9)[:size]}) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["\ud800", 1 << 64], ids=["half a surrogate pair", "beyond 64 bits"])
def test_what_dockerd_never_writes_is_not_kept(value: Any) -> None:
    code = FactsCode()

    assert code.encode("container", {**SHOWN, "New": value}) is None
    assert code.encode("container", {**SHOWN, "New": "\u00e9"}) is not None
