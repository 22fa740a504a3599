"""--format, --json, --output and --quiet mean the same for all commands."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.tools.cli.running import fault_of, portero


def explain(*words: object) -> Result:
    return portero("explain", "no-privileged", *words)


def test_json_is_short_for_a_format() -> None:
    assert explain("--json").stdout == explain("--format", "json").stdout
    assert json.loads(explain("--json").stdout)["id"] == "no-privileged"
    assert explain().stdout == explain("--format", "text").stdout


def test_several_formats_come_from_one_run(tmp_path: Path) -> None:
    file, other = tmp_path / "rule.json", tmp_path / "rule.txt"

    both = explain("--format", f"json={file}", "--format", "text")
    alone = explain("--format", f"json={file}")
    quiet = explain("-q", "--format", f"text={other}")

    assert both.stdout == explain().stdout
    assert json.loads(file.read_text()) == json.loads(explain("--json").stdout)
    assert file.stat().st_mode & 0o777 == 0o644
    assert (alone.stdout, quiet.stdout, other.read_text()) == ("", "", explain().stdout)


def test_output_is_the_file_of_the_format_without_one(tmp_path: Path) -> None:
    file = tmp_path / "rule"

    assert (explain("--output", file).stdout, file.read_text()) == ("", explain().stdout)
    assert explain("--json", "--output", file).stdout == ""
    assert file.read_text() == explain("--json").stdout


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--format", "xml"), "'xml': write one of text, json, or FORMAT=FILE"),
        (("--format", "json="), "'json=': write one of text, json, or FORMAT=FILE"),
        (("--format", "json", "--format", "text"), "--format: one goes to standard output; give the others files"),
        (("--output", "/nowhere/x"), "/nowhere/x: No such file or directory; name a file that can be written"),
    ],
)
def test_what_cannot_be_meant_is_exit_status_2(words: tuple[str, ...], fault: str) -> None:
    assert fault in fault_of(explain(*words))
