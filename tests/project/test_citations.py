"""What docs/docker-facts.md names is there, and what code and tests cite of it and of docs/design.md stands in them."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.paths import ROOT, TESTS

PAGE = (ROOT / "docs" / "docker-facts.md").read_text()
# Number -> the text of a fact.
FACTS = dict(re.findall(r"^\*\*(\d+\.\d+)\*\* (.*?)(?=^\*\*\d|^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
SAYS_WHAT_SHOWS_IT = re.compile(r"^(Test: `|Measured, no test|Read, no test)", re.MULTILINE)
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NAMED_CASE = re.compile(r"`(bypass|more):([^`]+)`")
CITED_FACT = re.compile(r"docker-facts[\s,]+(?:section )?(\d+(?:\.\d+)?)")
CITED_SECTION = re.compile(r"docs/design\.md,\s+section (\d+)")


@cache
def list_tests(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text()) if (ROOT / path).exists() else ast.Module([], [])
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@cache
def list_cases(corpus: str) -> frozenset[str]:
    return frozenset(json.loads(line)["id"] for line in (TESTS / "corpus" / f"{corpus}.jsonl").read_text().splitlines())


def read_sources() -> Iterator[tuple[Path, str]]:
    for folder in ("plugin", "tests", "docs", "bench", "packaging"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".md", ".sh", ".json") and path != Path(__file__):
                yield path.relative_to(ROOT), path.read_text()


def test_facts_are_numbered_by_their_section_without_a_gap() -> None:
    sections = [int(number) for number in re.findall(r"^## (\d+)\. ", PAGE, re.MULTILINE)]
    numbers = [tuple(map(int, number.split("."))) for number in FACTS]

    assert sections == list(range(1, len(sections) + 1))
    assert numbers == [
        (section, 1 + index) for section in sections for index in range(sum(of == section for of, _ in numbers))
    ]


def test_a_fact_says_what_shows_it_and_that_is_there() -> None:
    text = "".join(FACTS.values())

    assert [number for number, fact in FACTS.items() if not SAYS_WHAT_SHOWS_IT.search(fact)] == []
    assert [f"{path}::{test}" for path, test in NAMED_TEST.findall(text) if test not in list_tests(path)] == []
    assert [case for corpus, case in NAMED_CASE.findall(text) if case not in list_cases(corpus)] == []


def test_what_is_cited_is_there() -> None:
    sections = {str(number) for number in re.findall(r"^## (\d+)\. ", PAGE, re.MULTILINE)}
    design = set(re.findall(r"^## (\d+)\. ", (ROOT / "docs" / "design.md").read_text(), re.MULTILINE))

    lost = [
        f"{path}: {cited}"
        for path, text in read_sources()
        for pattern, known in ((CITED_FACT, sections | {*FACTS}), (CITED_SECTION, design))
        for cited in pattern.findall(text)
        if cited not in known
    ]

    assert lost == []
