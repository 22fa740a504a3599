"""The table of what dockerd makes of requests by its own rules."""

from pathlib import Path
from typing import Any

import pytest

from tests.captured import table

from .adaptations import Adaptation, adaptations, explain
from .difference import Difference
from .seen import Seen

ROWS = table(Path(__file__).with_name("adaptations.tsv"))


def seen(
    at: str,
    read: Any,
    made: Any,
    *,
    operation: str = "ContainerCreate",
    version: str | None = None,
    engine: str = "26.1",
    stored: dict[str, Any] | None = None,
    **facts: Any,
) -> Seen:
    document = {"apiVersion": version, "body": {}, "facts": facts}
    return Seen(Difference(at, read, made), operation, document, stored or {"ID": "abc"}, None, engine)


def test_a_row_says_what_dockerd_makes_of_it_and_where_that_stands() -> None:
    assert [row for row in ROWS if not row["makes"] or not row["source"]] == []


def test_every_row_can_be_used() -> None:
    assert len(adaptations()) == len(ROWS)


def test_a_default_explains_what_is_absent_only() -> None:
    assert explain(seen("HostConfig.Runtime", None, "runc"))
    assert not explain(seen("HostConfig.Runtime", "other", "runc"))
    assert not explain(seen("HostConfig.Runtime", None, "other"))


def test_what_old_versions_drop_counts_below_them_only() -> None:
    assert explain(seen("HostConfig.Annotations.a", "b", None, version="1.42"))
    assert not explain(seen("HostConfig.Annotations.a", "b", None, version="1.43"))
    assert not explain(seen("HostConfig.Annotations.a", "b", None))


def test_what_an_engine_does_not_know_counts_there_only() -> None:
    assert explain(seen("NetworkingConfig.EndpointsConfig.a.GwPriority", 1, None, engine="26.1"))
    assert not explain(seen("NetworkingConfig.EndpointsConfig.a.GwPriority", 1, None, engine="28.5"))


def test_what_grants_is_explained_by_no_row() -> None:
    assert not explain(seen("HostConfig.Privileged", None, True))
    assert not explain(seen("HostConfig.Binds", None, ["/etc:/x"]))
    assert not explain(seen("HostConfig.SecurityOpt", None, ["seccomp=unconfined"]))
    assert not explain(seen("facts.capabilities", ["CHOWN"], ["CHOWN", "SYS_ADMIN"]))


def _mount(name: str, read: str | bool, made: list[str], type: str, source: str) -> Adaptation | None:
    fact = {"at": "HostConfig.Mounts[0]", "type": type, "paths": [source]}
    return explain(seen(f"facts.mounts[{fact['at']}].{name}", read, made, engine="28.5", mounts=[fact]))


def _slave(read: str, source: str) -> Adaptation | None:
    return _mount("propagation", read, ["rbind", "rslave"], "bind", source)


def test_an_image_is_mounted_read_only_and_nothing_else_is() -> None:
    assert _mount("writable", True, ["rbind", "rro"], "image", "")
    assert not _mount("writable", True, ["rbind", "rro"], "bind", "/srv")
    assert not _mount("writable", False, ["rbind"], "image", "")


def test_dockerd_makes_a_slave_of_a_bind_that_holds_its_data_root_and_names_no_propagation() -> None:
    assert _slave("", "/")
    assert _slave("", "/var/lib/docker/volumes")
    assert not _slave("", "/srv")
    assert not _slave("rprivate", "/")


def _service_swap(made: int | None, engine: str = "26.1") -> Adaptation | None:
    limits = {"memory": {"value": 2**26}, "swap": {"value": 0}}
    return explain(
        seen("facts.limits.memorySwap", 2**30, made, operation="ServiceCreate", engine=engine, limits=limits)
    )


def test_a_service_before_api_1_52_has_no_swap_of_its_own() -> None:
    assert _service_swap(None)
    assert _service_swap(2**27)
    assert not _service_swap(2**28)
    assert not _service_swap(2**27, "29.1")


@pytest.mark.parametrize(
    ("name", "id", "explained"), [("1", "", True), ("1a", "1abc", True), ("1", "2abc", False), ("web", "", False)]
)
def test_the_beginning_of_an_id_stands_for_its_network(name: str, id: str, explained: bool) -> None:
    stored = {"NetworkSettings": {"Networks": {"bridge": {"NetworkID": id}}}}

    assert bool(explain(seen("facts.networks", [name], ["bridge"], stored=stored))) is explained


@pytest.mark.parametrize(
    ("scope", "driver", "explained"),
    [("swarm", "ipvlan", True), ("local", "ipvlan", False), ("swarm", "overlay", False)],
)
def test_a_swarm_does_not_show_the_options_of_a_driver_of_nodes(scope: str, driver: str, explained: bool) -> None:
    stored = {"Scope": scope, "Driver": driver}

    assert bool(explain(seen("Options.x", "1400", None, operation="NetworkCreate", stored=stored))) is explained
