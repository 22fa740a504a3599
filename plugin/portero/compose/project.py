"""Which files of this machine a Compose command is about: the project folder, and files that the command names.

Which files are compose files, and how they are to be read. What runs Compose is in compose_file.py.

Apart from it because that takes time to load, and most checks are of other files.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portero.compose.run import SandboxError
from portero.files.path import is_within

# compose-go cli.DefaultFileNames and DefaultOverrideFileNames, looked for in the folder and in those above it.
_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_FILE_OPTIONS = ("-f", "--file")
_NAMING = (*_FILE_OPTIONS, "--env-file", "--project-directory")


@dataclass(frozen=True, slots=True)
class Project:
    """`files`: the compose files. `shown`: folders and files that Compose may read, as named and as real paths."""

    files: tuple[str, ...]
    shown: tuple[str, ...]


def of_files(files: Sequence[str], root: str | None, others: Sequence[str] = ()) -> Project:
    """Compose files, the folder of the first or the wider `root`, and `others` to read; raises SandboxError.

    A file below the root is not shown by itself: it may be a link to any file of this machine.
    """
    paths = [os.path.abspath(file) for file in files]
    above = os.path.abspath(root or os.path.dirname(paths[0]))
    return Project(tuple(paths), _shown([above, *(path for path in paths if not is_within(path, above)), *others]))


def of_command(options: Sequence[str], folder: str, root: str | None) -> Project:
    """What Compose's global options name, from `folder`; raises SandboxError."""
    named = list(_named(options))
    files = [os.path.join(folder, path) for name, path in named if name in _FILE_OPTIONS and path != "-"]
    around = os.path.dirname(files[0]) if files else _folder_of_project(folder)
    if not files:
        files = [path for name in (*_FILES, *_OVERRIDES) if os.path.lexists(path := os.path.join(around, name))]
    others = [os.path.join(folder, path) for _, path in named if path != "-"]
    return Project(tuple(files), _shown([root or around, *others]))


def _named(options: Sequence[str]) -> list[tuple[str, str]]:
    """Each option that names a file or folder, with its value; `-fNAME` and `--file=NAME` too."""
    found = []
    for word, following in zip(options, [*options, ""][1:], strict=True):
        name, sign, value = word.partition("=")
        if word in _NAMING:
            found.append((word, following))
        elif name in _NAMING and sign:
            found.append((name, value))
        elif word.startswith("-f") and len(word) > len("-f"):
            found.append(("-f", word[2:].removeprefix("=")))
    return found


def _folder_of_project(folder: str) -> str:
    above = folder
    while not any(os.path.lexists(os.path.join(above, name)) for name in _FILES):
        if above == "/":
            return folder
        above = os.path.dirname(above)
    return above


def _shown(paths: Sequence[str]) -> tuple[str, ...]:
    shown = dict.fromkeys(path for named in paths for path in (os.path.abspath(named), os.path.realpath(named)))
    if "/" in shown:
        raise SandboxError("the project folder is the whole host; put the project into a folder of its own")
    for path in shown:
        if not os.path.exists(path):
            raise SandboxError(f"{path}: does not exist")
    return tuple(shown)


_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Reading:
    """How compose files are read. `root`: the folder that Compose may read, by default the file's own.

    `variables`: what of the environment Compose sees in its sandbox. `env_files`, `profiles`: as Compose takes them.
    `knows_daemon`: whether the daemon's configuration is at hand, on which BuildKit depends.
    """

    root: str | None
    variables: Mapping[str, str]
    sandboxed: bool
    env_files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ("*",)
    knows_daemon: bool = True


def is_compose(file: str) -> bool:
    """Whether a file is a compose file, by its name."""
    return file.endswith(_ENDINGS)


def is_yaml(data: bytes) -> bool:
    """Whether standard input is a compose file: it is no JSON, and its first line is none either."""
    first = next((line for line in data.splitlines() if line.strip()), b"")
    return bool(first) and not first.lstrip().startswith((b"{", b"["))
