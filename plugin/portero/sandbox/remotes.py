"""What of a compose file is refused by name before Compose sees it: files from elsewhere, and programs to run.

Read are the files that are named, and those that they include or extend. Compose itself fills in variables and may so
come to other names: then the sandbox holds (no network, no other program).
"""

import os
import stat
from collections.abc import Iterator, Sequence

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from portero.sandbox.compose_run import SandboxError
from portero.spelling import printable

_MOST_BYTES = 1 << 20
_MOST_FILES = 100
# compose-go loader and docker/compose pkg/remote (git.go, oci.go) take these for the addresses of projects.
_ELSEWHERE = ("git@", "github.com/")


def check_files(files: Sequence[str], shown: Sequence[str]) -> None:
    """Raises SandboxError when a file, or one that it includes or extends, cannot be judged safely.

    `shown`: the real paths that may be read.
    """
    waiting, seen = [os.path.abspath(file) for file in files], set[str]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if len(seen) > _MOST_FILES:
            raise SandboxError(f"{_name(file)}: more than {_MOST_FILES} files are included")
        root = _parse(file, _content(file, shown))
        for named in _named_files(file, root):
            path = os.path.normpath(os.path.join(os.path.dirname(file), named))
            if "$" not in named and os.path.exists(path):
                waiting.append(path)


def _content(file: str, shown: Sequence[str]) -> bytes:
    real = os.path.realpath(file)
    if not any(real == root or real.startswith(root.rstrip("/") + "/") for root in shown):
        raise SandboxError(f"{_name(file)}: lies outside the project folder; --project-root DIR widens it")
    try:
        opened = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise SandboxError(f"{_name(file)}: {error.strerror}") from None
    with open(opened, "rb") as handle:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise SandboxError(f"{_name(file)}: is not a regular file")
        content = handle.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise SandboxError(f"{_name(file)}: is larger than 1 MiB")
    return content


def _parse(file: str, content: bytes) -> Node | None:
    """The tree of the first document; aliases are the same node again, so none is unfolded."""
    try:
        documents: list[Node | None] = list(YAML(typ="safe", pure=True).compose_all(content))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark is not None else ""
        raise SandboxError(
            f"{_name(file)}:{line} is not valid YAML: {getattr(error, 'problem', None) or 'cannot be parsed'}"
        ) from None
    except (RecursionError, ValueError):
        raise SandboxError(f"{_name(file)}: is not valid YAML: nested too deep, or not text") from None
    if len(documents) > 1:
        raise SandboxError(f"{_name(file)}: has more than one YAML document; split it")
    return documents[0] if documents else None


def _named_files(file: str, root: Node | None) -> Iterator[str]:
    """The files that a compose file includes or extends; raises SandboxError for remotes and providers."""
    for include in _items(_value(root, "include")):
        paths = _value(include, "path") if isinstance(include, MappingNode) else include
        for path in _items(paths):
            yield _local(file, "include", path)
    for name, service in _fields(_value(root, "services"), set()):
        if _value(service, "provider") is not None:
            raise SandboxError(
                f"{_name(file)}: service {printable(name)} has a provider, a program that Compose runs; not supported"
            )
        extended = _value(_value(service, "extends"), "file")
        if extended is not None:
            yield _local(file, "extends", extended)


def _local(file: str, what: str, node: Node) -> str:
    named = str(node.value) if isinstance(node, ScalarNode) else ""
    if "://" in named or named.startswith(_ELSEWHERE):
        raise SandboxError(
            f"{_name(file)}: {what} {printable(named)} comes from elsewhere; only files of the project are read"
        )
    return named


def _value(node: Node | None, key: str) -> Node | None:
    return next((value for name, value in _fields(node, set()) if name == key), None)


def _fields(node: Node | None, merged: set[int]) -> Iterator[tuple[str, Node]]:
    """The fields of a mapping, those of `<<` last; `merged`: the nodes that were merged already."""
    if not isinstance(node, MappingNode) or id(node) in merged:
        return
    merged.add(id(node))
    sources: list[Node] = []
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == "<<":
            sources += _items(value)
        elif isinstance(key, ScalarNode):
            yield str(key.value), value
    for source in sources:
        yield from _fields(source, merged)


def _items(node: Node | None) -> list[Node]:
    if isinstance(node, SequenceNode):
        return list(node.value)
    return [] if node is None else [node]


def _name(file: str) -> str:
    return printable(os.path.relpath(file))
