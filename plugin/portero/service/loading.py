"""From settings to a judge: the policy read from its folders, trusted or refused, and how it travels to the workers.

What was read once is kept byte for byte (`Loaded.held`), so that every worker judges by exactly what the master took.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portero import engine
from portero.engine import Engine
from portero.host.files import HostFiles
from portero.host.sockets import DaemonSockets
from portero.judging.judge import Judge
from portero.objects.networks import NetworkNames
from portero.policy import folder
from portero.policy.folder import Folder
from portero.policy.loader import Policy, PolicyBroken, Reader, load
from portero.reading.canonical import Shapes
from portero.reading.cross_check import find_mismatches
from portero.reading.routes import Operation, Routes
from portero.reading.shapes import ShapeFault
from portero.service import resources
from portero.service.settings import Settings
from portero.signing import versions
from portero.signing.signature import Manifest
from portero.signing.signed_reader import KeysBroken, Sealed, trusted_keys
from portero.signing.versions import VersionsBroken

_FIRST_PROCESS = 1

# The files of each policy folder by name, as they were read.
Held = Mapping[Path, Mapping[str, bytes]]


class Broken(Exception):
    """Portero cannot start (or reload) as it is told to; `faults` holds one line each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy ready to judge by, how its folders are signed, and the files that it was made of."""

    policy: Policy
    signed: Mapping[Path, Manifest]
    held: Held


class _Keeping:
    """A reader that remembers what it read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.held: dict[Path, Mapping[str, bytes]] = {}

    def read(self, path: Path, found: list[str]) -> Folder:
        content = self._reader(path, found)
        self.held[path] = content.data
        return content


def vouched(settings: Settings, operations: Sequence[Operation]) -> Loaded:
    """What the folders hold now; raises Broken, also when they are not signed as PORTERO_TRUSTED_KEYS asks."""
    if not settings.trusted_keys:
        return _loaded(settings, operations, folder.read, {})
    try:
        seen = {} if settings.allow_rollback == "yes" else versions.read(settings.state)
        sealed = Sealed(trusted_keys(settings.trusted_keys), resources.schemas(), seen)
        return _loaded(settings, operations, sealed.read, sealed.manifests)
    except (KeysBroken, VersionsBroken) as broken:
        raise Broken(str(broken).splitlines()) from broken


def again(settings: Settings, operations: Sequence[Operation], held: Held) -> Policy:
    """The policy of files that another process has read and vouched for; raises Broken."""
    return _policy(settings, operations, lambda path, found: folder.of(path, held[path], found))


def remember(settings: Settings, signed: Mapping[Path, Manifest]) -> None:
    """Write down which signed versions are in force from now on; raises Broken."""
    if not signed:
        return
    try:
        versions.remember(settings.state, signed, allow_rollback=settings.allow_rollback == "yes")
    except VersionsBroken as broken:
        raise Broken([str(broken)]) from broken


def judge_of(settings: Settings) -> tuple[Judge, str]:
    """The judge under these settings, its policy as it is on the disk, and the name of its engine; raises Broken."""
    routes, shapes = api()
    return judge(settings, _policy(settings, routes.operations, folder.read), routes, shapes), engine_name(settings)


def judge(settings: Settings, policy: Policy, routes: Routes, shapes: Shapes) -> Judge:
    """The judge by this policy."""
    return Judge(policy, routes, shapes, _host(settings), settings.profile, settings.mode)


def engine_name(settings: Settings) -> str:
    """The name of the engine that compiles the rules."""
    return _engine(settings).name


def api() -> tuple[Routes, Shapes]:
    """The operations of the Engine API and the shapes of their bodies; raises Broken, also when the two differ."""
    routes, shapes = _routes(), _shapes()
    if faults := list(find_mismatches(routes.operations, shapes)):
        raise Broken([f"{resources.schemas()}: {fault}" for fault in faults])
    return routes, shapes


def _loaded(
    settings: Settings, operations: Sequence[Operation], reader: Reader, signed: Mapping[Path, Manifest]
) -> Loaded:
    keeping = _Keeping(reader)
    return Loaded(_policy(settings, operations, keeping.read), signed, keeping.held)


def _policy(settings: Settings, operations: Sequence[Operation], reader: Reader) -> Policy:
    try:
        return load(settings.policy_folders, _engine(settings), operations, reader)
    except PolicyBroken as broken:
        raise Broken(broken.faults) from broken


def host_root(settings: Settings) -> str:
    """Where the host's files are visible, or none."""
    if settings.host_root != "auto":
        return str(settings.host_root)
    # A managed plugin is the first process of its container, which shows files of its own.
    return "none" if os.getpid() == _FIRST_PROCESS else "/"


def dockerds(settings: Settings, daemons: DaemonSockets) -> Sequence[str]:
    """The sockets at which dockerd may be asked for the name of a network, the best first."""
    if settings.docker_host is not None:
        return [str(settings.docker_host)]
    # Anybody can name a process dockerd and have it lie about networks; only root can make root's socket.
    return [address for address in daemons.of("dockerd") if _is_roots(address)]


def _host(settings: Settings) -> HostFiles:
    spelt = sys.getfilesystemencoding()
    if spelt != "utf-8":
        # dockerd and the kernel take names as the bytes that a client sends, which are UTF-8.
        raise Broken(
            [f"the locale spells names of files in {spelt}, dockerd in UTF-8: set PYTHONUTF8=1, or LANG=C.UTF-8"]
        )
    root = host_root(settings)
    daemons = DaemonSockets()
    names = NetworkNames(lambda: dockerds(settings, daemons))
    return HostFiles(
        "/" if root == "none" else root,
        visible=root != "none",
        sockets=[str(settings.socket)],
        own=[str(resources.package()), *(str(place.absolute()) for place in _own(settings))],
        daemons=daemons,
        name_of=names.name_of,
        daemon_config=str(settings.daemon_config),
    )


def _own(settings: Settings) -> Sequence[Path]:
    """What decides about requests, and so is no container's to write: rules, whose keys to trust, what was in force."""
    signing = (*settings.trusted_keys, settings.state) if settings.trusted_keys else ()
    return (*settings.policy_folders, *signing)


def _is_roots(address: str) -> bool:
    try:
        return os.stat(address).st_uid == 0
    except OSError:
        return False


def _engine(settings: Settings) -> Engine:
    try:
        return engine.named(settings.engine)
    except ImportError as error:
        cure = "reinstall portero, or set PORTERO_ENGINE=reference"
        raise Broken([f"cannot load the rule engine {settings.engine}: {error}; {cure}"]) from error


def _routes() -> Routes:
    file = resources.schemas() / "operations.json"
    try:
        data: Mapping[str, object] = json.loads(file.read_text(encoding="utf-8"))
        return Routes.load(data)
    except (OSError, ValueError) as error:
        raise Broken([f"{file}: {error}"]) from error


def _shapes() -> Shapes:
    folder = resources.schemas() / "api"
    try:
        return Shapes.load(folder)
    except (OSError, ShapeFault) as error:
        raise Broken([f"{folder}: {error}"]) from error
