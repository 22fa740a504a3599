"""References are split as Docker splits them."""

import json
import time
from typing import Any

import pytest

from portero.decide.engine.reference import REFERENCE
from portero.decide.facts import image
from portero.decide.facts.collect import collect_facts
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost
from tests.cases import cases
from tests.paths import SCHEMAS

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"
ID = f"sha256:{'a' * 64}"
FOUND: dict[str, Any] = {
    "Id": ID,
    "RepoTags": ["app:1", "registry.example.com/team/app:2", "<none>:<none>"],
    "RepoDigests": [f"registry.example.com/team/app@{DIGEST}", "<none>@<none>"],
    "Config": {
        "User": "10001:10001",
        "Volumes": {"/data": {}},
        "ExposedPorts": {"80/tcp": {}, "53/UDP": {}, "90": {}, "7000-7010/tcp": {}},
        "Healthcheck": {"Test": ["CMD", "true"]},
        "Labels": {"owner": "team"},
    },
}
REQUEST = json.loads((SCHEMAS / "request.json").read_text())


def parts(found: Any) -> tuple[str, str, str | None, str | None]:
    return found["registry"], found["repository"], found["tag"], found["digest"]


@pytest.mark.parametrize(("reference", "expected"), cases(__file__, "references.jsonl"))
def test_a_reference_is_split(reference: str, expected: list[str | None]) -> None:
    found = image.parse_reference(reference, "Image")

    assert [*parts(found)] == expected
    assert (found["reference"], found["at"]) == (reference, "Image")


@pytest.mark.parametrize("reference", ["Busybox", "busybox:", "busybox:a:b", "evil.example/../x", "a//b", "busybox@x"])
def test_what_is_no_reference_has_neither_tag_nor_digest(reference: str) -> None:
    assert parts(image.parse_reference(reference, "Image"))[2:] == (None, None)
    assert image.parse_reference("evil.example/UPPER", "Image")["registry"] == "evil.example"


def test_a_long_reference_is_read_in_no_time() -> None:
    start = time.process_time()

    image.parse_reference("a" * 500_000 + "-" * 500_000 + "!", "Image")

    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("name", "tag", "reference", "expected"),
    [
        ("busybox", "1", "busybox:1", ("docker.io", "library/busybox", "1", None)),
        ("busybox", DIGEST, f"busybox@{DIGEST}", ("docker.io", "library/busybox", None, DIGEST)),
        ("busybox", "", "busybox", ("docker.io", "library/busybox", "latest", None)),
        ("busybox:", "", "busybox:", ("docker.io", "library/busybox", "latest", None)),
        ("ghcr.io/a/b:1", "2", "ghcr.io/a/b:1:2", ("ghcr.io", "a/b", "2", None)),
        (f"a/b@{DIGEST}", "2", f"a/b@{DIGEST}:2", ("docker.io", "a/b", "2", DIGEST)),
        ("f08d", "", "f08d", ("docker.io", "library/f08d", "latest", None)),
    ],
)
def test_a_pull_says_its_tag_apart_and_its_first_image_counts(
    name: str, tag: str, reference: str, expected: tuple[str, str, str | None, str | None]
) -> None:
    found: Any = image.read_pull({"fromImage": (name, "evil.example/c"), "tag": (tag,)})["image"]

    assert parts(found) == expected
    assert (found["reference"], found["mayBeId"], found["at"]) == (reference, False, "?fromImage")


@pytest.mark.parametrize(
    ("repo", "tag", "expected"),
    [
        ("app", "", ("app", "docker.io", "library/app", "latest")),
        ("app", "2", ("app:2", "docker.io", "library/app", "2")),
        (
            "registry.example.com/team/app:1",
            "",
            ("registry.example.com/team/app:1", *("registry.example.com", "team/app"), "1"),
        ),
        ("postgres:15", "16", ("postgres:15:16", "docker.io", "library/postgres", "16")),
        ("index.docker.io/postgres", "16", ("index.docker.io/postgres:16", "docker.io", "library/postgres", "16")),
        ("cafe", "", ("cafe", "docker.io", "library/cafe", "latest")),
    ],
)
def test_a_new_name_is_a_repository_with_a_tag_apart(repo: str, tag: str, expected: tuple[str, str, str, str]) -> None:
    found: Any = image.read_new_name({"repo": (repo, "evil.example/other"), "tag": (tag,)})

    named = found["imageName"]
    assert (named["reference"], named["registry"], named["repository"], named["tag"]) == expected
    assert (named["mayBeId"], named["at"]) == (False, "?repo")


@pytest.mark.parametrize("query", [{}, {"repo": ("",)}, {"repo": ("", "app")}, {"tag": ("1",)}])
def test_without_a_repository_an_image_gets_no_name(query: Any) -> None:
    assert image.read_new_name(query) == {}


@pytest.mark.parametrize(("source", "may_be_id"), [("cafe", True), ("cafe:latest", False), ("sha256:cafe", True)])
def test_a_tag_names_its_source_as_a_create_does(source: str, may_be_id: bool) -> None:
    found: Any = image.read_tag({"name": source}, {"repo": ("app",)})

    assert (found["imageSource"]["reference"], found["imageSource"]["at"]) == (source, "path.name")
    assert found["imageSource"]["mayBeId"] is may_be_id
    assert found["imageName"]["repository"] == "library/app"


