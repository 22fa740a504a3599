"""The configuration of dockerd: daemon.json and its command line, which may not set the same directive twice.

Most directives of the file are read at the start alone, so a file that was changed later does not show what is in
force. dockerd refuses to start when a directive is both a flag and in the file (moby daemon/config);
so a directive in the file is known even while the command line is not.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from portero.decide.values.dataclass import dataclass
from portero.decide.values.go_values import parse_go_bool
from portero.decide.values.json_fields import JSON, Fact
from portero.observe.dockerd import visible_dockerd
from portero.observe.dockerd.asking_daemon import DAEMON_CONFIG, AskingDaemon
from portero.observe.dockerd.daemon_config import read_settings
from portero.observe.dockerd.flags import FLAG_OF_KEY, parse_flags
from portero.observe.dockerd.proc import is_older
from portero.observe.dockerd.visible_dockerd import VisibleDockerd
from portero.observe.files.chroot import Files
from portero.tools.hostcheck.fact import make_fact, make_unknown

# What dockerd takes from the file while it runs, on SIGHUP (moby daemon/reload.go and daemon/reload_unix.go).
_RELOADED = frozenset(
    (
        *("authorization-plugins", "debug", "default-ipc-mode", "default-runtime", "default-shm-size", "features"),
        *("insecure-registries", "labels", "live-restore", "max-concurrent-downloads", "max-concurrent-uploads"),
        *("max-download-attempts", "registry-mirrors", "runtimes", "shutdown-timeout"),
    )
)
_WRITTEN_KEY = re.compile(r'"([a-z-]+)":')
_PID_FILE = "/run/docker.pid"


@dataclass(frozen=True, slots=True)
class Configuration:
    """`flags`: None when the command line is not known; `content`: None when the file is there but cannot be read.

    `daemon`: the paths of the running dockerd; None: none runs, or this process may not read its /proc.
    `changed`: whether the file, or a link to it, was changed after dockerd started; true also where that is unknown.
    """

    file: str
    content: Mapping[str, JSON] | None
    flags: Mapping[str, tuple[str, ...]] | None
    environment: Mapping[str, str] | None
    daemon: AskingDaemon | None
    changed: bool = False

    def read_switch(self, key: str, *, default: bool) -> Fact:
        at = self._locate(key)
        words = self._list_values(key)
        if words:
            is_on = parse_go_bool(words[-1])
            return make_unknown(at) if is_on is None else make_fact(is_on, at)
        return self._read_from_file(key, bool, default)

    def read_text(self, key: str, default: str) -> Fact:
        words = self._list_values(key)
        return make_fact(words[-1], self._locate(key)) if words else self._read_from_file(key, str, default)

    def read_texts(self, key: str) -> Fact:
        """A directive that is a list, empty by default; texts where the command line has it."""
        words = self._list_values(key)
        return make_fact([*words], self._locate(key)) if words else self._read_from_file(key, list, [])

    def read_mapping(self, key: str) -> Fact:
        """A directive of the file that is an object; a list of the flag's values where the command line has it."""
        words = self._list_values(key)
        return make_fact([*words], self._locate(key)) if words else self._read_from_file(key, dict, {})

    def note_flags(self, remedy: str) -> str:
        """The remedy, and which of the keys that it writes into the file the command line has."""
        named = dict.fromkeys(_find_flag(key) for key in _WRITTEN_KEY.findall(remedy))
        given = [f"--{flag}" for flag in named if flag in (self.flags or {})]
        if not given:
            return remedy
        return f"{remedy}; take {', '.join(given)} off dockerd's command line first: it does not start with both"

    def _list_values(self, key: str) -> tuple[str, ...]:
        return () if self.flags is None else self.flags.get(_find_flag(key), ())

    def _locate(self, key: str) -> str:
        return f"dockerd --{_find_flag(key)}" if self._list_values(key) else f"{self.file} {key}"

    def _read_from_file(self, key: str, kind: type, default: JSON) -> Fact:
        if self.content is None:
            return make_unknown(self.file)
        if self.changed and key not in _RELOADED:
            return make_unknown(f"{self._locate(key)} (the file was changed after dockerd started)")
        if key in self.content:
            value = self.content[key]
            return make_fact(value, self._locate(key)) if isinstance(value, kind) else make_unknown(self._locate(key))
        return (
            make_unknown(f"dockerd --{_find_flag(key)}")
            if self.flags is None
            else make_fact(default, self._locate(key))
        )


def find_dockerd(files: Files) -> VisibleDockerd | None:
    """The running dockerd, a rootless one of this user first; None: none runs. OSError: /proc cannot be read."""
    if not files.exists("/proc"):
        raise FileNotFoundError("/proc is not mounted")
    return visible_dockerd.find_dockerd(Path(files.outside("/proc")), files.outside(_PID_FILE), os.geteuid())


def list_first_steps(files: Files) -> list[str]:
    """How an administrator makes the running dockerd ask Portero: by its process and file, since others may run too."""
    try:
        running = find_dockerd(files)
    except OSError:
        running = None
    file = read_configuration(files, running, DAEMON_CONFIG).file
    number = f"$(cat {_PID_FILE})" if running is None else running.pid
    named = "dockerd, once it runs" if running is None else f"dockerd {number}"
    return [
        f"tell {named}, as root:",
        f'  1. add  "authorization-plugins": ["portero"]  to {file}',
        f"  2. systemctl reload docker     (without systemd: kill -HUP {number})",
        "  3. portero status --expect-guarded, in another shell",
    ]


def read_configuration(files: Files, process: VisibleDockerd | None, default_file: str) -> Configuration:
    """The configuration of the running dockerd, or of the next one."""
    arguments = None if process is None else process.arguments
    flags = None if arguments is None else parse_flags(arguments)
    configured = default_file if process is None else process.find_config_file(default_file)
    file = (flags or {}).get("config-file", (configured,))[-1]
    content = _read_file(files, file)
    if process is None:
        return Configuration(file, content, flags, None, None)
    changed = _is_changed(files, file, process.started)
    return Configuration(file, content, flags, process.environment, process.locate(content or {}), changed)


def read_running_configuration(files: Files, default_file: str) -> Configuration:
    """The same, of what runs now. OSError: /proc cannot be read."""
    return read_configuration(files, find_dockerd(files), default_file)


def _is_changed(files: Files, file: str, started: int | None) -> bool:
    try:
        return files.exists(file) and (started is None or not is_older(files.outside("/"), file, started))
    except OSError:
        return True


def _find_flag(key: str) -> str:
    return FLAG_OF_KEY.get(key, key)


def _read_file(files: Files, file: str) -> Mapping[str, JSON] | None:
    try:
        return read_settings(files.outside, file) or {}
    except (OSError, ValueError):
        return None
