"""`portero door`: sockets for clients that know who asks, in front of dockerd's own."""

import os
import pwd
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import click

from portero.decide.identity.trusted import USERS
from portero.decide.policy.doors import DOORS
from portero.decide.values.json_fields import JSON, to_objects
from portero.observe.dockerd import unix_http
from portero.observe.dockerd.api import EngineApi
from portero.serve.settings.own_files import DOORS_SUMMARY, SUMMARIES
from portero.serve.settings.settings import ROOTS_STATE, find_door_folder
from portero.tools.cli import host_settings, judge_loading
from portero.tools.hostcheck import door_units
from portero.tools.hostcheck.door_key import put_key
from portero.tools.terminal import options
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show
from portero.tools.terminal.output import show_lines

_FILE = click.Path(path_type=Path)
_PRIVATE = find_door_folder(ROOTS_STATE) / "key"
_OWNERS = Path(SUMMARIES[0], DOORS_SUMMARY)
_MAX_LIST = 32 << 20


@click.group()
def door() -> None:
    """Manage Docker sockets for each user and tool: each request is stamped, and dockerd's plugin decides."""


@door.command(hidden=True)
@click.option("--dockerd", metavar="PATH", default=door_units.DOCKERD_SOCKET, show_default=True, help="Its own socket.")
@click.option("--key", metavar="FILE", type=_FILE, default=_PRIVATE, show_default=True, help="The private key.")
@click.option("--owners", metavar="FILE", type=_FILE, default=_OWNERS, show_default=True, help="From portero serve.")
@click.option("--listen", "sockets", metavar="NAME=PATH", multiple=True, help="A door that systemd does not hold.")
def serve(dockerd: str, key: Path, owners: Path, sockets: tuple[str, ...]) -> None:
    """Stamp and pass on what comes in at the doors, until it is stopped."""
    listens = [word for each in sockets for word in ("--listen", each)]
    # The code of the commands, some 12 MiB, is not needed any more; systemd's sockets stay open.
    files = ["--key", str(key), "--owners", str(owners)]
    words = [sys.executable, "-m", "portero.door.serve", "--dockerd", dockerd, *files, *listens]
    os.execv(sys.executable, words)  # noqa: S606 - no shell


@door.command("key", hidden=True)
@click.option("--private", metavar="FILE", type=_FILE, show_default=str(_PRIVATE), help="For the door.")
@click.option(
    "--public",
    metavar="FILE",
    type=_FILE,
    default=lambda: Path(os.environ.get("PORTERO_STATE") or ROOTS_STATE / "signed-versions.json").with_name("door.pub"),
    show_default="beside PORTERO_STATE",
    help="For the plugin.",
)
@click.option("--account", metavar="NAME", default=door_units.ACCOUNT, show_default=True, help="Its account.")
@click.option("--new", is_flag=True, help="Make a new key, although there is one.")
def make_key(private: Path | None, public: Path, account: str, *, new: bool) -> None:
    """Make the door's key unless there is one, and put its public half where the plugin reads it. As root."""
    from portero.serve.application.user_summary import let_group_read

    # Of root's Docker, or of a rootless one by its account, which must not get the key of root's.
    is_rootless = public.parent.parent == ROOTS_STATE
    private = private or (find_door_folder(public.parent) / "key" if is_rootless else _PRIVATE)
    try:
        owner = pwd.getpwnam(account)
    except KeyError:
        options.give_up([f"--account: {account}: there is no such account: make it with useradd --system {account}"])
    with options.explain_os_errors(private, "run it as root, and name files", by_file=True):
        put_key(private, public, owner.pw_gid, anew=new)
        let_group_read(Path(SUMMARIES[1], public.parent.name, DOORS_SUMMARY) if is_rootless else _OWNERS, owner.pw_gid)
    show_lines([f"{public}: verifies the stamps of the door with {private}"])


@door.command()
@click.option("--yes", is_flag=True, help="Do not ask whether dockerd may restart.")
@options.SCHEMAS
def enable(*, yes: bool, schemas: tuple[str, ...]) -> None:
    """Put the doors of the policy before dockerd, by systemd's units. As root. dockerd restarts.

    dockerd's own socket moves to /run/portero-door/dockerd.sock, and clients find the users' door where it was. Run
    it again after a change of the doors in site.json.
    """
    doors = {str(entry["name"]): entry for entry in _read_doors(schemas, must_run=True)}
    if USERS not in doors:
        options.give_up([f'doors: has no entry {USERS}, and people need one: add {{"name": "{USERS}"}} in site.json'])
    with options.give_up_on(door_units.UnitsFail):
        docker = door_units.read_docker_socket()
        sockets = {name: _make_socket(entry, docker) for name, entry in doors.items()}
        users = sockets.pop(USERS)
        _ask_before_restart(docker, yes=yes, needs_dockerd=True)
        door_units.enable_doors(docker, users, sockets)
    show_lines([f"{name}: {place.path}" for name, place in {USERS: users, **sockets}.items()])


