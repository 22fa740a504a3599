"""What the host's settings tell root to execute: a walk through its files in, RootCommands out. OSError: unreadable.

acting_files.tsv names the files. A path in them counts where a unit begins with it, where an interpreter gets it, and
where a program is there: a regular file that may be executed. So data does not count, nor a unit's WorkingDirectory,
nor what docker's own client gets.
"""

import re
from collections.abc import Iterator

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.path import clean
from portero.decide.values.tables import read_rows
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.file_patterns import list_names, list_paths, read_text

_FILES = [(kind, pattern) for kind, pattern, *_ in read_rows(__file__, "acting_files.tsv")]
_UNIT = re.compile(r"(?P<unit>[^/]+\.(?:service|socket|mount|swap))(?:\.d/[^/]+\.conf)?")
_WORD = r"[^\s\"'`;|&<>(){}$*?,\[\]\\=:%#!]+"
_PATH = re.compile(rf"(?<![\w./%~$}}*-])/{_WORD}")
_INTERPRETER = (
    r"(?:ba|da|z|k|c|tc|fi)?sh|python[\d.]*|perl|ruby[\d.]*|node|nodejs|php[\d.]*|java|lua[\d.]*|tclsh|source"
)
_SCRIPT = re.compile(rf"(?<![\w.-])(?:{_INTERPRETER})(?:\s+-\S+)*\s+[\"']?({_WORD})")
_SOURCED = re.compile(rf"(?:^|[;&|(]|\bthen\b|\bdo\b)[ \t]*\.[ \t]+[\"']?(/{_WORD})", re.MULTILINE)
_RELATIVE = re.compile(rf"(?<![\w./])\./({_WORD})")
_FOLDER = re.compile(rf"(?:\bcd|^WorkingDirectory\s*=)\s*[\"']?(/{_WORD})", re.MULTILINE)
# By name: what else ends in PATH is data (BACKUP_PATH).
_SEARCHED = re.compile(
    r"\b(?:PATH|LD_LIBRARY_PATH|LD_PRELOAD|LD_AUDIT|PYTHONPATH|PERL5LIB|RUBYLIB|NODE_PATH|CLASSPATH|secure_path|ExecSearchPath)"
    r"\s*=\s*[\"']?([^\s\"']*)"
)
# The words after it are no commands of the host.
_CLIENT = re.compile(r"(?<![\w.-])((?:docker(?:-compose)?|podman|nerdctl)(?=\s))[^;&|\n]*")
# Another user executes what follows.
_AS_OTHER = re.compile(r"(?<![\w.-])(?:sudo|runuser)(?:\s+-\S+)*?\s+-u\s*(?!(?:root|0)\s)[^\s-]\S*[^;&|\n]*")
# An empty user is root again.
_USER = re.compile(r"^(?:User[ \t]*=[ \t]*(\S*)|(DynamicUser)[ \t]*=[ \t]*(?:yes|true|on|1))[ \t]*$", re.MULTILINE)
_ROOT = frozenset({("", ""), ("root", ""), ("0", "")})
_EXECUTES = re.compile(r"^Exec\w+\s*=[ \t]*(.*)$", re.MULTILINE)
_PREFIXES = "-@:+!|"
# Words in quotes can have spaces in them (systemd.syntax(7)); so can those that are written \x20 or \s.
_FIRST_WORD = re.compile(r"""(["'])(?P<quoted>.*?)\1|(?P<bare>\S*)""")
_QUOTED = re.compile(r"""(?<!\S)(?P<quote>["'])(/[^"'\n]*[ \t][^"'\n]*)(?P=quote)""")
_QUOTED_SCRIPT = re.compile(rf"""(?<![\w.-])(?:{_INTERPRETER})(?:\s+-\S+)*\s+(["'])(/[^"'\n]*[ \t][^"'\n]*)\1""")
_SPACE = re.compile(r"\\x20|\\s")
# They can set LD_PRELOAD and PATH.
_ENVIRONMENT = re.compile(r"^EnvironmentFile\s*=\s*-?(/[^%\n]*[^\s%])[ \t]*$", re.MULTILINE)
# What root executes in them lies under other names there.
_ROOTS = re.compile(
    r"^(?:Root(?:Directory|Image)|Extension(?:Directories|Images))\s*=\s*[-+:]*(/[^\s%:]+)", re.MULTILINE
)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_SET = re.compile(r"^(?:Environment|ExecSearchPath)\s*=.*$", re.MULTILINE)
_CRON = re.compile(r"^\s*(?:@\S+|(?:\S+\s+){4}\S+)\s+(?P<user>\S+)\s+(?P<command>.*)$")
# With its end: it may stand between continued lines, and is not one itself.
_COMMENT = re.compile(r"^[ \t]*[#;].*\n?", re.MULTILINE)


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
        text = _AS_OTHER.sub("", _CLIENT.sub(r"\1", text))
        self.possible.update(_PATH.findall(text))
        given = _SCRIPT.findall(text)
        self.certain.update(_SOURCED.findall(text), (word for word in given if word.startswith("/")))
        for folder in _FOLDER.findall(f"{around}\n{text}"):
            self.scripts.update(clean(f"{folder}/{word}") for word in (*given, *_RELATIVE.findall(text)))
        self._add_searched(text)

    def add_unit(self, file: str, drop_ins: str = "") -> None:
        """A unit file with the drop-ins (systemd.service(5), systemd.exec(5)), of which any one may count last."""
        file, drop_ins = _INDENT.sub("", file), _INDENT.sub("", drop_ins)
        users, text = _USER.findall(drop_ins) or _USER.findall(file)[-1:], f"{file}\n{drop_ins}"
        as_root = not users or not _ROOT.isdisjoint(users)
        commands = [(line, *_read_program(line)) for line in _EXECUTES.findall(text)]
        lines = []
        for line, prefixes, program in commands:
            if not (as_root or set(prefixes) & {"+", "!"}):
                continue
            lines.append(line)
            self.add_commands(line, text)
            self.possible.update(path for _, path in _QUOTED.findall(line))
            self.scripts.update(path for _, path in _QUOTED_SCRIPT.findall(line))
            if " " in program:
                self.certain.add(program)
            elif first := _PATH.match(program):
                self.certain.add(first[0])
        if as_root and any(_CLIENT.search(line) is None for line in lines):
            self.certain.update(_ENVIRONMENT.findall(text))
        self.folders.update(_ROOTS.findall(text) if lines else ())
        for line in _SET.findall(text) if lines else ():
            self._add_searched(line)

    def add_crontab(self, text: str) -> None:
        """Lines with a user (crontab(5))."""
        for line in text.splitlines():
            timed = _CRON.match(line)
            if timed is None or timed["user"] == "root":
                self.add_commands(timed["command"] if timed else line)

    def _add_searched(self, text: str) -> None:
        for searched in _SEARCHED.findall(text):
            self.folders.update(folder for folder in searched.split(":") if folder.startswith("/"))

    def add_folders(self, text: str) -> None:
        self.folders.update(line.strip() for line in text.splitlines() if line.startswith("/"))


