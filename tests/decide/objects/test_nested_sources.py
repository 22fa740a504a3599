"""Pairs of sources of which the upper one is writable: found under every name, and only those."""

from typing import Any

import pytest

from portero.decide.interfaces.effects import Source
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.objects.nested_sources import (
    find_nested,
    list_of_service,
    list_others,
    list_requested,
)
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost

HOST = FixedHost(
    {"links": {"/srv/link": "/srv/a/sub", "/srv/app": "/srv/a", "/srv/a/out": "/data"}, "mounts": {"/mnt/a": "/srv/a"}}
)


def pairs(own: str, other: str, *, writes: bool = False, other_writes: bool = True) -> list[tuple[str, str]]:
    """Upper and lower folder of each pair of two sources."""
    found = find_nested([Source(own, writes)], [Source(other, other_writes, "container a")], HOST)
    return [(fact["upper"], fact["lower"]) for fact in found if isinstance(fact, dict)]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("own", "other"),
    [
        *((below, "/srv/a") for below in ("/srv/a/sub", "/srv/a/b/c/d", "/srv/link", "/srv/app/sub", "/mnt/a/sub")),
        *(("/srv/a/sub", "/srv/app"), ("/srv/a/sub", "/mnt/a"), ("/srv/a/out", "/srv/a")),
    ],
)
def test_a_source_below_a_folder_that_another_container_may_write(own: str, other: str) -> None:
    assert pairs(own, other) == [(other, own)]
    assert pairs(own, other, other_writes=False) == []


@pytest.mark.parametrize(
    ("own", "other"), [("/srv/a", "/srv/a/sub"), ("/srv/app", "/srv/link"), ("/mnt/a", "/srv/a/sub/x")]
)
def test_a_writable_source_above_one_of_another_container(own: str, other: str) -> None:
    assert pairs(own, other, writes=True, other_writes=False) == [(own, other)]
    assert pairs(own, other, other_writes=False) == []


@pytest.mark.parametrize(
    ("own", "other"),
    [
        *((own, "/srv/a") for own in ("/srv/a", "/srv/app", "/srv/b", "/srv/ab/x", "/", "/data")),
        ("/srv/a", "/mnt/a"),
    ],
)
def test_shared_folders_and_folders_side_by_side_are_no_pair(own: str, other: str) -> None:
    assert pairs(own, other) == []


@pytest.mark.parametrize("root", ["/", "/var", "/var/lib", "/etc", "/run"])
def test_who_writes_what_makes_root_needs_no_link(root: str) -> None:
    assert pairs(f"{root}/lib/docker/x".replace("//", "/"), root) == []
    assert pairs(root, f"{root}/srv/x".replace("//", "/"), writes=True) == []


def test_below_a_sensitive_folder_one_still_needs_it() -> None:
    assert pairs("/run/app/sub", "/run/app") == [("/run/app", "/run/app/sub")]


def test_a_pair_says_who_writes_and_who_reads() -> None:
    own = [Source("/srv/a/sub", writable=True, at="HostConfig.Binds[0]")]
    others = [Source("/srv/a", True, "container a"), Source("/srv/a/sub/x", False, "container b")]

    names = ("upper", "lower", "writer", "reader", "at")
    assert find_nested(own, others, HOST) == [
        dict(zip(names, ("/srv/a", "/srv/a/sub", "container a", "this container", "HostConfig.Binds[0]"), strict=True)),
        dict(
            zip(
                names,
                ("/srv/a/sub", "/srv/a/sub/x", "this container", "container b", "HostConfig.Binds[0]"),
                strict=True,
            )
        ),
    ]


def test_without_the_hosts_files_names_alone_are_compared() -> None:
    blind = FixedHost({"visible": False, "links": {"/srv/link": "/srv/a/sub"}})
    others = [Source("/srv/a", True, "container a")]

    assert len(find_nested([Source("/srv/a/b/c", False)], others, blind)) == 1
    assert find_nested([Source("/srv/link", False)], others, blind) == []


def test_a_request_counts_a_source_once_and_not_what_the_host_mounts_in_it() -> None:
    facts = [
        {"paths": ["/srv/link", "/srv/a/sub"], "writable": False, "via": "bind", "at": "HostConfig.Binds[0]"},
        {"paths": ["/srv/lower", "/srv/upper"], "writable": True, "via": "driver-options", "at": "DriverOpts"},
        {"paths": ["/srv/x"], "writable": True, "via": "host-mount", "at": "HostConfig.Binds[0]"},
        {"paths": [], "writable": True, "via": "volume", "at": "HostConfig.Binds[1]"},
    ]

    assert list_requested({"facts": {"mounts": facts}}, HOST) == [  # type: ignore[dict-item]
        Source("/srv/link", writable=False, at="HostConfig.Binds[0]"),
        Source("/srv/lower", writable=True, at="DriverOpts"),
        Source("/srv/upper", writable=True, at="DriverOpts"),
    ]
    assert list_requested({"facts": {}}, HOST) == []


def test_mounts_of_the_host_are_found_in_the_list_of_containers() -> None:
    mounts: list[Any] = [
        {"Type": "bind", "Source": "/srv/a", "RW": True},
        {"Type": "volume", "Name": "v", "Source": "/var/lib/docker/volumes/v/_data", "RW": True},
        {"Type": "tmpfs", "Source": "", "RW": True},
        {"Type": "image", "Source": "/x"},
    ]
    first = {"Id": "1", "Names": ["/a\n", "/b/a"], "Mounts": mounts}
    second = {"Id": "2", "Names": [], "Mounts": [*mounts[:1], {"Type": "bind", "Source": "/srv/a", "RW": False}]}

    assert list(list_others([first, second])) == [
        Source("/srv/a", True, "container a?"),
        Source("/var/lib/docker/volumes/v/_data", True, "container a?"),
        Source("/srv/a", False, "container 2"),
    ]
    assert ExistingContainer.read(first).sources[0].owner == "this container"


def test_a_list_that_is_none_of_dockers_is_refused() -> None:
    with pytest.raises(Refused):
        list(list_others([{"Names": ["/a"], "Mounts": "none"}]))


@pytest.mark.parametrize(
    ("name", "updated", "paths"),
    [
        ("web", "", {"/now", "/before"}),
        ("web", "db", {"/now", "/before"}),
        ("web", "web", {"/now"}),
        ("", "", {"/now", "/before"}),
    ],
)
def test_only_an_update_replaces_what_a_rollback_would_bring_back(name: str, updated: str, paths: set[str]) -> None:
    def spec(path: str) -> dict[str, Any]:
        mounts = [{"Type": "bind", "Source": path}]
        return {"Name": name, "TaskTemplate": {"ContainerSpec": {"Mounts": mounts}}}

    listed = list_of_service({"Spec": spec("/now"), "PreviousSpec": spec("/before")}, HOST, updated)

    assert {one.path for one in listed} == paths
