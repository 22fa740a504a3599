"""A new network or volume takes no ID and no bridge of another one."""

from dataclasses import replace
from typing import Any

import pytest

from portero.decide.judging.judge import Judge
from tests.decide.objects.test_existing_objects import (
    SilentHost,
    decide,
    judge,
    network,
    refuse,
)
from tests.observe.host.fixed_objects import FixedHost

__all__ = ["judge"]  # a fixture


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("network", {"Driver": "bridge"}),
        ("service", {"TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}}),
        ("secret", {"Data": "eA=="}),
        ("config", {"Data": "eA=="}),
    ],
)
def test_a_new_name_is_no_id_that_exists_and_begins_none(judge: Judge, kind: str, body: Any) -> None:
    short, named, free = "i7cekpkw1g9i", "postgresql16", "elasticsearch"
    whole, long = short + "x" * 13, "n" * 25
    shown = {short: {"ID": whole}, whole: {"ID": whole}, named: {"ID": "s" * 25}}
    one = replace(judge, host=FixedHost({"objects": {kind: shown}}))

    def ask(name: str, asked: Judge = one) -> list[tuple[str, str]]:
        decision = decide(asked, "POST", f"/v1.45/{kind}s/create", {"Name": name, **body})
        return [(each.rule, each.at) for each in decision.denials]

    assert ask(short) == ask(whole) == [("no-names-like-ids", "Name")]
    assert [ask(name) for name in (named, free, long, "web", "")] == [[], [], [], [], []]
    # What is no beginning of an ID is not looked up.
    silent = replace(judge, host=SilentHost())
    assert [ask(name, silent) for name in (free, "web-1234567890")] == [[("lookup-failed", "Name")], []]


SHOP = network("shop", **{"com.docker.network.bridge.name": "shop-net"})


@pytest.mark.parametrize(
    ("parent", "is_refused"),
    [("shop-net", True), ("shop-net.7", True), ("shop-net2", False), ("shop", False), ("eth0", False), ("", False)],
)
def test_a_bridge_that_a_network_has_by_name_is_no_parent(judge: Judge, parent: str, is_refused: bool) -> None:
    at_daemon = replace(judge, host=FixedHost({"objects": {"network": {SHOP["Id"]: SHOP}}}))
    body = {"Name": "spy", "Driver": "macvlan", "Options": {"parent": parent}}
    decision = decide(at_daemon, "POST", "/networks/create", body)

    assert [(one.rule, one.at) for one in decision.denials] == ([("no-docker-parents", "Driver")] if is_refused else [])
    # Options that were there before the bridge was, and a network that came through, are judged at their use.
    for old in (
        {**network("old", "null", parent=parent), "ConfigOnly": True},
        network("old", "macvlan", parent=parent),
    ):
        there = {SHOP["Id"]: SHOP, "old": {**old, "Id": "c" * 64}}
        at_daemon = replace(judge, host=FixedHost({"objects": {"network": there}}))
        body = {"Name": "spy", "Driver": "macvlan", "ConfigFrom": {"Network": "old"}}
        assert refuse(at_daemon, "POST", "/networks/create", body) == ["existing-network"] * is_refused


def test_of_many_networks_a_parent_is_found_in_one_list(judge: Judge) -> None:
    networks = {f"{n:064}": {**network(f"n{n}"), "Id": f"{n:064}"} for n in range(70)} | {SHOP["Id"]: SHOP}
    at_daemon = replace(judge, host=FixedHost({"objects": {"network": networks}}))
    body = {"Name": "spy", "Driver": "macvlan", "Options": {"parent": "eth0"}}

    assert refuse(at_daemon, "POST", "/networks/create", body) == []


def test_where_networks_cannot_be_listed_no_parent_is_taken(judge: Judge) -> None:
    body = {"Name": "spy", "Driver": "ipvlan", "Options": {"parent": "eth0"}}

    assert refuse(replace(judge, host=SilentHost()), "POST", "/networks/create", body) == ["lookup-failed"]
