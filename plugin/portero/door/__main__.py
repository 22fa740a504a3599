"""python -m portero.door: the process of the doors, without the code of other commands (`portero door serve`)."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import NoReturn

from portero.door.listeners import NoSocket, listen_at, take_over_sockets
from portero.door.serve import serve


def main() -> None:
    """Serve until the end; exit status 2 with one sentence where that cannot be."""
    parser = ArgumentParser(prog="portero door serve")
    parser.add_argument("--dockerd", required=True)
    parser.add_argument("--key", required=True, type=Path)
    parser.add_argument("--listen", action="append", default=[])
    given = parser.parse_args()
    try:
        doors = take_over_sockets(os.environ) or listen_at(given.listen)
    except NoSocket as fault:
        _give_up(str(fault))
    if not doors:
        _give_up("no door: start it by systemd's socket units, or name --listen users=/run/docker.sock")
    try:
        serve(doors, given.dockerd, given.key)
    except (OSError, ValueError) as error:
        _give_up(f"{given.key}: cannot be used ({error}): as root, portero door key")


def _give_up(fault: str) -> NoReturn:
    print(f"portero: {fault}", file=sys.stderr)
    sys.exit(2)


main()
