"""Finds the file and the line of a compose project behind a property of Docker's request, or a warning of Compose."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import parse_path
from portero.decide.values.tables import read_rows
from portero.tools.compose.project_files import MAX_BYTES
from portero.tools.compose.yaml_nodes import InvalidYaml, find_field, find_value, list_fields, parse, read_scalar

Line: TypeAlias = tuple[str, int]
_Entry: TypeAlias = tuple[str, Node, Node]

KEYS = {field: keys.split() for field, keys in read_rows(__file__, "api_fields.tsv")}
_NAME = re.compile(r"\??\w+")
_PORT = re.compile(r"PortBindings\.(\d+)")
# Chains of extends and of <<; aliases can lead in circles.
_MAX_EXTENDED = 10


@dataclass(frozen=True, slots=True)
class ComposeLines:
    """The files of one project, those that override others last. `trees`: their YAML, None where it is invalid."""

    trees: dict[str, Node | None]

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> "ComposeLines":
        return cls({file: _parse(text) for file, text in texts.items()})

    def find(self, section: str, name: str, at: str = "", body: JSON = None) -> Line | None:
        """Where the property behind `at` stands; else the entry `name` of the section; None where neither is.

        `body`: the request's, in which `at` leads to the value. An `at` with ? is of the service's build.
        """
        entries = list(self._find_entries(section, name))
        for file, _, entry in entries:
            node = _find_property(find_value(entry, "build") if at.startswith("?") else entry, at, body)
            if node is not None:
                return file, _number_line(node)
        return next(((file, _number_line(key)) for file, key, _ in entries), None)

    def _find_entries(self, section: str, name: str) -> Iterator[_Entry]:
        for file in reversed(self.trees):
            yield from self._follow(file, self.trees[file], section, name, _MAX_EXTENDED)

    def _follow(self, file: str, tree: Node | None, section: str, name: str, depth: int) -> Iterator[_Entry]:
        """The entry of this name, and those that it extends."""
        field = find_field(find_value(tree, section), name)
        if field is None:
            return
        key, entry = field
        yield file, key, entry
        extended = find_value(entry, "extends")
        service = read_scalar(extended) or read_scalar(find_value(extended, "service"))
        if service and depth:
            other = os.path.normpath(
                os.path.join(os.path.dirname(file), read_scalar(find_value(extended, "file")) or file)
            )
            yield from self._follow(other, self.trees.get(other) or _parse_file(other), section, service, depth - 1)


def _find_property(entry: Node | None, at: str, body: JSON) -> Node | None:
    """The line of the list or the mapping that holds the value, else the key."""
    name = _NAME.match(at.removeprefix("HostConfig."))
    keys = KEYS.get(name[0], []) if name else []
    match = next((field for key in keys if (field := find_field(entry, key)) is not None), None)
    if match is None:
        return None
    key, value = match
    port = _PORT.search(at)
    wanted = port[1] if port else _spell_value(_follow_path(body, at))
    return (_find_part(value, wanted) if wanted else None) or key


def _find_part(value: Node, wanted: str) -> Node | None:
    if isinstance(value, SequenceNode):
        return next((part for part in value.value if _is_about(part, wanted)), None)
    field = find_field(value, wanted.partition("=")[0])
    return field[0] if field else None


def _is_about(part: Node, wanted: str) -> bool:
    """Whether an entry of a list is about a path in the container, a port, or a word."""
    if isinstance(part, MappingNode):
        return any(read_scalar(value) == wanted for _, value in part.value)
    text = read_scalar(part)
    return text == wanted or wanted in re.split(r"[:=/]" if wanted.isdigit() else r"[:=]", text)


def _spell_value(value: JSON) -> str:
    """The text that stands in the request and in the file; of a mount its path in the container."""
    if isinstance(value, dict):
        name = value.get("Target") or value.get("PathInContainer") or value.get("Name")
        return name if isinstance(name, str) else ""
    if not isinstance(value, str):
        return ""
    parts = value.split(":")
    return parts[1] if value.startswith("/") and len(parts) > 1 else value


def _follow_path(body: JSON, at: str) -> JSON:
    value = body
    for step in parse_path(at):
        if isinstance(value, dict) and isinstance(step, str) and step in value:
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            # The name of an entry, such as that of a kernel parameter: it is also the key in the file.
            return step if isinstance(value, dict) else value
    return value


def _parse_file(path: str) -> Node | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return _parse(file.read(MAX_BYTES))
    except OSError:
        return None


def _parse(text: str) -> Node | None:
    """The tree; None where Compose will not accept the file either."""
    try:
        return parse(text)
    except InvalidYaml:
        return None


def _number_line(node: Node) -> int:
    return int(node.start_mark.line) + 1


_MESSAGE = re.compile(r'level=warning msg="((?:[^"\\]|\\.)*)"')
_UNSET = re.compile(r'The "(\w+)" variable is not set')
_MAX_WARNINGS = 20
_MAX_NODES = 100_000


def list_warnings(output: str, lines: ComposeLines) -> list[str]:
    """Each once, in the order in which Compose has them; of a variable, where it stands."""
    messages = (message.replace('\\"', '"') for message in _MESSAGE.findall(output))
    warnings = list(dict.fromkeys(_locate(message, lines) for message in messages))
    more = len(warnings) - _MAX_WARNINGS
    return [*warnings[:_MAX_WARNINGS], *([f"... and {more} more"] if more > 0 else [])]


def _locate(message: str, lines: ComposeLines) -> str:
    unset = _UNSET.search(message)
    if unset is None:
        return message
    where = ", ".join(dict.fromkeys(_find_uses(unset[1], lines)))
    return f"variable {unset[1]} is not set, and empty{f': {where}' if where else ''}"


def _find_uses(variable: str, lines: ComposeLines) -> Iterator[str]:
    used = re.compile(rf"\$(?:\{{{variable}\b|{variable}\b)")
    for file, tree in lines.trees.items():
        for key, service in list_fields(find_value(tree, "services")):
            for node in _walk(service):
                if used.search(read_scalar(node)):
                    yield f"{file}:{_number_line(node)} ({read_scalar(key)})"


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
