"""The benchmarks: which rules carry each of their items. The data are the files in benchmarks/, one for each."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

NAMES = ("cis", "guide", "pss", "nist-800-190")


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `needs`: rules of requests and of the host that together carry it; `more`: rules that go further.

    `undecidable` and `not_applicable`: why nothing of Portero can carry it; an item has one of the three. `remark`:
    what the rules do not see of it. `risk`: the number of the risk that it answers.
    """

    id: str
    title: str
    needs: Sequence[str] = ()
    more: Sequence[str] = ()
    remark: str = ""
    undecidable: str = ""
    not_applicable: str = ""
    risk: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Items under one heading."""

    id: str
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark. `outside`: the built-in rules that carry none of its items, by the reason."""

    key: str
    name: str
    version: str
    source: str
    sections: tuple[Section, ...]
    outside: Mapping[str, Sequence[str]]

    @property
    def items(self) -> Iterator[Item]:
        return (item for section in self.sections for item in section.items)

    @property
    def rules(self) -> frozenset[str]:
        return frozenset(rule for item in self.items for rule in (*item.needs, *item.more))


def load(key: str) -> Benchmark:
    text = (resources.files(__package__) / "benchmarks" / f"{key}.json").read_text(encoding="utf-8")
    document: Any = json.loads(text)
    sections = tuple(
        Section(section["id"], section["title"], tuple(Item(**item) for item in section["items"]))
        for section in document["sections"]
    )
    outside = {group["why"]: tuple(group["rules"]) for group in document["outside"]}
    return Benchmark(key, document["name"], document["version"], document["source"], sections, outside)
