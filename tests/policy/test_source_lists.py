"""The site's lists of host paths, where one undoes what another allows."""

from typing import Any

from portero.policy.source_lists import nested_sources


def test_a_source_below_a_writable_one_is_a_fault() -> None:
    lists: dict[str, Any] = {
        "bind-sources-writable": ["/srv/a", "/srv/a/b", "/srv/ab"],
        "bind-sources-read-only": ["/srv", "/srv/a/c"],
        "bind-sources": ["/srv"],
    }

    assert [fault.partition(", which")[0] for fault in nested_sources(lists)] == [
        "bind-sources-read-only: /srv/a/c lies below /srv/a",
        "bind-sources-writable: /srv/a/b lies below /srv/a",
    ]
