"""`portero door`: sockets for clients that know who asks, in front of dockerd's own."""

import os
import pwd
from pathlib import Path

import click

from portero.cli import options
from portero.cli.terminal import show_lines
from portero.door.listeners import NoSocket, listen_at, take_over_sockets

_FILE = click.Path(path_type=Path)


@click.group()
def door() -> None:
    """Sockets that know who asks: each request is stamped, and dockerd's plugin decides."""


@door.command()
@click.option("--dockerd", metavar="PATH", default="/run/portero/dockerd.sock", show_default=True, help="Its own socket.")
@click.option("--key", metavar="FILE", type=_FILE, default="/var/lib/portero-door/key", show_default=True, help="The private key.")
@click.option("--listen", "places", metavar="NAME=PATH", multiple=True, help="A door; without systemd's sockets. Repeatable.")
def serve(dockerd: str, key: Path, places: tuple[str, ...]) -> None:
    """Stamp and pass on what comes in at the doors, until it is stopped."""
    try:
        doors = take_over_sockets(os.environ) or listen_at(places)
    except NoSocket as fault:
        options.give_up([str(fault)])
    if not doors:
        options.give_up(["no door: start it by systemd's socket units, or name --listen users=/run/docker.sock"])
    # Slow to load, and needed only here.
    from portero.door.serve import serve as serve_doors

    try:
        serve_doors(doors, dockerd, key)
    except (OSError, ValueError) as error:
        options.give_up([f"{key}: cannot be used ({error}): as root, portero door key"])


@door.command("key")
@click.option("--private", metavar="FILE", type=_FILE, default="/var/lib/portero-door/key", show_default=True, help="For the door.")
@click.option("--public", metavar="FILE", type=_FILE, default="/var/lib/portero/door.pub", show_default=True, help="For the plugin: beside PORTERO_STATE.")
@click.option("--account", metavar="NAME", default="portero-door", show_default=True, help="Whose process the door is.")
@click.option("--new", is_flag=True, help="Make a new key, although there is one.")
def make_key(private: Path, public: Path, account: str, *, new: bool) -> None:
    """Make the door's key unless there is one, and put its public half where the plugin reads it. As root."""
    from portero.identity.door_stamp import put_key

    try:
        owner = pwd.getpwnam(account)
    except KeyError:
        options.give_up([f"--account: {account}: there is no such account: make it with useradd --system {account}"])
    with options.explain_os_errors(private, "run it as root"):
        put_key(private, public, owner.pw_gid, anew=new)
    show_lines([f"{public}: verifies the stamps of the door with {private}"])
