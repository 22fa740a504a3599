"""A compose project: which files of this machine a Compose command reads, and the builds and external objects of it.

The latter are read of the resolved project that `docker compose config --format json` prints. Compose builds with
BuildKit, of which a plugin sees a session and nothing else. What the `build:` sections ask for is therefore judged as
requests to /build.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import cast
from urllib.parse import urlencode

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, as_object, child, text
from portero.decide.values.json_objects import load_json
from portero.decide.values.path import is_within
from portero.decide.values.refusals import Refused
from portero.tools.compose.project_files import find_files
from portero.tools.recording.request_files import InvalidRequestFile
from portero.tools.standin.command_line import GLOBAL_VALUES, TypedOption, split_words
from portero.tools.standin.messages import ClientRequest, Object, make_envelope
from portero.tools.standin.objects import State

_FILE_OPTIONS = ("-f", "--file")
_ENV_FILE, _FOLDER = "--env-file", "--project-directory"
_PATH_OPTIONS = (*_FILE_OPTIONS, _ENV_FILE, _FOLDER)
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Project:
    """`files`: the compose files. `shown`: folders and files that Compose may read, as named and as real paths."""

    files: tuple[str, ...]
    shown: tuple[str, ...]


def open_files(files: Sequence[str], root: str | None, others: Sequence[str] = ()) -> Project:
    """Compose files, the folder of the first or the wider `root`, and `others` to read; raises InvalidRequestFile.

    A file below the root is not shown by itself: it may be a link to any file of this machine.
    """
    paths = [os.path.abspath(file) for file in files]
    above = os.path.abspath(root or os.path.dirname(paths[0]))
    return Project(
        tuple(paths), _resolve_shown([above, *(path for path in paths if not is_within(path, above)), *others])
    )


def open_command(options: Sequence[str], folder: str, root: str | None) -> Project:
    """What Compose's global options name, from `folder`, or the environment; raises InvalidRequestFile."""
    named = list(_list_paths(options))
    files = [os.path.join(folder, path) for name, path in named if name in _FILE_OPTIONS and path != "-"]
    if not names_files(options):
        start = next((os.path.join(folder, path) for name, path in named if name == _FOLDER), folder)
        files = [*find_files(start, os.environ, [path for name, path in named if name == _ENV_FILE])]
    base = os.path.dirname(files[0]) if files else folder
    others = [os.path.join(folder, path) for _, path in named if path != "-"]
    others += [path for path in files if not is_within(path, base)]
    return Project(tuple(files), _resolve_shown([root or base, *others]))


def names_files(options: Sequence[str]) -> bool:
    return any(name in _FILE_OPTIONS for name, _ in _list_paths(options))


def _list_paths(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option that names a file or folder, with its value."""
    for option in split_words(options, GLOBAL_VALUES.__contains__, stops=False):
        if isinstance(option, TypedOption) and option.name in _PATH_OPTIONS:
            yield option.name, option.value


def _resolve_shown(paths: Sequence[str]) -> tuple[str, ...]:
    shown = dict.fromkeys(path for named in paths for path in (os.path.abspath(named), os.path.realpath(named)))
    if "/" in shown:
        raise InvalidRequestFile("the project folder is the whole host; put the project into its own folder")
    for path in shown:
        if not os.path.exists(path):
            raise InvalidRequestFile(f"{path}: does not exist")
    return tuple(shown)


@dataclass(frozen=True, slots=True)
class Reading:
    """How compose files are read. `root`: the folder that Compose may read, by default that of the file.

    `variables`: the environment in the sandbox. `env_files`, `profiles`: options of Compose. `knows_daemon`: whether
    the daemon's configuration, on which BuildKit depends, can be read.
    """

    root: str | None
    variables: Mapping[str, str]
    sandboxed: bool
    env_files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ("*",)
    knows_daemon: bool = True


def is_compose(file: str) -> bool:
    return file.endswith(_ENDINGS)


def is_yaml(data: bytes) -> bool:
    """Whether standard input is a compose file: neither it nor its first line is JSON."""
    first = next((line for line in data.splitlines() if line.strip()), b"")
    return bool(first) and not first.lstrip().startswith((b"{", b"["))


# compose-spec, build.md; docker/compose, pkg/compose/build.go. A context is a folder unless it looks like an address.
_ADDRESSES = ("git@", "github.com/")
_HOST_NETWORK, _INSECURE = "network.host", "security.insecure"
Query = list[tuple[str, str]]


def list_builds(config: str) -> Iterator[tuple[str, bytes, frozenset[str]]]:
    """Of each service with a build: its name, the envelope of its build, and the parameters that the section sets.

    `config`: the output of Compose; nothing when it is not a project.
    """
    try:
        for name, service in child(_parse_project(config), "services").items():
            section = as_object(service, name).get("build")
            if section is not None:
                query = [*_list_parameters(as_object(section, "build"))]
                yield name, _make_envelope("/build", [("version", "2"), *query]), frozenset(key for key, _ in query)
    except Refused:
        return


def make_session() -> bytes:
    """The envelope of the connection through which BuildKit gets at the files of a build."""
    return _make_envelope("/session", [])


def add_external_objects(state: State, config: str) -> None:
    """Add the networks and volumes that the project needs and does not make to the stand-in, and what it replaces."""
    project = _parse_project(config)
    state.replaced |= {(text(project, "name"), service) for service in child(project, "services")}
    for name in _list_external(project, "networks"):
        state.add_network({"Name": name, "Driver": "bridge", "Attachable": True})
    for name in _list_external(project, "volumes"):
        state.volumes[name] = {"Name": name}


def list_deployed(config: str) -> list[str]:
    """The services with limits below deploy."""
    services = child(_parse_project(config), "services")
    return [
        name
        for name, service in services.items()
        if "limits" in child(child(as_object(service, name), "deploy"), "resources")
    ]


def _list_external(project: Object, kind: str) -> Iterator[str]:
    for key, entry in child(project, kind).items():
        described = as_object(entry, key)
        if described.get("external"):
            yield text(described, "name") or key


def _parse_project(config: str) -> Object:
    try:
        return as_object(load_json(config), "")
    except (ValueError, Refused):
        return {}


def _list_parameters(section: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    context, entitlements = str(section.get("context", "")), cast("list[str]", section.get("entitlements") or [])
    network = "host" if _HOST_NETWORK in entitlements else str(section.get("network") or "")
    if "://" in context or context.startswith(_ADDRESSES):
        yield "remote", context
    if network:
        yield "networkmode", network
    if section.get("privileged") is True or _INSECURE in entitlements:
        yield "securityopt", _INSECURE
    if "shm_size" in section:
        yield "shmsize", str(section["shm_size"])
    for host in cast("list[str]", section.get("extra_hosts") or []):
        yield "extrahosts", host.replace("=", ":", 1)
    if section.get("ulimits"):
        yield "ulimits", json.dumps([*_list_ulimits(cast("Mapping[str, JSON]", section["ulimits"]))])
    for key, parameter in (("args", "buildargs"), ("labels", "labels")):
        if section.get(key):
            yield parameter, json.dumps(section[key])


def _list_ulimits(named: Mapping[str, JSON]) -> Iterator[JSON]:
    for name, value in named.items():
        both = value if isinstance(value, dict) else {"soft": value, "hard": value}
        yield {"Name": name, "Soft": both.get("soft"), "Hard": both.get("hard")}


def _make_envelope(path: str, query: Query) -> bytes:
    target = f"/v1.45{path}" + (f"?{urlencode(query)}" if query else "")
    return make_envelope(ClientRequest("POST", target, [("User-Agent", "compose/2")]))