def test_a_push_goes_to_the_registry_of_the_name() -> None:
    found: Any = image.read_push({"name": "cafe.example:5000/a"}, {"tag": ("2",)})

    assert found == {"image": image.parse_reference("cafe.example:5000/a:2", "path.name") | {"mayBeId": False}}
    assert image.read_push({"name": "cafe"}, {})["image"]["mayBeId"] is False  # type: ignore[index, call-overload]


def test_an_import_names_no_image() -> None:
    assert image.read_pull({"fromSrc": ("-",), "repo": ("x",), "tag": ("1",)}) == {}


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        *((name, True) for name in ("f08d", "a", "sha256:f08d", HEX[:63])),
        *((name, False) for name in ("f08d:latest", "library/f08d", "docker.io/library/f08d", f"f08d@{DIGEST}")),
        *((name, False) for name in ("F08D", "busybox")),
        (HEX, False),  # a whole ID is one for certain
    ],
)
def test_a_bare_hexadecimal_name_may_be_an_id(reference: str, expected: bool) -> None:
    assert image.parse_reference(reference, "Image")["mayBeId"] is expected


@pytest.mark.parametrize(
    ("term", "registry", "repository"),
    [
        *(("busybox", "docker.io", "busybox"), ("team/app", "docker.io", "team/app")),
        ("index.docker.io/team/app", "docker.io", "index.docker.io/team/app"),
        *(("127.0.0.1:5999/a", "127.0.0.1:5999", "a"), ("localhost/a", "localhost", "a")),
        *(("10.0.0.1/", "10.0.0.1", ""), ("10.0.0.1", "docker.io", "10.0.0.1"), ("", "docker.io", "")),
    ],
)
def test_a_search_names_the_registry_that_dockerd_asks(term: str, registry: str, repository: str) -> None:
    found: Any = image.read_search({"term": (term,)})

    assert (found["image"]["registry"], found["image"]["repository"]) == (registry, repository)
    assert found["image"]["at"] == "?term"


@pytest.mark.parametrize(
    ("operation", "query", "path", "at"),
    [
        ("DistributionInspect", {}, {"name": "127.0.0.1:5999/a"}, "path.name"),
        ("GetPluginPrivileges", {"remote": ("127.0.0.1:5999/a", "vieux/sshfs")}, {}, "?remote"),
    ],
)
def test_what_is_inspected_in_a_registry_names_it(operation: str, query: Any, path: Any, at: str) -> None:
    found: Any = collect_facts(operation, None, query, path, FixedHost())

    assert (found["image"]["registry"], found["image"]["at"]) == ("127.0.0.1:5999", at)


def failures(fact: Any) -> Any:
    schema = {**REQUEST["properties"]["objects"]["properties"]["image"], "$defs": REQUEST["$defs"]}
    return list(REFERENCE.compile(schema, {}).failures(fact))


def test_an_image_is_described_by_its_names_and_its_configuration() -> None:
    fact: Any = image.read_reported(FOUND, "Image")

    assert [(one["registry"], one["repository"], one["tag"], one["digest"]) for one in fact["references"]] == [
        ("docker.io", "library/app", "1", None),
        ("registry.example.com", "team/app", "2", None),
        ("registry.example.com", "team/app", None, DIGEST),
    ]
    del fact["references"]
    assert fact == {
        "exists": True,
        "id": ID,
        "user": "10001:10001",
        "volumes": ["/data"],
        "exposedPorts": [
            {"port": 80, "protocol": "tcp"},
            {"port": 53, "protocol": "udp"},
            {"port": 90, "protocol": "tcp"},
            {"port": None, "protocol": "tcp"},
        ],
        "healthcheck": True,
        "labels": [{"name": "owner", "value": "team"}],
        "at": "Image",
    }


@pytest.mark.parametrize("found", [None, {}, {"Id": ID, "Config": None}, {"Id": ID, "RepoTags": None}, FOUND], ids=str)
def test_the_fact_keeps_to_the_schema_of_requests(found: Any) -> None:
    fact = image.read_reported(found, "Image")

    assert failures(fact) == []
    assert fact["exists"] is (found is not None)


@pytest.mark.parametrize("test", [[], ["NONE"], ["OTHER", "x"]], ids=str)
def test_a_health_check_that_never_runs_is_none(test: list[str]) -> None:
    assert image.read_reported({"Config": {"Healthcheck": {"Test": test}}}, "Image")["healthcheck"] is False


@pytest.mark.parametrize("config", [{"User": 7}, {"Labels": {"a": 1}}, {"Volumes": ["/x"]}], ids=str)
def test_what_docker_would_not_write_is_refused(config: Any) -> None:
    with pytest.raises(Refused):
        image.read_reported({"Config": config}, "Image")


@pytest.mark.parametrize(
    ("body", "found", "count"),
    [
        ({"HostConfig": {"PublishAllPorts": True}}, FOUND, 4),
        ({"HostConfig": {"PublishAllPorts": True}}, None, 0),
        ({"HostConfig": {"PublishAllPorts": True}, "ExposedPorts": {"80/tcp": {}, "81/tcp": {}}}, FOUND, 5),
        ({"HostConfig": {"PublishAllPorts": True, "PortBindings": {"80/tcp": [{}, {}]}}}, FOUND, 5),
    ],
    ids=str,
)
def test_the_ports_of_the_image_count_with_publish_all(body: Any, found: Any, count: int) -> None:
    assert image.publishes_all(body)
    assert image.count_ports(found, body) == {"value": count, "at": "HostConfig.PortBindings"}
