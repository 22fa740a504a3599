"""A property that a rule refuses has a line, wherever in the files of the project it stands."""

import json
from pathlib import Path

import pytest

from portero.decide.values.json_fields import JSON
from portero.tools.compose.yaml_lines import KEYS, ComposeLines, list_warnings
from tests.paths import SCHEMAS

FILE = Path(__file__).with_name("lines.yaml").read_text()
BODY: JSON = {
    "HostConfig": {
        "Binds": ["/p/a:/a:rw", "/other:/c"],
        "Mounts": [{"Type": "bind", "Source": "/run", "Target": "/b"}],
        "CapAdd": ["NET_ADMIN", "SYS_ADMIN"],
        "Sysctls": {"kernel.shmmax": "1"},
    }
}


@pytest.mark.parametrize(
    ("kind", "name", "at", "line"),
    [
        *(
            ("services", "web", f"HostConfig.{at}", line)
            for at, line in {
                **{"Privileged": 6, "Binds[0]": 8, "Mounts[0].Source": 9, "PortBindings.80/tcp[0]": 11},
                **{"PortBindings.53/udp[0].HostPort": 12, "CapAdd[0]": 13, "CapAdd[1]": 14},
                **{"Sysctls.kernel.shmmax": 15, "Memory": 17},
            }.items()
        ),
        ("services", "web", "?networkmode", 20),
        pytest.param("services", "web", "HostConfig.Binds[1]", 7, id="an entry spelt otherwise: the key"),
        pytest.param("services", "web", "HostConfig.PidMode", 4, id="what the file does not have: the service"),
        pytest.param("services", "web", "Unknown", 4, id="a field without a key"),
        pytest.param("services", "web", "", 4, id="the whole"),
        pytest.param("services", "tool", "HostConfig.PidMode", 2, id="a merged property: where it is written"),
        pytest.param("volumes", "web", "DriverOpts.o", 26, id="a volume: among the volumes"),
    ],
)
def test_a_place_in_the_request_has_a_line(kind: str, name: str, at: str, line: int) -> None:
    assert ComposeLines.of({"compose.yaml": FILE}).find(kind, name, at, BODY) == ("compose.yaml", line)


def test_an_override_comes_before_what_it_overrides() -> None:
    lines = ComposeLines.of({"a": FILE, "b": "services:\n  web:\n    privileged: true\n"})

    assert lines.find("services", "web", "HostConfig.Privileged") == ("b", 3)
    assert lines.find("services", "web", "HostConfig.CapAdd[0]", BODY) == ("a", 13)


def test_what_a_service_extends_is_looked_through_too(tmp_path: Path) -> None:
    base, mine = tmp_path / "base.yaml", tmp_path / "compose.yaml"
    base.write_text("services:\n  one:\n    pid: host\n  two: {extends: one}\n")
    lines = ComposeLines.of({str(mine): "services:\n  web:\n    extends: {file: base.yaml, service: two}\n"})

    assert lines.find("services", "web", "HostConfig.PidMode") == (str(base), 3)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("services: [", id="no YAML"),
        pytest.param("", id="nothing"),
        pytest.param("- a", id="a list"),
        pytest.param("services: {web: {extends: {file: gone.yaml, service: x}}}", id="a file that is not there"),
        pytest.param("services:\n  web: &a\n    <<: *a\n", id="a circle of aliases"),
        pytest.param("services:\n  web: {extends: web}\n", id="a service that extends itself"),
    ],
)
def test_files_that_compose_refuses_give_no_line_of_a_property_and_no_error(text: str) -> None:
    found = ComposeLines.of({"c": text}).find("services", "web", "HostConfig.PidMode")

    assert found is None or found[0] == "c"


SAID = r"""level=warning msg="The \"TAG\" variable is not set. Defaulting to a blank string."
time="2026-01-01T00:00:00Z" level=warning msg="The \"TAG\" variable is not set. Defaulting to a blank string."
time="2026-01-01T00:00:00Z" level=info msg="nothing"
time="2026-01-01T00:00:00Z" level=warning msg="compose.yaml: the attribute is obsolete"
"""
TEXT = """services:
  web:
    image: app:${TAG}
    environment: &env {A: $TAG, B: "${TAGS}"}
  db: {image: db, environment: *env}
"""


def test_a_variable_is_named_with_service_and_line() -> None:
    assert list_warnings(SAID, ComposeLines.of({"compose.yaml": TEXT})) == [
        "variable TAG is not set, and empty: compose.yaml:4 (web), compose.yaml:3 (web), compose.yaml:4 (db)",
        "compose.yaml: the attribute is obsolete",
    ]


def test_many_warnings_are_cut() -> None:
    said = "\n".join(f'level=warning msg="number {n}"' for n in range(25))

    assert list_warnings(said, ComposeLines.of({}))[-1] == "... and 5 more"


def test_every_field_of_the_table_is_one_of_docker() -> None:
    known = json.dumps([json.loads(file.read_text()) for file in (SCHEMAS / "api").rglob("*.json")])

    assert not [field for field in KEYS if not field.startswith("?") and f'"{field}"' not in known]
