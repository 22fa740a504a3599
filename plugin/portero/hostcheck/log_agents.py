"""Finds a running log agent whose configuration reads the decision log and sends it to another host.

The configuration is searched as text. Whether the lines arrive, only the receiver knows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from portero.decision_log.log_state import is_file
from portero.dockerd.visible_dockerd import is_running
from portero.files.chroot import Files

NONE = "none"


@dataclass(frozen=True, slots=True)
class _Agent:
    """A program and its configuration files, * in the last name. Patterns: it reads the `journal`, it `sends` lines."""

    program: str
    files: tuple[str, ...]
    journal: str
    sends: str


_AGENTS = (
    _Agent(
        "rsyslogd",
        ("/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf"),
        r'(?i)"imjournal"',
        r'(?i)type\s*=\s*"om(?:fwd|relp)"|^\s*[\w*,;.!=-]+\.[\w*!=]+\s+@',
    ),
    _Agent(
        "vector",
        ("/etc/vector/*.yaml",),
        r"type:\s*journald\b",
        r"(?s)^sinks:.*?\btype:\s*(?!console|file|blackhole)\w",
    ),
    _Agent(
        "fluent-bit",
        ("/etc/fluent-bit/*.yaml", "/etc/fluent-bit/*.conf"),
        r"(?i)\bname:?\s+systemd\b",
        r"(?is)(?:\boutputs:|\[output\]).*?\bname:?\s+(?!stdout|file|null)\w",
    ),
    _Agent(
        "systemd-journal-upload",
        ("/etc/systemd/journal-upload.conf", "/etc/systemd/journal-upload.conf.d/*.conf"),
        r"^URL=",
        r"^URL=\S",
    ),
)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_PATH = re.compile(r"""/[^\s"',\])]+""")


def find_agent(files: Files, log: str) -> str:
    """The program that sends this log to another host, or NONE."""
    return next((agent.program for agent in _AGENTS if _sends(files, agent, log)), NONE)


def _sends(files: Files, agent: _Agent, log: str) -> bool:
    text = "\n".join(_COMMENT.sub("", files.text(path)) for path in _list_files(files, agent))
    if is_file(log):
        reads = any(fnmatch(log, path) for path in _PATH.findall(text))
    else:
        reads = re.search(agent.journal, text, re.MULTILINE) is not None
    sends = re.search(agent.sends, text, re.MULTILINE) is not None
    return reads and sends and is_running(Path(files.outside("/proc")), agent.program)


def _list_files(files: Files, agent: _Agent) -> Iterator[str]:
    for path in agent.files:
        folder, _, pattern = path.rpartition("/")
        yield from (f"{folder}/{name}" for name in files.names(folder) if fnmatch(name, pattern))
