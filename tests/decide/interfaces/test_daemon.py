"""What looks like a network's ID, or may begin one."""

import pytest

from portero.decide.interfaces.daemon import is_network_id, may_begin_network_id

IDS = ["pirmhqmqmoqx8ctqma9g1ipk0", "0123456789ab", "f" * 64]
NO_IDS = [
    *("", "host", "bridge", "backend", "0123456789a", "0123456789aB", "f" * 65, "0123456789ab\n"),
    "pirmhqmqmoqx8ctqma9g1ipk0x",
]
BEGINNINGS = ["p", "pirmhqmqmoqx8ctqma9g1ipk0", "f", "f" * 26, "0123456789abcdef" * 4]
NO_BEGINNINGS = ["", "my-net", "Web", "pirmhqmqmoqx8ctqma9g1ipk0x", "f" * 65, "f\n"]


@pytest.mark.parametrize(("name", "is_id"), [*((name, True) for name in IDS), *((name, False) for name in NO_IDS)])
def test_a_network_id_looks_like_one(name: str, is_id: bool) -> None:
    assert is_network_id(name) is is_id


@pytest.mark.parametrize(
    ("name", "may_begin"), [*((name, True) for name in BEGINNINGS), *((name, False) for name in NO_BEGINNINGS)]
)
def test_what_an_id_can_begin_with_may_begin_one(name: str, may_begin: bool) -> None:
    assert may_begin_network_id(name) is may_begin
