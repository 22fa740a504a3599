"""Reads policy folders, and loads a policy from them: whole, or not at all with every fault in one list."""

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from portero.decide.engine import Engine
from portero.decide.engine.rust import RUST
from portero.decide.policy.folder import (
    BRANCHES,
    DOCUMENTS,
    EXCEPTIONS,
    KEYS,
    LISTS,
    READ_ME,
    Folder,
    is_policy_file,
    make_empty,
    make_folder,
)
from portero.decide.policy.loader import make_policy
from portero.decide.policy.policy import Policy
from portero.decide.reading.routes import Operation
from portero.decide.values.errors import LoadError
from portero.observe.files.whole_files import is_there, read_regular_file


def read_folder(path: Path, faults: list[str]) -> Folder:
    """The folder's content; what is wrong with it is added to `faults`, one line each."""
    try:
        names = _list_names(path)
        data = {name: read_regular_file(path / name) for name in names if is_policy_file(name)}
        if not names:
            os.stat(path)
    except OSError as error:
        faults.append(describe_failure(path, error))
        return make_empty(path)
    return make_folder(path, names, data, faults)


# How a folder is read: its path and the list of faults to add to. portero.serve.signing has a reader that trusts less.
Reader: TypeAlias = Callable[[Path, list[str]], Folder]


def load_policy(
    folders: Sequence[Path], operations: Sequence[Operation], reader: Reader = read_folder, engine: Engine = RUST
) -> Policy:
    """The policy in these folders; raises LoadError: each fault with its file and its cure.

    Only tests name another engine.
    """
    if not folders:
        raise LoadError(["no policy folder is given: name at least the built-in one"])
    faults: list[str] = []
    return make_policy([reader(folder, faults) for folder in folders], operations, faults, engine)


def describe_failure(path: Path, error: OSError) -> str:
    """The line about a policy folder that could not be read; a missing folder has another cure."""
    if isinstance(error, FileNotFoundError) and not path.is_dir():
        return f"{path}: is not there: name a folder with rules/ or site.json"
    return f"{error.filename or path}: cannot be read ({error.strerror}): {find_cure(error)}"


def find_cure(error: OSError) -> str:
    """What to do about a file or folder that cannot be read."""
    if isinstance(error, PermissionError):
        return "fix its permissions"
    return "make it smaller" if error.errno == errno.EFBIG else "replace or remove it"


def _list_names(path: Path) -> list[str]:
    """The documents that are there, and what lies among rules and exceptions; links to topic folders are followed."""
    documents = [name for name in DOCUMENTS if is_there(path / name)]
    topics = [topic for branch in BRANCHES for topic in _list_entries(path, branch)]
    rules = [file for topic in topics for file in (_list_entries(path, topic) if (path / topic).is_dir() else [topic])]
    return documents + rules + [file for branch in (EXCEPTIONS, KEYS, LISTS) for file in _list_entries(path, branch)]


def _list_entries(path: Path, inner: str) -> list[str]:
    folder = path / inner
    names = sorted(os.listdir(folder)) if is_there(folder) else []
    return [f"{inner}/{name}" for name in names if name != READ_ME]
