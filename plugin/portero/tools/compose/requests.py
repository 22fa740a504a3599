"""Requests of a compose project: those by which Compose creates all of it, and its builds."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from portero.decide.identity.caller import NO_IDENTITY
from portero.decide.reading.routes import Routes
from portero.decide.values.dataclass import replace
from portero.decide.values.docker_names import COMPOSE_SERVICE
from portero.decide.values.json_fields import as_object, text
from portero.decide.values.spelling import make_printable
from portero.tools.compose import project, refused_keys
from portero.tools.compose import run as compose_run
from portero.tools.compose.project import Project, Reading, add_external_objects, list_builds, make_session
from portero.tools.compose.yaml_lines import ComposeLines, list_warnings
from portero.tools.recording.request_files import STANDARD_INPUT, FileRequest, InvalidRequestFile
from portero.tools.standin import socket_server
from portero.tools.standin.answers import StandInDaemon
from portero.tools.standin.docker_command import Ended
from portero.tools.standin.messages import ClientRequest, make_envelope
from portero.tools.standin.objects import State
from portero.tools.standin.trial_objects import ProjectObjects

_LABELS = {
    COMPOSE_SERVICE: "services",
    "com.docker.compose.network": "networks",
    "com.docker.compose.volume": "volumes",
}
# The part of the project that a request makes: its section and its name, such as the service web.
_Part: TypeAlias = tuple[str, str]
_READING = ("GET", "HEAD")
_MAX_SHOWN = 300


class _Run(NamedTuple):
    """One run of Compose: the resolved project as JSON, and the requests."""

    config: str
    said: str
    requests: list[ClientRequest]
    state: State

    @property
    def networks(self) -> Mapping[str, str]:
        return {id: text(body, "Name") for id, body in self.state.networks.items()}

    def find_container(self, target: str) -> str:
        """The ID of the container that a create request made; empty for other requests."""
        path, _, query = target.partition("?")
        name = dict(parse_qsl(query)).get("name", "")
        made = (each for each in self.state.containers.values() if each.name == name)
        return next((each.id for each in made), "") if path.endswith("/containers/create") else ""


def list_requests(files: Sequence[str], routes: Routes, reading: Reading) -> Iterator[FileRequest]:
    """The requests that create every service of a project, without those that only read; later files override earlier.

    Raises InvalidRequestFile when Compose is not installed, cannot be run safely, or refuses the files.
    """
    run = _run(files, routes, reading, reading.root or os.path.dirname(os.path.abspath(files[0])), [])
    return _make_requests(
        {file: Path(file).read_text(encoding="utf-8", errors="replace") for file in files}, run, reading
    )


def list_requests_of_text(text: bytes, routes: Routes, reading: Reading) -> Iterator[FileRequest]:
    """The same for standard input, whose paths begin in the current folder, as with `docker compose --file -`."""
    here = os.getcwd()
    with TemporaryDirectory(prefix="portero-") as folder:
        file = os.path.join(folder, "compose.yaml")
        Path(file).write_bytes(text)
        try:
            run = _run([file], routes, reading, reading.root or here, ["--project-directory", here])
        except InvalidRequestFile as error:
            raise InvalidRequestFile(str(error).replace(os.path.relpath(file), STANDARD_INPUT)) from None
    return _make_requests({STANDARD_INPUT: text.decode(errors="replace")}, run, reading)


def _make_requests(texts: Mapping[str, str], run: _Run, reading: Reading) -> Iterator[FileRequest]:
    lines = ComposeLines.of(texts)
    changing = [each for each in run.requests if each.method not in _READING]
    posts = [(each.target.partition("?")[0], _find_part(each), make_envelope(each), each) for each in changing]
    made: list[str] = []
    deployed = project.list_deployed(run.config)
    warnings: Sequence[str] = list_warnings(run.said, lines)
    # Compose sends several requests at once, in no fixed order.
    for _, part, posted, each in sorted(posts, key=lambda one: one[:3]):
        before = ProjectObjects(run.state, tuple(made))
        made += filter(None, [run.find_container(each.target)])
        # Without the sandbox Compose sends the token of portero login, which no file holds.
        request = FileRequest("", posted, None, part[1], run.networks, identity=NO_IDENTITY, objects=before)
        request, warnings = replace(request, warnings=warnings, deploys=part[1] in deployed), ()
        yield _locate(lines, next(iter(texts)), request, part, each)
    built = [*list_builds(run.config)]
    for name, posted, judged in built:
        request = FileRequest("", posted, None, f"{name} build", judged=judged, identity=NO_IDENTITY)
        yield _locate(lines, next(iter(texts)), request, ("services", name))
    if built and reading.knows_daemon:
        request = FileRequest("", make_session(), None, "builds", identity=NO_IDENTITY)
        yield _locate(lines, next(iter(texts)), request, ("services", built[0][0]))


def _locate(
    lines: ComposeLines, file: str, request: FileRequest, part: _Part, sent: ClientRequest | None = None
) -> FileRequest:
    body = json.loads(sent.body) if sent is not None and sent.shows_json and sent.body else None
    whole = lines.find(*part)
    return replace(
        request,
        file=whole[0] if whole else file,
        line=whole[1] if whole else None,
        find_line=partial(lines.find, *part, body=body),
    )


def _run(files: Sequence[str], routes: Routes, reading: Reading, root: str, options: Sequence[str]) -> _Run:
    sent: list[ClientRequest] = []
    daemon = StandInDaemon(routes, lambda request: sent.append(request))
    config = _create(files, reading, root, options, daemon)
    return _Run(config.output, config.dropped, sent, daemon.state)


def _create(files: Sequence[str], reading: Reading, root: str, options: Sequence[str], daemon: StandInDaemon) -> Ended:
    named = project.open_files(files, root, reading.env_files)
    words = [*options, *_repeat("--file", named.files), *_repeat("--profile", reading.profiles)]
    words += _repeat("--env-file", [os.path.abspath(file) for file in reading.env_files])
    config, ended = run_compose(named, reading, _find_working_folder(), daemon, words, ["create", "--no-build"])
    if ended.status is None:
        raise InvalidRequestFile(f"{files[0]}: Compose did not finish within {compose_run.SECONDS:g} seconds")
    if ended.status != 0:
        said = [*filter(None, map(str.strip, ended.output.splitlines()))] or ["docker-compose failed without output"]
        raise InvalidRequestFile(f"{files[0]}: {make_printable(said[-1])[:_MAX_SHOWN]}")
    return config


def run_compose(
    named: Project,
    reading: Reading,
    folder: str,
    daemon: StandInDaemon,
    options: Sequence[str],
    command: Sequence[str],
    seconds: float = compose_run.SECONDS,
    *,
    terminal: bool = False,
) -> tuple[Ended, Ended]:
    """Have Compose resolve the project as JSON, and then run the command; raises InvalidRequestFile."""
    if reading.sandboxed:
        refused_keys.check_files(named.files, named.shown)
    runner = compose_run.find_runner(named.shown, folder, reading.variables, seconds, sandboxed=reading.sandboxed)
    with socket_server.serve(daemon.answer, runner.user) as socket:
        config = runner.run([*options, "config", "--format", "json"], socket, errors=False)
        add_external_objects(daemon.state, config.output)
        return config, runner.run([*options, *command], socket, terminal=terminal)


def _find_working_folder() -> str:
    """The caller's, as the caller's shell names it: Compose reads PWD."""
    named, real = os.environ.get("PWD", ""), os.getcwd()
    return named if os.path.isabs(named) and os.path.realpath(named) == real else real


def _repeat(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _find_part(sent: ClientRequest) -> _Part:
    """The service behind a container, the key behind a network or a volume."""
    if not sent.shows_json or not sent.body:
        return "", ""
    labels = as_object(json.loads(sent.body).get("Labels"), "Labels")
    parts = ((section, str(labels[label])) for label, section in _LABELS.items() if label in labels)
    return next(parts, ("", ""))
