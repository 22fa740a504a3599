"""A JSON document as it is written: names and scalars are text, so that every spelling can be made and made smaller."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from portero.decide.values.json_fields import JSON


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar, or anything else, as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """An object: names, quotes included, and values."""

    pairs: "tuple[tuple[str, Node], ...]"


@dataclass(frozen=True, slots=True)
class WrittenList:
    items: "tuple[Node, ...]"


Node: TypeAlias = Text | Written | WrittenList


@dataclass(frozen=True, slots=True)
class Document:
    """A body: a node, and what stands before and after it. Bytes that are no UTF-8 are surrogates in the text."""

    node: Node
    before: str = ""
    after: str = ""

    def encode(self) -> bytes:
        """The bytes."""
        text = f"{self.before}{render(self.node)}{self.after}"
        return text.encode("utf-8", "surrogateescape")


def render(node: Node) -> str:
    """The text of a node."""
    if isinstance(node, Text):
        return node.text
    if isinstance(node, WrittenList):
        return f"[{','.join(map(render, node.items))}]"
    return f"{{{','.join(f'{name}:{render(value)}' for name, value in node.pairs)}}}"


def plain(value: JSON) -> Node:
    """A value in its usual spelling."""
    if isinstance(value, Mapping):
        return Written(tuple((json.dumps(name), plain(inner)) for name, inner in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return WrittenList(tuple(map(plain, value)))
    return Text(json.dumps(value))


def smaller(document: Document) -> Iterator[Document]:
    """Every document that lacks one part of this one, or has one name in its plain spelling."""
    if document.before or document.after:
        yield Document(document.node)
    yield from (replace(document, node=node) for node in _smaller(document.node))


def _smaller(node: Node) -> Iterator[Node]:
    if isinstance(node, WrittenList):
        for at, item in enumerate(node.items):
            around = (node.items[:at], node.items[at + 1 :])
            yield WrittenList(around[0] + around[1])
            yield from (WrittenList((*around[0], less, *around[1])) for less in _smaller(item))
    elif isinstance(node, Written):
        for at, (name, value) in enumerate(node.pairs):
            before, after = node.pairs[:at], node.pairs[at + 1 :]
            yield Written(before + after)
            if (spelt := _usual(name)) != name:
                yield Written((*before, (spelt, value), *after))
            yield from (Written((*before, (name, less), *after)) for less in _smaller(value))
    elif (spelt := _usual(node.text)) != node.text:
        yield Text(spelt)


def _usual(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text
