"""How dockerd is configured: daemon.json and its command line, which may not set the same directive twice.

dockerd refuses to start when a directive is both a flag and in the file (moby daemon/config);
so a directive in the file is known even while the command line is not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from portero.host.asking_daemon import AskingDaemon
from portero.host.dockerd_flags import FLAG_OF_KEY, parse_flags
from portero.hostcheck.fact import fact, unknown
from portero.hostcheck.files import Files
from portero.hostcheck.process import DockerdProcess
from portero.types import JSON, Fact

# strconv.ParseBool of Go.
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass(frozen=True, slots=True)
class Configuration:
    """`flags`: None when the command line is not known; `content`: None when the file is there but cannot be read.

    `daemon`: where the things of the running dockerd are; None: none runs, or it may not be looked into.
    """

    file: str
    content: Mapping[str, JSON] | None
    flags: Mapping[str, tuple[str, ...]] | None
    environment: Mapping[str, str] | None
    daemon: AskingDaemon | None

    def switch(self, key: str, *, default: bool) -> Fact:
        """A directive that is true or false."""
        at = self._at(key)
        words = self._words(key)
        if words:
            word = words[-1]
            return fact(word in _TRUE, at) if word in _TRUE | _FALSE else unknown(at)
        return self._from_file(key, bool, default)

    def text(self, key: str, default: str) -> Fact:
        """A directive that is one text."""
        words = self._words(key)
        return fact(words[-1], self._at(key)) if words else self._from_file(key, str, default)

    def texts(self, key: str) -> Fact:
        """A directive that is a list of texts, empty by default."""
        words = self._words(key)
        return fact([*words], self._at(key)) if words else self._from_file(key, list, [])

    def mapping(self, key: str) -> Fact:
        """A directive of the file that is an object; a list of the flag's values where the command line has it."""
        words = self._words(key)
        return fact([*words], self._at(key)) if words else self._from_file(key, dict, {})

    def _words(self, key: str) -> tuple[str, ...]:
        return () if self.flags is None else self.flags.get(_flag(key), ())

    def _at(self, key: str) -> str:
        return f"dockerd --{_flag(key)}" if self._words(key) else f"{self.file} {key}"

    def _from_file(self, key: str, kind: type, default: JSON) -> Fact:
        if self.content is None:
            return unknown(self.file)
        if key in self.content:
            value = self.content[key]
            return fact(value, self._at(key)) if isinstance(value, kind) else unknown(self._at(key))
        return unknown(f"dockerd --{_flag(key)}") if self.flags is None else fact(default, self._at(key))


def read_configuration(files: Files, process: DockerdProcess | None, default_file: str) -> Configuration:
    """The configuration of the running dockerd, or of the next one."""
    arguments = None if process is None else process.arguments
    flags = None if arguments is None else parse_flags(arguments)
    found = default_file if process is None else process.config_file(default_file)
    file = (flags or {}).get("config-file", (found,))[-1]
    content = _content(files, file)
    if process is None:
        return Configuration(file, content, flags, None, None)
    return Configuration(file, content, flags, process.environment, process.locate(content or {}))


def _flag(key: str) -> str:
    return FLAG_OF_KEY.get(key, key)


def _content(files: Files, file: str) -> Mapping[str, JSON] | None:
    try:
        content: JSON = json.loads(files.text_or(file, "{}") or "{}")
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
