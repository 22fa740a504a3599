"""What looks like a network's ID, or may begin one; and only errors of reading become the refusal host-unreadable."""

import pytest

from portero.host.view import is_network_id, may_begin_network_id, refuse_unreadable
from portero.refusals import Refused


@pytest.mark.parametrize(
    "name",
    ["pirmhqmqmoqx8ctqma9g1ipk0", "0123456789ab", "f" * 64],
    ids=["swarm", "short", "whole"],
)
def test_what_looks_like_a_network_id_is_one(name: str) -> None:
    assert is_network_id(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "host",
        "bridge",
        "backend",
        "0123456789a",
        "0123456789aB",
        "f" * 65,
        "0123456789ab\n",
        "pirmhqmqmoqx8ctqma9g1ipk0x",
    ],
)
def test_a_plain_name_is_no_network_id(name: str) -> None:
    assert not is_network_id(name)


@pytest.mark.parametrize("name", ["p", "pirmhqmqmoqx8ctqma9g1ipk0", "f", "f" * 26, "0123456789abcdef" * 4])
def test_what_an_id_can_begin_with_may_begin_one(name: str) -> None:
    assert may_begin_network_id(name)


@pytest.mark.parametrize("name", ["", "my-net", "Web", "pirmhqmqmoqx8ctqma9g1ipk0x", "f" * 65, "f\n"])
def test_what_no_id_begins_with_may_begin_none(name: str) -> None:
    assert not may_begin_network_id(name)


def test_an_error_of_reading_is_a_refusal() -> None:
    with pytest.raises(Refused, match="host-unreadable"), refuse_unreadable():
        raise PermissionError


def test_another_error_stays_what_it_is() -> None:
    with pytest.raises(KeyError), refuse_unreadable():
        raise KeyError
