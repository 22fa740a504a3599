"""Requests of a compose file: what Compose itself asks a daemon when it creates the whole project."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from portero.cli.compose_reading import Reading
from portero.cli.request_files import FileRequest, InvalidRequestFile
from portero.facts.fields import as_object, text
from portero.reading.routes import Routes
from portero.sandbox import compose_run, project, remotes
from portero.sandbox.compose_run import SandboxError
from portero.spelling import printable
from portero.standin import compose
from portero.standin.connection import StandIn
from portero.standin.daemon import StandInDaemon
from portero.standin.forward import ClientRequest, envelope

_NAMING = ("com.docker.compose.service", "com.docker.compose.network", "com.docker.compose.volume")
_MOST_SHOWN = 300


def requests(file: str, routes: Routes, reading: Reading) -> Iterator[FileRequest]:
    """What creating every service of the file, of whatever profile, asks that is more than reading.

    Raises InvalidRequestFile when Compose is not installed, cannot be run safely, or refuses the file.
    """
    asked: list[ClientRequest] = []
    daemon = StandInDaemon(routes, lambda request: asked.append(request))
    try:
        _create(file, reading, daemon)
    except SandboxError as error:
        raise InvalidRequestFile(str(error)) from None
    networks = {id: text(body, "Name") for id, body in daemon.state.networks.items()}
    lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    named = [(_path(each), _name(each), envelope(each)) for each in asked if each.method not in ("GET", "HEAD")]
    # Compose asks for several things at once, in no fixed order.
    for _, name, posted in sorted(named):
        yield FileRequest(file, posted, _line(lines, name), name, networks)


def _create(file: str, reading: Reading, daemon: StandInDaemon) -> None:
    of = project.of_file(file, reading.root)
    if reading.sandboxed:
        remotes.check_files(of.files, of.shown)
    run = compose_run.runner(
        of.shown, of.shown[0], reading.variables, compose_run.SECONDS, sandboxed=reading.sandboxed
    ).run
    words = ["--file", of.files[0], "--profile", "*"]
    with StandIn(daemon.answer) as socket:
        config = run([*words, "config", "--format", "json"], socket, errors=False)
        compose.prepare(daemon.state, config.output)
        ended = run([*words, "create", "--no-build"], socket)
    if ended.status is None:
        raise InvalidRequestFile(f"{file}: Compose did not finish within {compose_run.SECONDS:g} seconds")
    if ended.status != 0:
        raise InvalidRequestFile(f"{file}: {_last_line(ended.output)}")


def _path(asked: ClientRequest) -> str:
    return asked.target.partition("?")[0]


def _name(asked: ClientRequest) -> str:
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
    return printable(lines[-1])[:_MOST_SHOWN] if lines else "docker-compose failed without output"
