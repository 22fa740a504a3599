"""The arguments of `docker top`: whether dockerd can show only processes of the container.

dockerd runs the host's ps with them, as root and where need be for all processes, and takes those lines whose field
under the title PID is a process of the container (moby daemon/top_unix.go). Another column under that title
(`-otid=PID`), a title left out (`-o etimes=`) or a value of several words before it (`-o lstart,rss,pid`) shows
processes of the host, with `e` their environment (measured on 26.1: `-otid=PID -oargs -m -N -p1 e`).

So an ordinary form counts and nothing else: ps reads a word that it does not understand in another way.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile

from portero.decide.reading.uri import find_first
from portero.decide.values.json_fields import Fact

_NAME = "ps_args"
# Formats and choices without a value, in both of the ways in which ps reads letters; `u` stands last or before x, w.
_FLAGS = re.compile(r"-?[AaceFfHjLlmPrSTwXxdy]*(?:u[xwf]*)?")
_LIST_FOLLOWS = re.compile(r"(-?[AaemHLTxwd]*)o(.*)")
_FORMAT, _SORT = "--format", "--sort"
_WIDTH = re.compile(r"--(?:cols|columns|width)=[0-9]+|--forest")
_COLUMN = r"%?[a-z_]+(?::[0-9]+)?"
_COLUMNS = re.compile(f"{_COLUMN}(?:,{_COLUMN})*")
_PID = "pid"
# Columns of exactly one word, whatever the process.
_NAMES = (
    "user uid euser euid ruser ruid suser suid fuser fuid uname gid egid rgid sgid fgid "
    "ppid pgid pgrp sid sess session tid lwp spid nlwp thcount tgid tpgid tty tt tname "
    "pcpu %cpu pmem %mem c cp rss rssize rsz vsz vsize sz size stat s state "
    "time cputime etime etimes pri ni nice psr rtprio cls class f flag flags"
)
_ONE_WORD = frozenset(_NAMES.split())
_SORT_KEYS = _ONE_WORD | {_PID, "args", "cmd", "comm", "command", "start_time"}


def read_top(query: Mapping[str, tuple[str, ...]]) -> Fact:
    """The arguments as dockerd takes them; none: it takes -ef."""
    given = find_first(query, _NAME)
    return {"value": given, "showsOnlyOwn": _lists_only_container(given), "at": f"?{_NAME}"}


def _lists_only_container(arguments: str) -> bool:
    columns: list[str] = []
    # dockerd splits at single spaces.
    words = iter(arguments.split(" "))
    for word in words:
        if word == "" or _FLAGS.fullmatch(word) or _WIDTH.fullmatch(word):
            continue
        if (keys := _read_value(word, _SORT, words)) is not None:
            if not _SORT_KEYS.issuperset(key.removeprefix("-").removeprefix("+") for key in keys.split(",")):
                return False
            continue
        listed = _read_list(word, words)
        if listed is None or not _COLUMNS.fullmatch(listed):
            return False
        columns += (column.partition(":")[0] for column in listed.split(","))
    # The field under PID must be the process ID; without the column dockerd refuses.
    return _ONE_WORD.issuperset(takewhile(lambda column: column != _PID, columns))


def _read_list(word: str, words: Iterator[str]) -> str | None:
    """The list of columns that this word begins; None: it begins none."""
    if (match := _LIST_FOLLOWS.fullmatch(word)) is not None:
        return match[2] or next(words, "")
    return _read_value(word, _FORMAT, words)


def _read_value(word: str, name: str, words: Iterator[str]) -> str | None:
    """The value of the option in this word or the next; None: it is another word."""
    option, equals, value = word.partition("=")
    if option != name:
        return None
    return value if equals else next(words, "")
