"""What the host's settings tell root to execute: a walk through its files in, RootCommands out. OSError: unreadable.

acting_files.tsv names the files. A path in them counts where a unit begins with it, where an interpreter gets it, and
where a program is there: a regular file that may be executed. So data does not count, nor a unit's WorkingDirectory,
nor what docker's own client gets.
"""

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from portero.files.path import clean
from portero.files.symlinks import HostWalk, is_closed
from portero.files.whole_files import read_regular_file

_FILES = tuple(
    tuple(line.split("\t")[:2])
    for line in Path(__file__).with_name("acting_files.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
_UNIT = re.compile(r"(?P<unit>[^/]+\.(?:service|socket|mount|swap))(?:\.d/[^/]+\.conf)?")
_WORD = r"[^\s\"'`;|&<>(){}$*?,\[\]\\=:%#!]+"
_PATH = re.compile(rf"(?<![\w./%~$}}*-])/{_WORD}")
_INTERPRETER = (
    r"(?:ba|da|z|k|c|tc|fi)?sh|python[\d.]*|perl|ruby[\d.]*|node|nodejs|php[\d.]*|java|lua[\d.]*|tclsh|source"
)
_SCRIPT = re.compile(rf"(?<![\w.-])(?:{_INTERPRETER})(?:\s+-\S+)*\s+[\"']?({_WORD})")
_RELATIVE = re.compile(rf"(?<![\w./])\./({_WORD})")
_FOLDER = re.compile(rf"(?:\bcd|^WorkingDirectory\s*=)\s*[\"']?(/{_WORD})", re.MULTILINE)
_SEARCHED = re.compile(r"(?:\b|_)(?:PATH|secure_path)\s*=\s*[\"']?(/[^\s\"']*)")
# The words after it are no commands of the host.
_CLIENT = re.compile(r"(?<![\w.-])((?:docker(?:-compose)?|podman|nerdctl)(?=\s))[^;&|\n]*")
_USER = re.compile(r"^(?:User\s*=\s*(\S+)|DynamicUser\s*=\s*(?:yes|true|on|1))\s*$", re.MULTILINE)
_EXECUTES = re.compile(r"^Exec\w+\s*=[ \t]*([-@:+!|]*)[ \t\"']*(.*)$", re.MULTILINE)
# They can set LD_PRELOAD and PATH.
_ENVIRONMENT = re.compile(r"^EnvironmentFile\s*=\s*-?(/[^\s%]+)$", re.MULTILINE)
_CRON = re.compile(r"^\s*(?:@\S+|(?:\S+\s+){4}\S+)\s+(?P<user>\S+)\s+(?P<command>.*)$")
_COMMENT = re.compile(r"^[ \t]*[#;].*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RootCommands:
    """Paths as the settings name them. `certain`: executed, there or not; `scripts`: where a file is there, and
    `possible`: where a program is. `folders`: root looks for programs or libraries in them."""

    certain: set[str] = field(default_factory=set)
    scripts: set[str] = field(default_factory=set)
    possible: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def add_commands(self, text: str, around: str = "") -> None:
        """Lines of a shell or of one; `around`: what tells the folder that they are in, beside themselves."""
        text = _CLIENT.sub(r"\1", text)
        self.possible.update(_PATH.findall(text))
        given = _SCRIPT.findall(text)
        self.certain.update(word for word in given if word.startswith("/"))
        for folder in _FOLDER.findall(f"{around}\n{text}"):
            self.scripts.update(clean(f"{folder}/{word}") for word in (*given, *_RELATIVE.findall(text)))
        for searched in _SEARCHED.findall(text):
            self.folders.update(folder for folder in searched.split(":") if folder.startswith("/"))

    def add_unit(self, text: str) -> None:
        """A unit with its drop-ins (systemd.service(5), systemd.exec(5))."""
        users = _USER.findall(text)
        as_root = not users or users[-1] in ("root", "0")
        lines = [line for prefix, line in _EXECUTES.findall(text) if as_root or set(prefix) & {"+", "!"}]
        for line in lines:
            self.add_commands(line, text)
            if first := _PATH.match(line):
                self.certain.add(first[0])
        if as_root and any(_CLIENT.search(line) is None for line in lines):
            self.certain.update(_ENVIRONMENT.findall(text))

    def add_crontab(self, text: str) -> None:
        """Lines with a user (crontab(5))."""
        for line in text.splitlines():
            timed = _CRON.match(line)
            if timed is None or timed["user"] == "root":
                self.add_commands(timed["command"] if timed else line)

    def add_folders(self, text: str) -> None:
        self.folders.update(line.strip() for line in text.splitlines() if line.startswith("/"))


def read_root_commands(walk: HostWalk) -> RootCommands:
    """What all of these files tell. OSError: one is there and could not be read."""
    commands, units = RootCommands(), dict[str, list[str]]()
    for kind, pattern in _FILES:
        if kind == "unit":
            for name, path in _list_units(walk, pattern):
                units.setdefault(name, []).append(_read(walk, path))
            continue
        if kind == "folder":
            commands.folders.update({pattern} if walk.find_entry(pattern)[1] != "missing" else ())
            continue
        add = {"crontab": commands.add_crontab, "folders": commands.add_folders}.get(kind, commands.add_commands)
        for path in _list_paths(walk, pattern):
            add(_read(walk, path))
    for texts in units.values():
        commands.add_unit("\n".join(texts))
    return commands


def _list_units(walk: HostWalk, folder: str) -> Iterator[tuple[str, str]]:
    """Each unit's name, and the path of it or of a drop-in."""
    for name in _list_names(walk, folder):
        inner = [f"{name}/{part}" for part in _list_names(walk, f"{folder}/{name}")] if name.endswith(".d") else [name]
        for part in inner:
            if unit := _UNIT.fullmatch(part):
                yield unit["unit"], f"{folder}/{part}"


def _list_paths(walk: HostWalk, pattern: str) -> list[str]:
    paths = [""]
    for part in pattern.strip("/").split("/"):
        if "*" in part:
            paths = [f"{path}/{name}" for path in paths for name in _list_names(walk, path) if fnmatchcase(name, part)]
        else:
            paths = [f"{path}/{part}" for path in paths]
    return paths


def _list_names(walk: HostWalk, folder: str) -> list[str]:
    resolved, kind = walk.find_entry(folder)
    if kind != "directory" or resolved is None:
        return []
    try:
        return sorted(os.listdir(walk.local_path(resolved)))
    except OSError as error:
        _raise_unless_of_another(error)
        return []


def _read(walk: HostWalk, path: str) -> str:
    """The text without comments, continued lines in one; "" where there is no file, as behind a unit's link to null."""
    resolved, kind = walk.find_entry(path)
    if kind != "file" or resolved is None:
        return ""
    try:
        data = read_regular_file(walk.local_path(resolved))
    except OSError as error:
        # A program of that size is no text.
        if error.errno != errno.EFBIG:
            _raise_unless_of_another(error)
        return ""
    return _COMMENT.sub("", data.decode("utf-8", "replace").replace("\\\n", " "))


def _raise_unless_of_another(error: OSError) -> None:
    """What is gone is not there; what root has for itself is another user's to a process of a user."""
    if error.errno not in (errno.ENOENT, errno.ENOTDIR) and not (os.geteuid() and is_closed(error)):
        raise error
