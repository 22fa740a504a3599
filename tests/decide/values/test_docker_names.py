"""What Docker's IDs and modes look like."""

import pytest

from portero.decide.values.docker_names import (
    find_namespace_owner,
    is_id,
    is_network_id,
    may_begin_id,
    may_begin_network_id,
)

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


@pytest.mark.parametrize(
    ("mode", "owner"),
    [("container:web", "web"), ("container:", ""), ("container", None), ("ns:/x", None)],
)
def test_a_mode_names_a_container_by_a_colon(mode: str, owner: str | None) -> None:
    assert find_namespace_owner(mode) == owner


@pytest.mark.parametrize(
    ("name", "whole", "begins"),
    [("f" * 64, True, False), ("f" * 63, False, True), ("F", False, False)],
)
def test_an_id_is_whole_or_a_beginning(name: str, whole: bool, begins: bool) -> None:
    assert (is_id(name), may_begin_id(name)) == (whole, begins)
