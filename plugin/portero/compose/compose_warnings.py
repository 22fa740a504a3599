"""The warnings of Compose about a project, with service and line: what it prints, and the files, in; sentences out."""

import re
from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from portero.compose.yaml_lines import ComposeLines
from portero.compose.yaml_nodes import fields, find_value, scalar_text

_MESSAGE = re.compile(r'level=warning msg="((?:[^"\\]|\\.)*)"')
_UNSET = re.compile(r'The "(\w+)" variable is not set')
_MAX_WARNINGS = 20
_MAX_NODES = 100_000


def list_warnings(output: str, lines: ComposeLines) -> list[str]:
    """Each once, in the order in which Compose has them; of a variable, where it stands."""
    messages = (message.replace('\\"', '"') for message in _MESSAGE.findall(output))
    found = list(dict.fromkeys(_locate(message, lines) for message in messages))
    more = len(found) - _MAX_WARNINGS
    return [*found[:_MAX_WARNINGS], *([f"... and {more} more"] if more > 0 else [])]


def _locate(message: str, lines: ComposeLines) -> str:
    unset = _UNSET.search(message)
    if unset is None:
        return message
    where = ", ".join(dict.fromkeys(_find_uses(unset[1], lines)))
    return f"variable {unset[1]} is not set, and empty{f': {where}' if where else ''}"


def _find_uses(variable: str, lines: ComposeLines) -> Iterator[str]:
    used = re.compile(rf"\$(?:\{{{variable}\b|{variable}\b)")
    for file, tree in lines.trees.items():
        for key, service in fields(find_value(tree, "services")):
            for node in _walk(service):
                if used.search(scalar_text(node)):
                    yield f"{file}:{int(node.start_mark.line) + 1} ({scalar_text(key)})"


def _walk(node: Node) -> Iterator[Node]:
    """The scalars below a node; an alias can lead in circles."""
    waiting, seen = [node], set[int]()
    while waiting and len(seen) < _MAX_NODES:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, ScalarNode):
            yield each
        elif isinstance(each, MappingNode):
            waiting += [part for pair in each.value for part in pair]
        elif isinstance(each, SequenceNode):
            waiting += each.value
