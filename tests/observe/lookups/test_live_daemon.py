"""What is kept of the daemons that ask: whether they are asked what exists, and how the last lookups went."""

import pytest

from portero.observe.lookups.live_daemon import LiveDaemon
from portero.observe.stores.api_tables import load_api
from portero.observe.writers.writer_memory import WriterMemory


def make(*, looks_up: bool) -> LiveDaemon:
    return LiveDaemon(lambda daemon: [], WriterMemory(None), load_api()[0], looks_up=looks_up)


@pytest.mark.parametrize(("looks_up", "state"), [(True, "unavailable"), (False, "off")])
def test_a_daemon_without_a_socket_is_not_asked(*, looks_up: bool, state: str) -> None:
    daemon = make(looks_up=looks_up)

    assert daemon.new_objects(lambda: None) is None
    assert daemon.lookup_state == state
    assert (daemon.followed is not None) is looks_up


def test_a_network_that_is_not_found_is_told() -> None:
    daemon = make(looks_up=True)

    assert not daemon.names_fail
    assert daemon.new_names(lambda: None)("a" * 64) is None
    assert daemon.names_fail
