"""What host paths open is found alike for one path and for several."""

import pytest

from portero.decide.facts import mounts
from portero.decide.facts.mount import resolve_sources
from portero.decide.values.json_fields import JSON, Fact
from portero.observe.host.fixed_host import FixedHost


@pytest.mark.parametrize("visible", [True, False])
@pytest.mark.parametrize("path", ["/", "/srv", "/var/run", "/tmp/lnk", "/run/docker.sock"])
def test_one_path_is_reported_as_several_would_be(path: str, visible: bool) -> None:
    host = FixedHost({"links": {"/tmp/lnk": "/etc"}, "visible": visible})

    assert resolve_sources([path], "Here", host) == resolve_sources([path, path], "Here", host)


def test_no_path_opens_nothing() -> None:
    assert resolve_sources([], "Here", FixedHost()) == {}


def test_who_can_replace_a_source_is_reported() -> None:
    host = FixedHost({"owners": {"/srv": "user alicia (1000)"}})
    found = resolve_sources(["/srv/a"], "HostConfig.Binds[0]", host)

    assert found["swappableBy"] == [{"who": "user alicia (1000)", "path": "/srv/a", "at": "HostConfig.Binds[0]"}]
    assert found["passes"] == ["/", "/srv"]


def test_several_paths_open_what_each_of_them_opens() -> None:
    host = FixedHost(
        {
            "kinds": {"/a": "file"},
            "links": {"/b": "/c"},
            "sockets": ["/c/docker.sock"],
            "userSockets": ["/a/agent"],
            "portero": ["/c/portero"],
            "mounts": {"/c/proc": "proc", "/a/etc": "/etc"},
        }
    )
    found = resolve_sources(["/a", "/b"], "Here", host)

    assert (found["paths"], found["resolution"], found["kind"]) == (["/a", "/b", "/c"], "resolved", "file")
    assert (found["holds"], found["userSockets"], found["porteroFiles"]) == (
        ["/c/docker.sock"],
        ["/a/agent"],
        ["/c/portero"],
    )
    assert (found["kernelFileSystems"], found["mountsBelow"]) == (["proc"], ["/a/etc", "/c/proc"])
    assert (found["reaches"], found["passes"]) == (["/etc"], ["/"])


def created(*binds: str, **host: JSON) -> list[Fact]:
    return mounts.read_create({"HostConfig": {"Binds": [*binds]}}, FixedHost(host))


def test_a_place_that_the_host_mounts_inside_a_source_is_a_fact_of_its_own() -> None:
    first, second = created("/srv/app:/x:ro", mounts={"/srv/app/etc": "/etc"})

    assert first["reaches"] == ["/etc"]
    assert {key: second[key] for key in ("via", "source", "paths", "writable", "at")} == {
        "via": "host-mount",
        "source": "/etc",
        "paths": ["/etc"],
        "writable": False,
        "at": "HostConfig.Binds[0]",
    }


def test_a_socket_in_such_a_place_is_held() -> None:
    _, reached = created("/srv/app:/x", mounts={"/srv/app/run": "/run"}, sockets=["/run/docker.sock"])

    assert reached["holds"] == ["/run/docker.sock"]


def test_a_source_below_a_writable_one_can_be_replaced_through_it() -> None:
    facts = created("/srv/app:/w", "/srv/app/data/x:/x:ro", "/srv/application:/y")

    assert [fact["swappableThrough"] for fact in facts] == [
        [],
        [{"mount": "HostConfig.Binds[0]", "folder": "/srv/app", "at": "HostConfig.Binds[1]"}],
        [],
    ]


def test_a_read_only_mount_replaces_nothing() -> None:
    assert [fact["swappableThrough"] for fact in created("/srv/app:/w:ro", "/srv/app/data:/x")] == [[], []]


def test_a_link_that_the_way_takes_inside_a_writable_folder_counts() -> None:
    facts = created("/srv/app:/w", "/srv/way:/x", links={"/srv/way": "/srv/app/out", "/srv/app/out": "/srv/data"})

    assert [bool(fact["swappableThrough"]) for fact in facts] == [False, True]


def test_a_folder_under_another_name_counts() -> None:
    facts = created("/data/app:/w", "/srv/app/data:/x", mounts={"/data/app": "/srv/app"})

    assert [fact["at"] for fact in facts if fact["swappableThrough"]] == ["HostConfig.Binds[1]"]


def test_a_folder_above_the_other_name_counts() -> None:
    facts = created("/srv:/w", "/data/app/x:/x", mounts={"/data/app": "/srv/deep/app"})

    assert [fact["swappableThrough"] for fact in facts if fact["source"] == "/data/app/x"] == [
        [{"mount": "HostConfig.Binds[0]", "folder": "/srv", "at": "HostConfig.Binds[1]"}]
    ]


def test_the_work_grows_with_the_number_of_mounts_alone() -> None:
    class Counted(FixedHost):
        traced = 0

        def trace(self, path):  # type: ignore[no-untyped-def]
            Counted.traced += 1
            return super().trace(path)

    def count(number: int) -> int:
        Counted.traced = 0
        binds: list[JSON] = [f"/srv/{n}:/x{n}" for n in range(number)]
        mounts.read_create({"HostConfig": {"Binds": binds}}, Counted())
        return Counted.traced

    assert count(40) == 2 * count(20)


def test_what_the_host_mounts_inside_a_source_has_the_target_of_the_source() -> None:
    _, reached = created("/srv/app:/x", mounts={"/srv/app/etc": "/etc"}, portero=["/etc/portero"])

    assert (reached["target"], reached["writable"], reached["resolution"]) == ("/x", True, "resolved")
    assert (reached["kind"], reached["porteroFiles"]) == ("directory", ["/etc/portero"])
