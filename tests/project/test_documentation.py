"""What is generated is fresh, and what is promised in the documentation is there."""

import json
import re
import subprocess
import sys
from pathlib import Path

from portero.decide.policy import json_files
from portero.decide.values.refusals import CODES
from portero.observe.stores.api_tables import load_api
from portero.tools.proof import rule_examples
from portero.tools.proof.prove import CHECKS, RuleProof
from tests.paths import ROOT

from .architecture import rule_pages

MOST_LINES_OF_README = 90
MOST_PAGES = 60
MAX_CELL = 300
MAX_WORDS_OF_RULES = 2500


def test_no_generated_page_is_stale() -> None:
    checked = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": "plugin", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_every_refusal_code_has_a_test_that_names_it() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))

    assert [code for code in CODES if f'"{code}"' not in tests] == []


def test_the_rule_that_is_shown_is_a_rule() -> None:
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "testing-rules.md").read_text(), re.DOTALL)
    dialect = json.loads((ROOT / "schemas" / "rule.json").read_text())

    assert json_files.compile_faults(dialect)(json.loads(blocks[0])) == []


def test_the_rule_that_is_shown_and_those_of_the_example_site_are_proved(tmp_path: Path) -> None:
    site = ROOT / "examples" / "site"
    (tmp_path / "rules" / "images").mkdir(parents=True)
    block = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "testing-rules.md").read_text(), re.DOTALL)[0]
    (tmp_path / "rules" / "images" / "team-registry.json").write_text(block)
    routes, shapes = load_api()

    proved = {
        rule.id: [fault for check in CHECKS.values() for fault in check(RuleProof.of(on, rule))]
        for on, rule in rule_examples.list_rules([ROOT / "schemas", site, tmp_path], routes.operations, shapes)
        if not rule.file.startswith(str(ROOT / "schemas"))
    }

    assert proved == {"team-registry": [], "team-x-registry": []}


def test_the_index_lists_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert sorted(page for page in pages if f"]({page}): " not in index and f"]({page})\n" not in index) == []


def test_the_title_of_a_page_is_that_of_the_menu() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    named = re.findall(r"^- \[([^\]]+)\]\(([a-z/A-Z-]+\.md)\)", index, re.MULTILINE)
    titles = {page: re.findall(r"^# (.*)$", (ROOT / "docs" / page).read_text(), re.MULTILINE)[0] for _, page in named}

    assert len(named) > 40
    assert {page: title for title, page in named} == titles


def test_there_are_at_most_sixty_pages_beside_those_of_rules() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]

    assert len(pages) <= MOST_PAGES


def test_no_cell_of_a_table_is_a_page_of_its_own() -> None:
    cells = {
        page: [
            re.sub(r"\]\([^)]*\)", "]", cell)
            for row in re.findall(r"^\|(.*)\|$", page.read_text(), re.MULTILINE)
            for cell in re.split(r"(?<!\\)\|", row)
        ]
        for page in PAGES
    }

    assert [(page.name, cell) for page, found in cells.items() for cell in found if len(cell.strip()) > MAX_CELL] == []


def test_the_readme_is_two_screens() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= MOST_LINES_OF_README


PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_links_between_pages_lead_somewhere() -> None:
    lost = [
        f"{page}: {path}#{heading}"
        for page in PAGES
        for path, heading in re.findall(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)", page.read_text())
        if not (target := page.parent / path if path else page).exists()
        or (heading and target.suffix == ".md" and heading not in headings(target))
    ]

    assert lost == []


def headings(page: Path) -> set[str]:
    """The names by which links lead to the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_topic_has_its_pages_of_rules_and_no_other_page_is_there() -> None:
    topics = {folder.name for folder in (ROOT / "schemas" / "rules").iterdir() if folder.is_dir()}
    files = (ROOT / "schemas" / "rules").glob("*/*.json")
    pages = {rule_pages.find_page(file.parent.name, file.stem) for file in files}

    assert {page.stem for page in (ROOT / "docs" / "rules").iterdir()} == topics | pages | {"README"}


RULE_PAGES = [*(ROOT / "docs" / "rules").iterdir()]


def test_a_page_is_read_in_one_sitting() -> None:
    # Of design the map is a third.
    most = {ROOT / "docs" / "design.md": 2500, ROOT / "SECURITY.md": 1200, ROOT / "CONTRIBUTING.md": 900}
    most |= dict.fromkeys(RULE_PAGES, MAX_WORDS_OF_RULES)

    assert [page for page, words in most.items() if len(page.read_text().split()) > words] == []


def test_no_line_of_the_changelog_is_there_twice() -> None:
    # Two branches that change one line, merged by union, leave both.
    begins = [line[:70] for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("- ")]

    assert sorted(begin for begin in {*begins} if begins.count(begin) > 1) == []


def test_the_daemon_json_that_is_recommended_is_the_one_that_is_tested() -> None:
    recommended = (ROOT / "packaging" / "files" / "daemon.json").read_text()

    assert f"```json\n{recommended}```" in (ROOT / "docs" / "install.md").read_text()


def test_what_troubleshooting_names_as_rule_or_code_is_one() -> None:
    rules = {path.stem for folder in ("rules", "host") for path in (ROOT / "schemas" / folder).glob("*/*.json")}
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    named = {
        id for row in re.findall(r"^\| ((?:`[a-z-]+`,? ?)+)", page, re.MULTILINE) for id in row.strip().split(", ")
    }

    assert len(named) > 10
    assert {id.strip("`") for id in named} - rules - {*CODES} == set()
