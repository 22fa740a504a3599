"""Refuses compose files that name remote files or programs to run, before Compose reads them.

The named files are read, and those that they include or extend. Compose also expands variables, which can give other
names: against these the sandbox protects (no network, no other program).
"""

import errno
import os
from collections.abc import Iterator, Sequence

from ruamel.yaml.nodes import MappingNode, Node

from portero.decide.values.spelling import make_printable
from portero.observe.files.whole_files import read_regular_file
from portero.tools.compose.project_files import MAX_BYTES
from portero.tools.compose.yaml_nodes import InvalidYaml, find_value, list_fields, list_items, parse, read_scalar
from portero.tools.recording.request_files import InvalidRequestFile

_MAX_FILES = 1000
# compose-go loader and docker/compose pkg/remote (git.go, oci.go) take these for the addresses of projects.
_REMOTES = ("git@", "github.com/")


def check_files(files: Sequence[str], shown: Sequence[str]) -> None:
    """Raises InvalidRequestFile when a file, or one that it includes or extends, cannot be judged safely.

    `shown`: the real paths that may be read.
    """
    waiting, seen = [os.path.abspath(file) for file in files], set[str]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if len(seen) > _MAX_FILES:
            raise InvalidRequestFile(f"{_name_file(file)}: more than {_MAX_FILES} files are included")
        try:
            root = parse(_read_file(file, shown))
        except InvalidYaml as invalid:
            raise InvalidRequestFile(f"{_name_file(file)}: {invalid}") from None
        for named in _list_named(file, root):
            path = os.path.normpath(os.path.join(os.path.dirname(file), named))
            if "$" not in named and os.path.exists(path):
                waiting.append(path)


def _read_file(file: str, shown: Sequence[str]) -> bytes:
    real = os.path.realpath(file)
    if not any(real == root or real.startswith(root.rstrip("/") + "/") for root in shown):
        raise InvalidRequestFile(f"{_name_file(file)}: lies outside the project folder; --project-root DIR widens it")
    try:
        return read_regular_file(real, MAX_BYTES, follows=False)
    except OSError as error:
        why = "is larger than 1 MiB" if error.errno == errno.EFBIG else error.strerror
        raise InvalidRequestFile(f"{_name_file(file)}: {why}") from None


def _list_named(file: str, root: Node | None) -> Iterator[str]:
    """The files that a compose file includes or extends; raises InvalidRequestFile for remotes and providers."""
    for include in list_items(find_value(root, "include")):
        paths = find_value(include, "path") if isinstance(include, MappingNode) else include
        for path in list_items(paths):
            yield _name_local(file, "include", path)
    for key, service in list_fields(find_value(root, "services")):
        if find_value(service, "provider") is not None:
            name = make_printable(read_scalar(key))
            raise InvalidRequestFile(
                f"{_name_file(file)}: service {name} has a provider, a program that Compose runs; not supported"
            )
        extended = find_value(find_value(service, "extends"), "file")
        if extended is not None:
            yield _name_local(file, "extends", extended)


def _name_local(file: str, what: str, node: Node) -> str:
    named = read_scalar(node)
    if "://" in named or named.startswith(_REMOTES):
        raise InvalidRequestFile(
            f"{_name_file(file)}: {what} {make_printable(named)} comes from elsewhere; only project files are read"
        )
    return named


def _name_file(file: str) -> str:
    return make_printable(os.path.relpath(file))
