"""Compose's warnings are shown once each, those about variables with the services that use them."""

from portero.compose.compose_warnings import list_warnings
from portero.compose.yaml_lines import ComposeLines

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