def _read_program(line: str) -> tuple[str, str]:
    """The prefixes of a line of Exec..= and its program; they may stand in its quotes."""
    bare = line.lstrip(f"{_PREFIXES} \t")
    first = _FIRST_WORD.match(bare)
    word = _SPACE.sub(" ", (first["quoted"] or first["bare"] or "") if first else "")
    program = word.lstrip(_PREFIXES)
    return line[: len(line) - len(bare)] + word[: len(word) - len(program)], program


def read_root_commands(walk: HostWalk) -> RootCommands:
    """What all of these files tell. OSError: one is there and could not be read."""
    commands, units = RootCommands(), dict[str, tuple[list[str], list[str]]]()
    for kind, pattern in _FILES:
        if kind == "unit":
            for name, path in _list_units(walk, pattern):
                files, drop_ins = units.setdefault(name, ([], []))
                (drop_ins if path.endswith(".conf") else files).append(_read_commands(walk, path, commands))
            continue
        if kind == "folder":
            commands.folders.update({pattern} if walk.find_entry(pattern)[1] != "missing" else ())
            continue
        add = {"crontab": commands.add_crontab, "folders": commands.add_folders}.get(kind, commands.add_commands)
        for path in list_paths(walk, pattern):
            add(_read_commands(walk, path, commands))
    for files, drop_ins in units.values():
        # The first file counts, but a later one may soon.
        for file in files or [""]:
            commands.add_unit(file, "\n".join(drop_ins))
    return commands


def _list_units(walk: HostWalk, folder: str) -> Iterator[tuple[str, str]]:
    """Each unit's name, and the path of it or of a drop-in."""
    for name in list_names(walk, folder):
        inner = [f"{name}/{part}" for part in list_names(walk, f"{folder}/{name}")] if name.endswith(".d") else [name]
        for part in inner:
            if unit := _UNIT.fullmatch(part):
                yield unit["unit"], f"{folder}/{part}"


def _read_commands(walk: HostWalk, path: str, commands: RootCommands) -> str:
    """The text without comments, continued lines in one; "" where there is no file, as behind a unit's link to null.

    Where a link leads to it, as systemctl link makes one, who writes there writes what root executes.
    """
    resolved, kind = walk.find_entry(path)
    if kind == "file" and resolved != path:
        commands.certain.add(path)
    return _COMMENT.sub("", read_text(walk, path)).replace("\\\n", " ")
