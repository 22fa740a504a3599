"""Reads YAML as nodes with their lines: nothing is built of it, and an alias is the same node again, never unfolded."""

from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_ENDS = ("<stream end>", "unexpected end of stream")


class InvalidYaml(ValueError):
    """What is wrong with a file that Compose would refuse too, with the line where it is known."""


def parse(content: str | bytes) -> Node | None:
    """The only document; None where there is none; raises InvalidYaml."""
    try:
        documents: list[Node | None] = list(YAML(typ="safe", pure=True).compose_all(content))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "cannot be parsed"
        opened = getattr(error, "context_mark", None)
        if opened is not None and any(end in problem for end in _ENDS):
            # The end of the text is no line of it: what helps is where the part began.
            last = len(content.rstrip().splitlines())
            line, problem = f" at line {min(opened.line + 1, last)}", "what is open there is not closed"
        raise InvalidYaml(f"is not valid YAML{line}: {problem}") from None
    except (RecursionError, ValueError):
        raise InvalidYaml("is not valid YAML: nested too deep, or not text") from None
    if len(documents) > 1:
        raise InvalidYaml("has more than one YAML document; split it")
    return documents[0] if documents else None


def list_fields(node: Node | None) -> Iterator[tuple[ScalarNode, Node]]:
    """The keys and values of a mapping, those that `<<` brings last; each mapping is read once."""
    waiting, seen = [node], set[int]()
    while waiting:
        mapping = waiting.pop(0)
        if not isinstance(mapping, MappingNode) or id(mapping) in seen:
            continue
        seen.add(id(mapping))
        merged: list[Node | None] = []
        for key, value in mapping.value:
            if read_scalar(key) == "<<":
                merged += list_items(value)
            elif isinstance(key, ScalarNode):
                yield key, value
        waiting[:0] = merged


def find_field(node: Node | None, name: str) -> tuple[Node, Node] | None:
    return next(((key, value) for key, value in list_fields(node) if key.value == name), None)


def find_value(node: Node | None, name: str) -> Node | None:
    return next((value for key, value in list_fields(node) if key.value == name), None)


def list_items(node: Node | None) -> list[Node]:
    """The entries of a list; a single value stands for a list of one."""
    if isinstance(node, SequenceNode):
        return list(node.value)
    return [] if node is None else [node]


def read_scalar(node: Node | None) -> str:
    """The text of a scalar; empty for anything else."""
    return str(node.value) if isinstance(node, ScalarNode) else ""
