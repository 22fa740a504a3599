"""Puts doors before dockerd by systemd's units, and takes them away again: drop-ins, and the order of restarts.

dockerd's own socket moves to a path that root and the door's account alone reach; the users' door takes its place, with
its owner and mode, so that clients stay as they are.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import Fault
from portero.decide.values.spelling import make_printable
from portero.observe.dockerd import unix_http
from portero.observe.dockerd.peer import refuses_connections

ACCOUNT = "portero-door"
DOCKERD_SOCKET = "/run/portero-door/dockerd.sock"
# Closed to all but root, by portero-door@.socket.
TOOLS_FOLDER = "/run/portero-door/doors"
SERVICE, USERS_SOCKET = "portero-door.service", "portero-door-users.socket"
_UNITS = Path("/etc/systemd/system")
_DROP_IN = "portero-door.conf"
_STREAM = " (Stream)"
# The line of docker.socket's drop-in that says where its socket was.
_BEFORE = "# before: "
_SECONDS = 90.0


class UnitsFail(Fault):
    """One sentence: what systemd does not do, and the cure."""


@dataclass(frozen=True, slots=True)
class DoorSocket:
    """Where a socket is, whose it is, and who may connect."""

    path: str
    user: str = "root"
    group: str = "root"
    mode: str = "0660"

    @property
    def parts(self) -> tuple[str, ...]:
        return self.path, self.user, self.group, self.mode

    def write_drop_in(self) -> str:
        lines = ("ListenStream=", f"ListenStream={self.path}", f"SocketUser={self.user}", f"SocketGroup={self.group}")
        return "\n".join(("[Socket]", *lines, f"SocketMode={self.mode}", ""))

    @property
    def is_open(self) -> bool:
        """Whether every account of the host may connect: no folder above keeps others out."""
        others = (int(self.mode, 8) & stat.S_IWOTH) != 0
        return others and not self.path.startswith(f"{TOOLS_FOLDER}/") and not _is_closed(Path(self.path).parent)


def _is_closed(folder: Path) -> bool:
    there = (each for each in (folder, *folder.parents) if os.path.lexists(each))
    return any(not os.stat(each).st_mode & stat.S_IXOTH for each in there)


_DOCKERD = DoorSocket(DOCKERD_SOCKET, group=ACCOUNT)


def read_docker_socket(units: Path = _UNITS) -> DoorSocket:
    """Where docker.socket has its socket, or had it before the doors; raises UnitsFail."""
    moved = units / "docker.socket.d" / _DROP_IN
    if moved.exists():
        kept = [line.removeprefix(_BEFORE).rsplit(" ", 3) for line in moved.read_text().splitlines() if _BEFORE in line]
        if len(kept) != 1 or len(kept[0]) != len(_DOCKERD.parts):
            raise UnitsFail(f"{moved}: does not say where dockerd's socket was: remove it, and reload systemd")
        return DoorSocket(*kept[0])
    wanted = "--property=Listen,SocketUser,SocketGroup,SocketMode,ActiveState"
    try:
        output = run_command("systemctl", "show", "docker.socket", wanted)
    except UnitsFail as fault:
        raise UnitsFail(f"{fault}; without systemd doors are a recipe (portero help doors)") from fault
    lines = [line.split("=", 1) for line in output.splitlines()]
    shown = {line[0]: line[-1] for line in lines}
    # A line for each of its sockets.
    listens = [line[-1].removesuffix(_STREAM) for line in lines if line[0] == "Listen"]
    if shown.get("ActiveState") != "active" or len(listens) != 1 or not listens[0].startswith("/"):
        raise UnitsFail(
            "docker.socket does not hold the one socket of dockerd: doors without it are a recipe (portero help doors)"
        )
    return DoorSocket(listens[0], shown["SocketUser"] or "root", shown["SocketGroup"] or "root", shown["SocketMode"])


def find_dockerd_socket(docker: DoorSocket) -> str:
    """Where dockerd listens: behind the doors, or where clients find it. A file can be there without anybody."""
    return DOCKERD_SOCKET if is_listening(DOCKERD_SOCKET) else docker.path


def is_listening(path: str) -> bool:
    """Whether a process listens at this Unix socket."""
    return os.path.exists(path) and not refuses_connections(Path(path))


def enable_doors(docker: DoorSocket, users: DoorSocket, tools: Mapping[str, DoorSocket], units: Path = _UNITS) -> None:
    """Move dockerd's socket away from where it is without doors (`docker`) and start them; dockerd restarts.

    Raises UnitsFail: dockerd has its socket as before any door, or nothing was touched where a file cannot be written.
    """
    for place in (users, *tools.values()):
        if place.is_open:
            raise UnitsFail(
                f"{place.path}: its mode {place.mode} lets everybody connect: write another into doors in site.json"
            )
    if not _has_account():
        run_command("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT)
    before = _list_enabled(units)
    sockets = [USERS_SOCKET, *(f"portero-door@{name}.socket" for name in tools)]
    texts = [place.write_drop_in() for place in (users, *tools.values())]
    moved = f"{_BEFORE}{' '.join(docker.parts)}\n{_DOCKERD.write_drop_in()}"
    _write_drop_ins(units, dict(zip((*sockets, "docker.socket"), (*texts, moved), strict=True)))
    try:
        run_command("systemctl", "daemon-reload")
        # A socket unit does not start while the service that it is for runs.
        run_command("systemctl", "stop", SERVICE, *before)
        for removed in {*before} - {*sockets}:
            run_command("systemctl", "disable", "--quiet", removed)
            shutil.rmtree(units / f"{removed}.d", ignore_errors=True)
        _restart_docker()
        run_command("systemctl", "enable", "--quiet", SERVICE, *sockets)
        run_command("systemctl", "start", *sockets)
        run_command("systemctl", "start", SERVICE)
        _ping_door(users.path)
    except (OSError, UnitsFail) as fault:
        try:
            disable_doors(units)
        except (OSError, UnitsFail) as second:
            raise UnitsFail(f"{fault}; then {second}: run portero door disable when that is fixed") from fault
        raise UnitsFail(f"{fault}{'; the doors that ran before are off' if before else ''}") from fault


def disable_doors(units: Path = _UNITS) -> None:
    """Stop the doors and give dockerd its socket back; it restarts. Raises UnitsFail."""
    sockets = _list_enabled(units)
    run_command("systemctl", "disable", "--quiet", "--now", SERVICE, *sockets)
    for unit in ("docker.socket", *sockets):
        remove_drop_in(units / f"{unit}.d" / _DROP_IN)
    run_command("systemctl", "daemon-reload")
    _restart_docker()


def describe_doors(units: Path = _UNITS) -> tuple[str, bool]:
    """How the doors go, with their counts, and whether they run; empty: systemd has none. Raises UnitsFail."""
    if not (units / f"{USERS_SOCKET}.d" / _DROP_IN).exists():
        return "", True
    shown = run_command("systemctl", "show", SERVICE, "--property=ActiveState,StatusText")
    values = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    state = values.get("ActiveState", "")
    return (values.get("StatusText") or state, True) if state == "active" else (f"{SERVICE} is {state}", False)


def run_command(*command: str) -> str:
    """What a command prints; raises UnitsFail with what it says."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)  # noqa: S603 - no shell
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnitsFail(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        raise UnitsFail(f"{' '.join(command)}: {' '.join(done.stderr.split())[:500]}")
    return done.stdout


def remove_drop_in(file: Path) -> None:
    """Remove a drop-in, and its folder where no other is in it."""
    file.unlink(missing_ok=True)
    with suppress(OSError):
        file.parent.rmdir()


def _restart_docker() -> None:
    """docker.service needs its socket, and stops with it. systemd starts it no more than three times a minute."""
    run_command("systemctl", "restart", "docker.socket")
    run_command("systemctl", "reset-failed", "docker.service")
    run_command("systemctl", "start", "docker.service")


def _write_drop_ins(units: Path, texts: Mapping[str, str]) -> None:
    """Write the drop-ins of these units. Raises UnitsFail, with all as it was."""
    files = {units / f"{unit}.d" / _DROP_IN: text for unit, text in texts.items()}
    try:
        before = {file: file.read_text() if file.exists() else None for file in files}
        for file, now in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(now)
    except OSError as fault:
        with suppress(OSError):
            for file, text in before.items():
                file.unlink(missing_ok=True) if text is None else file.write_text(text)
        raise UnitsFail(str(fault)) from fault


def _list_enabled(units: Path) -> Sequence[str]:
    """The sockets of doors that were enabled before."""
    return [
        folder.name.removesuffix(".d")
        for folder in sorted(units.glob("portero-door*.socket.d"))
        if (folder / _DROP_IN).exists()
    ]


def _has_account() -> bool:
    try:
        run_command("getent", "passwd", ACCOUNT)
    except UnitsFail:
        return False
    return True


def _ping_door(path: str) -> None:
    try:
        status, answer = unix_http.exchange(path, _SECONDS, "GET", "/_ping", max_bytes=4096)
    except (OSError, ValueError) as error:
        raise UnitsFail(f"{path}: the door does not answer ({error}): journalctl -u portero-door says why") from error
    if status != 200:
        text = make_printable(answer.decode(errors="replace")).strip()
        raise UnitsFail(f"{path}: the door answers with status {status}: {text}")
