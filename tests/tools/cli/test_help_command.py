"""`portero help`: commands and pages in the terminal, wherever Portero was installed from."""

import re
import sys
from pathlib import Path

import pytest

from portero.observe.process import package_files
from tests.paths import PACKAGE, ROOT, SCHEMAS
from tests.tools.cli.running import fault_of, portero


def test_without_a_topic_it_lists_commands_and_pages() -> None:
    output = portero("help").output

    assert output.startswith("Usage: ")
    assert {"doors", "install"} <= {*re.findall(r"[\w/-]+", output.partition("Topics:")[2])}


def test_a_command_has_its_own_help() -> None:
    for words in (["check"], ["door", "enable"]):
        assert portero("help", *words).output.split() == portero(*words, "--help").output.split()


def test_a_page_is_found_by_its_name_and_its_title() -> None:
    text = (ROOT / "docs" / "doors.md").read_text()
    title = text.partition("\n")[0].removeprefix("# ")

    assert portero("help", "doors").output.strip().startswith(f"# {title}")
    assert portero("help", *title.lower().split()).output == portero("help", "doors").output
    assert "no such command or topic: did you mean 'doors'?" in fault_of(portero("help", "dooors"))


def test_an_installation_has_its_pages_below_its_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = tmp_path / "share" / "doc" / "portero"
    pages.mkdir(parents=True)
    (pages / "README.md").write_text("# Pages\n")
    (pages / "doors.md").write_text("# Doors\n\n<!-- not pasted: a mark for tests -->\n\nHow.\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(package_files, "_CHECKOUT", tmp_path / "none")

    assert portero("help", "doors").output == "# Doors\n\nHow.\n"


_NAMED = re.compile(r"portero help ([a-z-]+)")


def test_every_page_that_a_message_names_is_there_and_none_is_named_by_its_path() -> None:
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.tsv"), *SCHEMAS.rglob("*.json")]
    texts = {file: file.read_text() for file in files}

    assert [
        file for file, text in texts.items() if re.search(r"""^[^#]*["\t(].*docs/[a-z-]+\.md""", text, re.MULTILINE)
    ] == []
    named = {name for text in texts.values() for name in _NAMED.findall(text)} - {"shows"}
    assert [name for name in named if not (ROOT / "docs" / f"{name}.md").exists()] == []
