"""Builds the pages as a site with search, in build/site; `make site` runs it.

usage: python docs/make_site.py [ADDRESS]

The pages are laid out as in the repository, with all that they link to, so that links lead to the same places. Beside
them each rule has a page of its own, rules/RULE.html. The navigation is docs/README.md. With the ADDRESS at which the
site will be, such as https://example.org/portero/, it has a sitemap. Exit status 1: a link leads nowhere.
"""

import logging
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from portero import __address__, __version__
from rule_pages import list_single_pages

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
INDEX = "docs/README.md"
# What the search does not show: rules have pages of their own, and no reader looks for releases and seeds of tests.
_UNSEARCHED = (
    "docs/rules/",
    "docs/rules-table.md",
    "docs/coverage.md",
    "docs/measurements.md",
    "CHANGELOG.md",
    "docs/README.md",
)
# What it shows first.
_BOOST = {
    "docs/denied.md": 10,
    "docs/quickstart.md": 4,
    "docs/when-docker-hangs.md": 3,
    "docs/commands.md": 2,
    "docs/settings.md": 2,
}
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
# Why a test pastes a block of commands at no machine (tests/e2e/walk.py).
_MARK = re.compile(r"^ *<!-- not pasted: .* -->\n\n", re.MULTILINE)
_ENTRY = re.compile(r"^- \[([^\]]+)\]\(([^)]+\.md)\)", re.MULTILINE)


def list_pages(root: Path) -> list[str]:
    """Every page, from the repository's root."""
    found = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    return sorted(str(page.relative_to(root)) for page in found)


def list_files(root: Path) -> set[str]:
    """The pages and every file that one of them links to."""
    pages = list_pages(root)
    linked = {
        str((root / page).parent.joinpath(path).resolve().relative_to(root.resolve()))
        for page in pages
        for path in _LINK.findall((root / page).read_text())
    }
    return {*pages, *(path for path in linked if (root / path).is_file())}


def make_navigation(root: Path) -> list[Any]:
    """By the sections of the index, the first page first; a folder's page brings the others of the folder."""
    left = list_pages(root)
    left.remove("README.md")

    def take(path: str) -> Any:
        folder = path.removesuffix("README.md")
        if folder in (path, "docs/"):
            return path
        return [path, *(each for each in left if each.startswith(folder) and each != path)]

    navigation: list[Any] = [{"Portero": "README.md"}]
    for section in re.split(r"^## ", (root / INDEX).read_text(), flags=re.MULTILINE)[1:]:
        pages: list[Any] = []
        for title, link in _ENTRY.findall(section):
            path = str((root / "docs" / link).resolve().relative_to(root.resolve()))
            entry = take(path)
            left = [page for page in left if page not in (entry if isinstance(entry, list) else [entry])]
            pages.append({title: entry})
        navigation.append({section.partition("\n")[0]: pages})
    left.remove(INDEX)
    return [*navigation, {"More": [INDEX, *left]}]


class _Ids(HTMLParser):
    """The links, the files that are loaded, and the ids of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids.add(values.get("id", ""))
        if values.get("rel") in ("canonical", "prev", "next"):
            return
        if "src" in values or tag == "link":
            self.loaded.append(values.get("src") or values.get("href", ""))
        elif "href" in values:
            self.links.append(values["href"])


def find_lost_links(site: Path) -> Iterator[str]:
    """A line for each link of a built site that leads to no file or heading, and for what is loaded from elsewhere."""
    pages = {page: _Ids(page.read_text()) for page in sorted(site.rglob("*.html"))}
    for page, parsed in pages.items():
        yield from (f"{page.relative_to(site)}: loads {each}" for each in parsed.loaded if urlsplit(each).netloc)
        for link in {*parsed.links, *parsed.loaded}:
            parts = urlsplit(link)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if parts.scheme or parts.netloc or page.name == "404.html":
                continue
            if not target.is_file() or (target in pages and unquote(parts.fragment) not in pages[target].ids):
                yield f"{page.relative_to(site)}: {link} leads nowhere"


def write_pages(pages: Path) -> None:
    """All pages and the files that they link to, and a page for each rule, with what the search makes of each."""
    shutil.rmtree(pages, ignore_errors=True)
    for path in list_files(ROOT):
        (pages / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, pages / path)
        if path.endswith(".md"):
            (pages / path).write_text(prepare_page(path, (ROOT / path).read_text()))
    (pages / "rules").mkdir()
    for id, boost, text in list_single_pages():
        (pages / "rules" / f"{id}.md").write_text(f"---\nsearch:\n  boost: {boost}\n---\n\n{text}")
    shutil.copytree(ROOT / "docs" / "site", pages / "site")


def prepare_page(path: str, text: str) -> str:
    """The page without marks for tests, and with what the search makes of it."""
    text = _MARK.sub("", text)
    if path.startswith(_UNSEARCHED):
        return f"---\nsearch:\n  exclude: true\n---\n\n{text}"
    return f"---\nsearch:\n  boost: {_BOOST[path]}\n---\n\n{text}" if path in _BOOST else text


def main(address: str = __address__) -> int:
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    pages, site = BUILD / "pages", BUILD / "site"
    write_pages(pages)
    configuration = {"docs_dir": str(pages), "site_dir": str(site), "nav": make_navigation(ROOT), "strict": True}
    configuration |= {"site_name": f"Portero {__version__}", "site_url": address}
    build(load_config(str(ROOT / "docs" / "mkdocs.yml"), **configuration))
    if not address:
        for sitemap in site.glob("sitemap.xml*"):
            sitemap.unlink()
    lost = [*find_lost_links(site)]
    print(
        "\n".join(lost)
        or f"to read it, with search: {sys.executable} -m http.server --bind 127.0.0.1 --directory {site}"
    )
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