@door.command()
@click.option("--yes", is_flag=True, help="Do not ask whether dockerd may restart.")
def disable(*, yes: bool) -> None:
    """Take the doors away and give dockerd its socket back. As root. dockerd restarts."""
    with options.give_up_on(OSError, door_units.UnitsFail):
        docker = door_units.read_docker_socket()
        _ask_before_restart(docker, yes=yes, needs_dockerd=False)
        door_units.disable_doors()
    show_lines([f"{docker.path}: dockerd's own again"])


@door.command("list")
@options.SCHEMAS
@JSON_OUTPUT
def list_doors(*, schemas: tuple[str, ...], outputs: Outputs) -> None:
    """List the doors of the policy, and whether each answers."""
    rows: list[dict[str, JSON]] = []
    are_there = door_units.is_listening(door_units.DOCKERD_SOCKET)
    for entry in _read_doors(schemas):
        path = _make_socket(entry, door_units.DoorSocket("/run/docker.sock")).path
        listed = cast("list[JSON] | None", entry.get("operations"))
        # Before there is a door, dockerd itself listens where the users' door would be.
        answers = (entry["name"] != USERS or are_there) and _answers(path)
        rows.append({"name": entry["name"], "path": path, "operations": listed, "answers": answers})
    lines = [
        f"{row['name']:<16} {row['path']}  {'answers' if row['answers'] else 'does not answer'}; "
        f"{'everything' if row['operations'] is None else ', '.join(map(str, cast('list[str]', row['operations'])))}"
        for row in rows
    ]
    if not are_there:
        lines.append("no doors yet: portero door enable, as root, puts them before dockerd")
    show(rows, lines, outputs)


def _read_doors(schemas: tuple[str, ...], *, must_run: bool = False) -> list[Mapping[str, JSON]]:
    """Of these folders, else of the policy in force here. `must_run`: else give up, where no Portero runs."""
    settings = host_settings.load_host_settings({"schemas": schemas})
    if must_run and settings.source.page is None and not settings.schemas:
        options.give_up(
            ["no Portero runs, so its doors are not known: systemctl start portero, or name its folders (--policy)"]
        )
    site = judge_loading.load_judge(settings).policy.site
    return cast("list[Mapping[str, JSON]]", site[DOORS])


def _make_socket(entry: Mapping[str, JSON], docker: door_units.DoorSocket) -> door_units.DoorSocket:
    name, given = str(entry["name"]), cast("Mapping[str, str]", entry.get("socket", {}))
    # The mode is for the folder that is closed to others: elsewhere the site says who may connect.
    tool = door_units.DoorSocket(
        f"{door_units.TOOLS_FOLDER}/{name}/docker.sock", mode="0660" if "path" in given else "0666"
    )
    default = docker if name == USERS else tool
    return door_units.DoorSocket(
        *(given.get(part, getattr(default, part)) for part in ("path", "user", "group", "mode"))
    )


def _ask_before_restart(docker: door_units.DoorSocket, *, yes: bool, needs_dockerd: bool) -> None:
    """Ends the command where the answer is no. Doors go whatever dockerd does: it may not start because of them."""
    path = door_units.find_dockerd_socket(docker)
    try:
        lines = _warn(docker, path)
    except (OSError, ValueError) as error:
        if needs_dockerd and isinstance(error, OSError):
            raise door_units.UnitsFail(f"{path}: dockerd does not answer ({error}): start it first") from error
        lines = [f"dockerd restarts; which containers stop, or mount {docker.path}, is not known: {path}: {error}"]
    show_lines(lines)
    try:
        if not yes and not click.confirm("Restart dockerd now?"):
            sys.exit(options.ERROR)
    except click.Abort:
        options.give_up(["no answer comes whether dockerd may restart: write --yes"])


def _warn(docker: door_units.DoorSocket, path: str) -> list[str]:
    """What a restart of dockerd stops, and which containers come back with a socket that is another one then."""
    api = EngineApi(path, max_bytes=_MAX_LIST)
    stops = not api.get("/info").get("LiveRestoreEnabled")
    lines = ["dockerd restarts, and running containers stop (no live-restore)."] if stops else []
    for container in to_objects(api.get_list("/containers/json?all=1")):
        sources = {str(mount.get("Source", "")) for mount in to_objects(container.get("Mounts"))}
        if {docker.path, "/var/run/docker.sock"} & sources:
            name = str(cast("list[str]", container["Names"])[0]).lstrip("/")
            lines.append(f"{name} mounts {docker.path}: it comes back without being asked about; give it its own door")
    return lines


def _answers(path: str) -> bool:
    try:
        return unix_http.exchange(path, 5.0, "GET", "/_ping", max_bytes=4096)[0] == 200
    except (OSError, ValueError):
        return False
