"""What images only read becomes read-only, and no path that an image writes does."""

from dataclasses import replace

import pytest

from portero.compose.read_only import is_only_read, list_read_only
from portero.recording.request_files import DecidedRequest
from tests.report.conftest import checked, violation


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
