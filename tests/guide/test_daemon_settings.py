"""What remedies and pages say of daemon.json is enough for the reader of that file."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero.observe.dockerd.daemon_defaults import are_off
from tests.paths import PACKAGE, ROOT, SCHEMAS

FILES = [*SCHEMAS.rglob("*.json"), *PACKAGE.rglob("*.tsv"), *PACKAGE.rglob("*.py"), *ROOT.glob("docs/**/*.md")]
FILES += [ROOT / "README.md", *ROOT.glob("packaging/**/*.json"), *ROOT.glob("examples/**/*.yaml")]


def find_snippets() -> Iterator[tuple[Path, str]]:
    for file in FILES:
        text = file.read_text().replace('\\"', '"').replace("\n", " ")
        yield from ((file, found) for found in re.findall(r'"builder": (\{"entitlements": \{[^}]*\}\})', text))


@pytest.mark.parametrize(("file", "snippet"), [*find_snippets()], ids=lambda value: getattr(value, "name", ""))
def test_what_is_to_be_written_refuses_builds_all_that_a_rule_asks_for(file: Path, snippet: str) -> None:
    assert are_off({"builder": json.loads(snippet)}), f"{file}: {snippet}"


def test_the_remedies_of_builds_are_among_them() -> None:
    names = {file.name for file, _ in find_snippets()}

    assert {"unseen-buildkit.json", "build-entitlements.json", "daemon_settings.tsv", "install.md"} <= names
