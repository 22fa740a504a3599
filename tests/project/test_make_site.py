"""The site of `make site`: every page is in it, with what it links to, and a link that leads nowhere is found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT

from .architecture import make_site, rule_pages


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "rules").mkdir(parents=True)
    (tmp_path / "README.md").write_text("[index](docs/README.md)\n")
    (tmp_path / "docs" / "README.md").write_text("# All\n\n## Use\n\n- [Rules](rules/README.md): all\n")
    for name in ("README", "mounts"):
        (tmp_path / "docs" / "rules" / f"{name}.md").write_text(
            "[code](../../code.json#line), [no](https://x.example)\n"
        )
    (tmp_path / "code.json").write_text("{}")
    (tmp_path / "docs" / "new.md").write_text("# New\n")
    return tmp_path


def pages_of(navigation: Any) -> Iterator[str]:
    for entry in navigation:
        below = [*entry.values()] if isinstance(entry, dict) else [entry]
        yield from (page for each in below for page in ([each] if isinstance(each, str) else pages_of(each)))


def test_the_navigation_has_every_page_once() -> None:
    assert sorted(pages_of(make_site.make_navigation(ROOT))) == make_site.list_pages(ROOT)


def test_a_folder_comes_whole_and_a_page_that_the_index_does_not_name_under_more(root: Path) -> None:
    assert make_site.make_navigation(root) == [
        {"Portero": "README.md"},
        {"Use": [{"Rules": ["docs/rules/README.md", "docs/rules/mounts.md"]}]},
        {"More": ["docs/README.md", "docs/new.md"]},
    ]


def test_what_a_page_links_to_is_in_the_site(root: Path) -> None:
    assert make_site.list_files(root) == {*make_site.list_pages(root), "code.json"}


@pytest.mark.parametrize(
    ("html", "lost"),
    [
        ('<a href="b.html#there">', []),
        ('<a href="b.html#gone">', ["a.html: b.html#gone leads nowhere"]),
        ('<a href="c.html">', ["a.html: c.html leads nowhere"]),
        ('<p id="x"><a href="#x"><a href="#y">', ["a.html: #y leads nowhere"]),
        ('<a href="https://example.com/">', []),
        ('<script src="https://example.com/x.js">', ["a.html: loads https://example.com/x.js"]),
        ('<link rel="stylesheet" href="gone.css">', ["a.html: gone.css leads nowhere"]),
    ],
)
def test_a_dead_link_and_what_is_loaded_from_elsewhere_are_found(tmp_path: Path, html: str, lost: list[str]) -> None:
    (tmp_path / "a.html").write_text(html)
    (tmp_path / "b.html").write_text('<h2 id="there">')

    assert [*make_site.find_lost_links(tmp_path)] == lost


def test_a_rule_has_a_page_of_its_own_with_links_to_its_sources() -> None:
    pages = {id: text for id, _, text in rule_pages.list_single_pages()}

    assert set(pages) == {
        file.stem for folder in ("rules", "host") for file in (ROOT / "schemas" / folder).glob("*/*.json")
    }
    assert pages["no-privileged"].startswith("# no-privileged\n")
    assert "[CIS 5.5](https://www.cisecurity.org/benchmark/docker)" in pages["no-privileged"]
    assert "## docker --privileged" in pages["no-privileged"]


def test_a_rule_of_baseline_is_shown_before_an_advisory_one() -> None:
    boosts = {id: boost for id, boost, _ in rule_pages.list_single_pages()}

    assert boosts["capabilities"] > boosts["no-swap"] > boosts["image-digest"]


def test_the_address_of_the_site_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<link rel="canonical" href="https://example.com/a.html">')

    assert [*make_site.find_lost_links(tmp_path)] == []
