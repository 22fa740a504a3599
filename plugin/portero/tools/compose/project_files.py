"""Which compose files make a project, as Compose finds them: by their names, and by COMPOSE_FILE.

compose-go, cli/options.go: where no file is named, COMPOSE_FILE of the environment, else of the `.env` file of the
current folder, else the default files of that folder or of the first one above that has any.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from portero.decide.values.errors import raise_error
from portero.decide.values.path import is_within
from portero.observe.files.whole_files import is_there, read_regular_file
from portero.tools.recording.request_files import InvalidRequestFile

# compose-go cli.DefaultFileNames and DefaultOverrideFileNames.
_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_NAMES = frozenset((*_FILES, *OVERRIDES))
# Folders of tools, with what others wrote.
_OF_OTHERS = frozenset({".git", "node_modules"})
_ENV_FILE = ".env"
_CHOICE, _SEPARATOR = "COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR"
_SET = re.compile(rf"\s*(?:export\s+)?({_CHOICE}|{_SEPARATOR})\s*[=:](.*)")
# What is read of a file of a project.
MAX_BYTES = 1 << 20


def find_files(folder: str, environ: Mapping[str, str], env_files: Sequence[str] = ()) -> tuple[str, ...]:
    """Those that Compose takes there; empty for none. Raises InvalidRequestFile where that is not known."""
    named = dict[str, str]()
    for file in env_files or [os.path.join(folder, _ENV_FILE)]:
        named |= _read_choice(os.path.abspath(file))
    named |= {name: environ[name] for name in (_CHOICE, _SEPARATOR) if name in environ}
    if named.get(_CHOICE):
        separator = named.get(_SEPARATOR) or os.pathsep
        files = tuple(map(os.path.abspath, named[_CHOICE].split(separator)))
        outside = [file for file in files if not is_within(file, folder)]
        # Who wrote the file can be another than who runs this.
        if outside and _CHOICE not in environ:
            raise InvalidRequestFile(f"{outside[0]}: lies outside the project folder; name the compose files (-f FILE)")
        return files
    above = folder
    while not (files := _list_default(above)) and above != "/":
        above = os.path.dirname(above)
    return files


def complete_projects(files: Sequence[str]) -> list[tuple[str, ...]]:
    """The projects of these files, each once: a file with a default name, and the override beside it."""
    projects = (_complete(file) for file in files)
    return [*{tuple(map(os.path.abspath, each)): each for each in projects}.values()]


def find_main(file: str) -> str:
    """The file with a default name beside this one; empty for none."""
    return next(iter(_list_default(os.path.dirname(file))), "")


def find_projects(folder: str, onerror: Callable[[OSError], None] = raise_error) -> Iterator[tuple[str, ...]]:
    """The compose files of each project in a folder and below it, as Compose finds them there by itself.

    Links are not followed: another user can have put one there. `onerror` gets what the system says of a folder that
    cannot be read.
    """
    for path, folders, names in os.walk(folder, onerror=onerror):
        folders[:] = sorted({*folders} - _OF_OTHERS)
        files = {name for name in names if name in _NAMES and not os.path.islink(os.path.join(path, name))}
        if found := _choose(os.path.join(path, "").removeprefix("./"), files.__contains__):
            yield found


def _complete(file: str) -> tuple[str, ...]:
    folder, name = os.path.split(file)
    if name in OVERRIDES:
        return _list_default(folder) or (file,)
    return (file, *_list_default(folder)[1:]) if name in _FILES else (file,)


def _list_default(folder: str) -> tuple[str, ...]:
    return _choose(folder, lambda name: _is_there(os.path.join(folder, name)))


def _choose(folder: str, has: Callable[[str], bool]) -> tuple[str, ...]:
    """Of several names Compose takes the first, and warns."""
    main = next(filter(has, _FILES), None)
    names = [main, next(filter(has, OVERRIDES), None)] if main else []
    return tuple(os.path.join(folder, name) for name in names if name)


def _is_there(path: str) -> bool:
    try:
        return is_there(path)
    except OSError as error:
        raise InvalidRequestFile(f"{os.path.dirname(path)}: cannot be read ({error.strerror}); name a FILE") from None


def _read_choice(file: str) -> dict[str, str]:
    try:
        content = read_regular_file(file, MAX_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidRequestFile(f"{file}: {error.strerror}; name the compose files (-f FILE)") from None
    found = {match[1]: match[2].strip() for match in map(_SET.fullmatch, content.splitlines()) if match}
    return {name: _read_value(file, name, text) for name, text in found.items()}


def _read_value(file: str, name: str, text: str) -> str:
    quote = text[:1] if text[:1] in ("'", '"') else ""
    value, _, rest = text.removeprefix(quote).partition(quote or " #")
    if (quote and rest.partition("#")[0].strip()) or (quote != "'" and {*value} & {*"\\$\"'"}):
        raise InvalidRequestFile(f"{file}: {name} is not a plain text; name the compose files (-f FILE)")
    return value if quote else value.strip()
