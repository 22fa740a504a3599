"""What images only read becomes read-only, and limits are those that are missing, by what containers use."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from portero.decide.values.denial_parts import Wording
from portero.decide.values.json_fields import JSON
from portero.tools.compose.override_keys import (
    Measured,
    is_only_read,
    list_limits,
    list_paths,
    list_read_only,
    measure_memory,
)
from portero.tools.recording.request_files import DecidedRequest
from tests.tools.report.conftest import checked, violation
from tests.unix_server import Handler, responding


@pytest.mark.parametrize(
    ("target", "read"),
    [
        ("/etc/localtime", True),
        ("/etc/nginx/conf.d/site.conf", True),
        ("/docker-entrypoint-initdb.d/init.sql", True),
        ("/etc/prometheus", True),
        ("/etc/vector/vector.yaml", True),
        *((path, False) for path in ("/etc/prometheus2", "/etc", "/data", "/config", "/etc/nginx/conf.d")),
        *((f"/var/lib/{name}", False) for name in ("postgresql/data", "mysql", "grafana", "docker")),
        *((path, False) for path in ("/etc/letsencrypt", "/etc/pihole", "/acme.json", "/redis.conf", "/etc/wireguard")),
    ],
)
def test_only_known_paths_are_only_read(target: str, read: bool) -> None:
    assert is_only_read(target) is read


def mounting(name: str, *mounts: tuple[str, str], field: str = "Binds", **options: str) -> DecidedRequest:
    """A refused service with these writable binds."""
    places = [f"HostConfig.{field}[{at}]" for at in range(len(mounts))]
    facts = [
        {"type": "bind", "source": source, "target": target, "writable": True, "at": at, **options}
        for at, (source, target) in zip(places, mounts, strict=True)
    ]
    made = checked(*(violation("bind-sources-listed", at) for at in places))
    return replace(made, request=replace(made.request, name=name), facts={"mounts": facts})


def test_what_another_service_writes_is_left_alone() -> None:
    nginx = mounting("web", ("/srv/p/site", "/usr/share/nginx/html"), ("/srv/p/n$.conf", "/etc/nginx/nginx.conf"))

    assert list_read_only([nginx], "/srv/p") == {
        "web": ["./site:/usr/share/nginx/html:ro", "./n$$.conf:/etc/nginx/nginx.conf:ro"]
    }
    for writer in ("/srv/p/site", "/srv/p", "/srv/p/site/new"):
        assert "./site:/usr/share/nginx/html:ro" not in list_read_only(
            [nginx, mounting("app", (writer, "/out"))], "/srv/p"
        ).get("web", [])


def test_what_nothing_refuses_or_cannot_be_written_so_stays() -> None:
    labelled = mounting("web", ("/srv/x", "/etc/localtime"), ("/srv/a:b", "/etc/timezone"), relabel="Z")

    assert list_read_only([labelled], "/srv/p") == {"web": ["/srv/x:/etc/localtime:ro,Z"]}
    assert list_read_only([replace(labelled, decision=checked().decision)], "/srv/p") == {}
    assert list_read_only([mounting("web", ("/srv/x", "/etc/localtime"), propagation="rslave")], "/srv/p") == {}


def test_a_folder_that_must_be_there_is_not_made() -> None:
    assert list_read_only([mounting("web", ("/srv/p/x", "/etc/prometheus"), field="Mounts")], "/srv/p") == {
        "web": [
            {
                "type": "bind",
                "source": "./x",
                "target": "/etc/prometheus",
                "read_only": True,
                "bind": {"create_host_path": False},
            }
        ]
    }


def test_one_of_two_services_with_one_folder_may_write_it() -> None:
    time = ("/etc/localtime", "/etc/localtime")
    first = mounting("prometheus", ("/srv/p/prom", "/etc/prometheus"), time)
    second = mounting("generator", ("/srv/p/prom/rules", "/etc/prometheus/rules"), time)

    assert list_read_only([first], "/srv/p")["prometheus"] == [
        "./prom:/etc/prometheus:ro",
        "/etc/localtime:/etc/localtime:ro",
    ]
    assert list_read_only([first, second], "/srv/p") == {
        "prometheus": ["/etc/localtime:/etc/localtime:ro"],
        "generator": ["/etc/localtime:/etc/localtime:ro"],
    }


MIB = 1 << 20


@pytest.mark.parametrize(
    ("stats", "state", "expected"),
    [
        ({"usage": 40 * MIB, "stats": {"inactive_file": 10 * MIB}}, "running", ("64m", "30 MiB")),
        (
            {"usage": 40 * MIB, "stats": {"total_inactive_file": 1}, "max_usage": 100 * MIB},
            "running",
            ("256m", "100 MiB"),
        ),
        ({"usage": 600 * MIB}, "running", None),
        ({"usage": 600 * MIB}, "exited", None),
        ({}, "running", None),
        ({"usage": 40 * MIB, "stats": []}, "running", None),
        ({"usage": 40 * MIB}, 5, None),
    ],
)
def test_the_limit_has_room(tmp_path: Path, stats: object, state: object, expected: tuple[str, str] | None) -> None:
    container = cast(Mapping[str, JSON], {"Id": "x", "Names": ["/web"], "State": state})
    with responding(tmp_path / "d.sock", lambda daemon: daemon.reply({"memory_stats": stats})):
        found = measure_memory([container], [str(tmp_path / "d.sock")], 1024 * MIB)

    assert found == (
        None if expected is None else Measured(expected[0], f"twice the {expected[1]} that web uses (docker stats)")
    )


@pytest.mark.parametrize("status", [200, 403, None])
def test_a_container_that_does_not_answer_leaves_the_limit_to_the_site(tmp_path: Path, status: int | None) -> None:
    def respond(daemon: Handler) -> None:
        if "/a/" in daemon.path:
            daemon.reply({"memory_stats": {"usage": 40 * MIB}})
        elif status is not None:
            daemon.reply({}, status)

    running: list[dict[str, JSON]] = [{"Id": name, "Names": [f"/{name}"], "State": "running"} for name in "ab"]
    with responding(tmp_path / "d.sock", respond):
        assert measure_memory(running[:1], [str(tmp_path / "d.sock")], 1024 * MIB) is not None
        assert measure_memory(running, [str(tmp_path / "d.sock")], 1024 * MIB) is None


SITE = {"memory-max": "1g", "cpus-max": 1, "pids-max": 200, "nofile-soft-max": 4096, "nofile-hard-max": 10240}


def asking(limits: dict[str, int], *rules: str) -> DecidedRequest:
    """A request with these limits that these rules refuse."""
    facts = {"limits": {name: {"value": value} for name, value in limits.items()}}
    return replace(checked(*map(violation, rules)), facts=facts)


def test_only_what_is_missing_is_added() -> None:
    assert list_limits(asking({}, "memory-limit", "no-swap", "cpu-limit"), SITE) == {
        "mem_limit": "1g",
        "cpus": 1,
        "memswap_limit": "1g",
    }
    assert list_limits(asking({"memory": 1 << 20}, "no-swap"), SITE) == {"memswap_limit": "1m"}
    assert list_limits(asking({"memory": 1_000_001}, "no-swap"), SITE) == {"memswap_limit": "1000001b"}
    assert list_limits(asking({}, "open-files-limit", "no-privileged"), SITE) == {
        "ulimits": {"nofile": {"soft": 4096, "hard": 10240}}
    }


def test_a_limit_that_is_too_high_is_left_to_its_owner() -> None:
    high = replace(violation("memory-limit"), wording=Wording("limits", requested="4g", allowed="at most 1g"))

    assert list_limits(replace(asking({}), decision=checked(high).decision), SITE) == {}


def test_a_path_is_listed_where_nothing_else_stands_against_it() -> None:
    def bind(rule: str, number: int, path: str) -> object:
        return replace(violation(rule, f"HostConfig.Binds[{number}]"), wording=Wording(rule, requested=path))

    found = checked(bind("a", 0, "/srv/x"), bind("a", 1, "/etc"), bind("b", 1, "/etc"))  # type: ignore[arg-type]
    assert list_paths([found], ("a",)) == ["/srv/x"]
