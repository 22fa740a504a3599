"""Facts of Portero's installation: who may change it, whether its unit is in force and its log leaves the host.

The running Portero reports where its files are. The files of a managed plugin are elsewhere: its facts are unknown. Of
log agents the configuration is searched as text; whether the lines arrive, only the receiver knows.
"""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, cast

from portero.decide.values.errors import raise_error
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.visible_dockerd import is_running
from portero.observe.files.chroot import Files
from portero.serve.decision_log.log_state import is_file
from portero.tools.hostcheck.fact import observe
from portero.tools.hostcheck.plugin_client import ask_status
from portero.tools.hostcheck.updates import Ask, run_command

UNIT = "portero.service"
SETTINGS = "/etc/portero"
_UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
)
_SYSTEMD = "/run/systemd/system"
_SHOW = ("systemctl", "show", UNIT, "--timestamp=unix", "-p", "ActiveState,ActiveEnterTimestamp,NeedDaemonReload")
_ENVIRONMENT_OF_A_VENV = "pyvenv.cfg"
# A longer list is not read.
_MAX_NAMED = 8
_GROUP_OR_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def collect_facts(files: Files, portero: Path, ask: Ask | None = None) -> dict[str, JSON]:
    """The part `installation` of the host document.

    `portero`: the socket of the running one; `ask` runs a program and returns its output; None: by subprocess.
    """
    at = f"files of the Portero at {portero}"
    return {
        "writable": observe(at, lambda: [*_list_writable(files, portero)][:_MAX_NAMED]),
        "logsPrivate": observe(f"folder of the decision log of {portero}", lambda: _are_logs_private(files, portero)),
        "logAgent": observe(
            f"log agents on the decision log of {portero}", lambda: find_agent(files, str(ask_status(portero)["log"]))
        ),
        "unit": observe(UNIT, lambda: _read_unit_state(files, ask or run_command)),
    }


def _list_writable(files: Files, portero: Path) -> Iterator[JSON]:
    """Each file or folder that a user other than root and this one can change, and why."""
    status = ask_status(portero)
    schemas = cast("list[str]", status["policyFolders"])
    program = _find_program(files, Path(schemas[0]))
    units = [
        f"{folder}/{name}"
        for folder in _UNIT_FOLDERS
        for name in files.list_names(folder)
        if name.startswith("portero")
    ]
    roots = [str(program), *schemas[1:], *units, *([SETTINGS] if files.exists(SETTINGS) else [])]
    waiting, seen = [*roots], set[str]()
    while waiting:
        root = waiting.pop(0)
        for path, is_link in (*_list_above(files, root), *_walk(files, root)):
            if path in seen:
                continue
            seen.add(path)
            if is_link:
                waiting.append(files.resolve_path(path))
            elif why := _find_writer(files, path):
                yield f"{path} ({why})"


def _list_above(files: Files, path: str) -> Iterator[tuple[str, bool]]:
    """The folders above a path, the root aside, and whether each is a link."""
    for folder in map(str, Path(path).parents):
        if folder != "/" and files.exists(folder):
            yield folder, os.path.islink(files.outside_link(folder))


def _find_program(files: Files, schemas: Path) -> Path:
    """The environment that Portero is installed in, or its package where there is none."""
    if not files.exists(str(schemas)):
        raise FileNotFoundError(f"{schemas} is not on this host")
    above = (path for path in schemas.parents if files.exists(str(path / _ENVIRONMENT_OF_A_VENV)))
    return next(above, schemas.parent)


def _walk(files: Files, root: str) -> Iterator[tuple[str, bool]]:
    """The files and folders at a path and below it, and whether each is a link."""
    if not files.exists(root):
        return
    yield root, os.path.islink(files.outside_link(root))
    base = files.outside(root)
    for folder, folders, names in os.walk(base, onerror=raise_error) if os.path.isdir(base) else ():
        inside = root + folder.removeprefix(base)
        yield from ((f"{inside}/{name}", os.path.islink(f"{folder}/{name}")) for name in (*folders, *names))


def _find_writer(files: Files, path: str) -> str:
    status = files.stat(path)
    if status.st_uid not in (0, os.geteuid()):
        return f"owner {status.st_uid}"
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    return f"mode {stat.S_IMODE(status.st_mode):04o}" if status.st_mode & _GROUP_OR_OTHERS and not sticky else ""


def _are_logs_private(files: Files, portero: Path) -> JSON:
    """Whether no other user can read the decision log; systemd protects standard output and the journal."""
    log = str(ask_status(portero)["log"])
    if not is_file(log):
        return True
    file = Path(log).absolute()
    can_enter = files.stat(str(file.parent)).st_mode & stat.S_IXOTH
    return not (can_enter and files.stat(str(file)).st_mode & stat.S_IROTH)


def _read_unit_state(files: Files, ask: Ask) -> str:
    """in-force; changed: its files are newer than its start; inactive; none: no systemd, or no such unit."""
    if files.outside("/") != "/":
        raise ValueError("systemctl shows this system only")
    unit_files = [f"{folder}/{UNIT}" for folder in _UNIT_FOLDERS if files.exists(f"{folder}/{UNIT}")]
    if not files.exists(_SYSTEMD) or not unit_files:
        return "none"
    shown = dict(line.split("=", 1) for line in ask(_SHOW).splitlines() if "=" in line)
    if shown["ActiveState"] != "active":
        return "inactive"
    started = float(shown["ActiveEnterTimestamp"].removeprefix("@"))
    drop_ins = [
        f"{folder}/{UNIT}.d/{name}" for folder in _UNIT_FOLDERS for name in files.list_names(f"{folder}/{UNIT}.d")
    ]
    newest = max(files.stat(path).st_mtime for path in (*unit_files, *drop_ins))
    return "changed" if shown["NeedDaemonReload"] == "yes" or newest > started else "in-force"


NONE = "none"
# Of each program its configuration files, * in the last name, and patterns: it reads the `journal`, it `sends` lines.
_AGENTS: Mapping[str, Any] = json.loads(Path(__file__).with_name("log_agents.json").read_text(encoding="utf-8"))
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_PATH = re.compile(r"""/[^\s"',\])]+""")


def find_agent(files: Files, log: str) -> str:
    return next((program for program in _AGENTS if _forwards_log(files, program, log)), NONE)


def _forwards_log(files: Files, program: str, log: str) -> bool:
    agent = _AGENTS[program]
    patterns = [path.rpartition("/") for path in agent["files"]]
    paths = [
        f"{folder}/{name}" for folder, _, like in patterns for name in files.list_names(folder) if fnmatch(name, like)
    ]
    text = "\n".join(_COMMENT.sub("", files.read_text(path)) for path in paths)
    if is_file(log):
        reads = any(fnmatch(log, path) for path in _PATH.findall(text))
    else:
        reads = re.search(agent["journal"], text, re.MULTILINE) is not None
    sends = re.search(agent["sends"], text, re.MULTILINE) is not None
    return reads and sends and is_running(Path(files.outside("/proc")), program)
