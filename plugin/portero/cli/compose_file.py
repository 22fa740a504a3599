"""Questions of a compose file: what compose itself asks a daemon when it creates the whole project."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from portero.cli.questions import Question, Unreadable
from portero.facts.fields import as_object, text
from portero.reading.routes import Routes
from portero.standin import client, command_line, compose
from portero.standin.connection import StandIn
from portero.standin.daemon import Daemon
from portero.standin.forward import Asked, envelope

_TIMEOUT_SECONDS = 60.0
_ENDINGS = (".yaml", ".yml")
_NAMING = ("com.docker.compose.service", "com.docker.compose.network", "com.docker.compose.volume")


def is_compose(file: str) -> bool:
    """Whether a file is a compose file, by its name."""
    return file.endswith(_ENDINGS)


def questions(file: str, routes: Routes) -> Iterator[Question]:
    """What creating every service of the file, of whatever profile, asks that is more than reading.

    Raises Unreadable when compose is not installed or refuses the file.
    """
    program = compose.client()
    if program is None:
        raise Unreadable(f"{file}: compose files are read by compose itself; install docker-compose")
    asked: list[Asked] = []
    daemon = Daemon(routes, lambda question: asked.append(question))
    command = [*program, "--file", os.path.abspath(file), "--profile", "*", "create", "--no-build"]
    compose.prepare(daemon.state, command_line.read(command))
    with StandIn(daemon.answer) as socket:
        ended = client.run(command, client.environment(os.environ, socket), _TIMEOUT_SECONDS)
    if ended.status != 0:
        raise Unreadable(f"{file}: {_last_line(ended.output)}")
    networks = {id: text(body, "Name") for id, body in daemon.state.networks.items()}
    lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    named = [(_path(each), _name(each), envelope(each)) for each in asked if each.method not in ("GET", "HEAD")]
    # Compose asks for several things at once, in no fixed order.
    for _, name, posted in sorted(named):
        yield Question(file, posted, _line(lines, name), name, networks)


def _path(asked: Asked) -> str:
    return asked.target.partition("?")[0]


def _name(asked: Asked) -> str:
    """The service behind a container, the key behind a network or a volume."""
    if not asked.shows_json or not asked.body:
        return ""
    labels = as_object(json.loads(asked.body).get("Labels"), "Labels")
    return next((str(labels[label]) for label in _NAMING if label in labels), "")


def _line(lines: Sequence[str], name: str) -> int | None:
    """Where the name stands as a key, the first time."""
    key = re.compile(rf"""\s+["']?{re.escape(name)}["']?\s*:""")
    return next((number for number, line in enumerate(lines, 1) if name and key.match(line)), None)


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "compose ended without a word"
