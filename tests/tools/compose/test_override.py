"""The override gets the limits that are missing, and keeps all that is there."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from portero.decide.values.json_fields import JSON
from portero.tools.compose.override import find_override, merge_override
from portero.tools.recording.request_files import InvalidRequestFile


def test_what_is_there_stays_with_its_comments() -> None:
    before = "# mine\nservices:\n  web:\n    cpus: 0.5  # enough\n    ulimits: {core: 0}\n"
    added = {"web": {"cpus": 1, "ulimits": {"nofile": 5}}, "db": {"mem_limit": "1g"}}

    assert merge_override(before, added, "x.yaml") == (
        "# mine\nservices:\n  web:\n    cpus: 0.5  # enough\n    ulimits: {core: 0, nofile: 5}\n"
        "  db:\n    mem_limit: 1g\n"
    )
    crooked = ("2001-99-99", "!!float abc", "!!int abc", "!!bool maybe", "[" * 400 + "]" * 400)
    for broken in ("services: [", "services: 7", "- a", *(f"services: {{web: {{a: {each}}}}}" for each in crooked)):
        with pytest.raises(InvalidRequestFile, match=r"x\.yaml: is no compose file"):
            merge_override(broken, added, "x.yaml")


def test_networks_and_volumes_get_keys_too() -> None:
    labels: dict[str, JSON] = {"labels": {"owner": "bob"}}

    text = merge_override("networks: {a: {internal: true}}", {}, "x.yaml", others={"networks": {"a": labels}})

    assert text == "networks: {a: {internal: true, labels: {owner: bob}}}\n"


def test_volumes_are_added_for_targets_that_are_not_there() -> None:
    before = (
        "services:\n  web:\n    volumes:\n    - ./a:/etc/a  # mine\n"
        "    - {type: bind, source: ./b, target: /b/}\n  db:\n"
    )
    added: dict[str, dict[str, JSON]] = {
        "web": {"volumes": ["./x:/etc/a:ro", "./b:/b:ro", "./c:/c:ro"], "mem_limit": "64m"},
        "db": {"cpus": 1},
    }

    text = merge_override(before, added, "x.yaml", {"web": "measured", "db": "never"})

    assert YAML(typ="safe").load(text)["services"] == {
        "web": {
            "volumes": ["./a:/etc/a", {"type": "bind", "source": "./b", "target": "/b/"}, "./c:/c:ro"],
            "mem_limit": "64m",
        },
        "db": {"cpus": 1},
    }
    assert "./n:/n:ro" in merge_override("services: {web: {volumes: }}", {"web": {"volumes": ["./n:/n:ro"]}}, "x.yaml")
    words = " ".join(text.split())
    assert [each in words for each in ("# mine", "mem_limit: 64m # measured", "never")] == [True, True, False]
    # In braces a comment would hide what follows.
    assert "#" not in merge_override("services: {web: {a: 1}}", added, "x.yaml", {"web": "measured"})


@pytest.mark.parametrize(
    ("before", "shared"),
    [
        ("services: {a: &x {cpus: 1}, b: *x}", "b"),
        ("services: {a: {image: x, volumes: &v ['./b:/b']}, b: {volumes: *v}}", "volumes"),
        ("x-u: &u {nproc: 5}\nservices: {a: {ulimits: *u}, b: {ulimits: *u}}", "ulimits"),
        ("x-c: &c {ulimits: {nproc: 5}}\nservices: {a: {<<: *c}, b: {<<: *c}}", "ulimits"),
        ("x-c: &c {image: x}\nx-d: &d {<<: *c, volumes: ['./b:/b']}\nservices: {b: {<<: [*c, *d]}}", "volumes"),
        ("services: {b: &x {cpus: 1}, a: {<<: *x}}", "b"),
        ("services: &s {b: {x: *s}}", "services"),
    ],
)
def test_what_one_service_gets_is_not_for_another_one_by_an_alias(before: str, shared: str) -> None:
    with pytest.raises(InvalidRequestFile, match=f": {shared} is shared through an anchor"):
        merge_override(before, {"b": {"volumes": ["./n:/n:ro"], "ulimits": {"nofile": 5}}}, "x.yaml")


def test_anchors_of_what_gets_nothing_stay() -> None:
    before = "x-c: &c {labels: &l {a: b}, volumes: []}\nservices: {a: &x {<<: *c}, b: {<<: *c, volumes: [], x: *l}}"
    text = merge_override(before, {"b": {"volumes": ["./n:/n:ro"], "cpus": 1}}, "x.yaml")

    assert YAML(typ="safe").load(text)["services"] == {
        "a": {"labels": {"a": "b"}, "volumes": []},
        "b": {"labels": {"a": "b"}, "x": {"a": "b"}, "volumes": ["./n:/n:ro"], "cpus": 1},
    }


def test_the_override_that_is_there_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"

    assert find_override(str(file)) == str(tmp_path / "compose.override.yaml")
    (tmp_path / "docker-compose.override.yml").touch()
    assert find_override(str(file)) == str(tmp_path / "docker-compose.override.yml")
