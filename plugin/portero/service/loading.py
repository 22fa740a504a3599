"""From settings to a judge: the policy read from its folders, trusted or refused, and how it travels to the workers.

The files are kept byte for byte (`Loaded.held`), so that every worker judges by exactly what the master read.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from portero import engine
from portero.engine import Engine
from portero.errors import Faults
from portero.host.files import HostFiles
from portero.host.held_sockets import HeldSockets
from portero.host.owners import Owners
from portero.judging.judge import Judge
from portero.objects.lookup import DaemonObjects
from portero.objects.networks import NetworkNames
from portero.policy import folder
from portero.policy.folder import Folder
from portero.policy.loader import InvalidPolicy, Reader, load
from portero.policy.policy import Policy
from portero.reading.cross_check import find_mismatches
from portero.reading.routes import Operation, Routes
from portero.reading.shapes import ShapeFault, Shapes
from portero.service import own_files, resources
from portero.service.daemon_addresses import list_daemon_addresses
from portero.service.settings import Settings
from portero.service.shared_policy import Held, Notice
from portero.signing import versions
from portero.signing.manifest import Manifest
from portero.signing.versions import InvalidVersions

_FIRST_PROCESS = 1


class LoadError(Faults):
    """Portero cannot start or reload with these settings and files; `faults` holds one line each."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy ready to judge by, how its folders are signed, and the files that it was made of.

    `first_seen`: the groups of which no signed version is known to have been in force. `links`: those in the folders.
    """

    policy: Policy
    signed: Mapping[Path, Manifest]
    held: Held
    first_seen: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    def notice(self, now: float) -> Notice:
        """The notice of this policy, loaded now (seconds since 1970)."""
        return Notice(self.policy.digest, now, now, (), self.signed, self.held, self.first_seen, links=self.links)


class _Keeping:
    """A reader that remembers what it read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.held: dict[Path, Mapping[str, bytes]] = {}

    def read(self, path: Path, found: list[str]) -> Folder:
        content = self._reader(path, found)
        self.held[path] = content.data
        return content


def load_trusted(settings: Settings, operations: Sequence[Operation], held: Held | None = None) -> Loaded:
    """What the folders hold now; raises LoadError, also when they are not signed as PORTERO_TRUSTED_KEYS asks.

    `held`: the files of an earlier load. Of these the built-in ones are used: those on the disk may be of another
    version by now, and such rules may look at facts that this code does not find.
    """
    if not settings.trusted_keys:
        return _load_kept(settings, operations, _with_builtin(folder.read, held), {})
    # Both load `cryptography`, which takes its time and which no other host needs.
    from portero.service import signed_folders
    from portero.signing.signed_reader import InvalidKeys

    try:
        reader = signed_folders.new_reader(settings)
        loaded = _load_kept(settings, operations, _with_builtin(reader.read, held), reader.manifests)
        new = {manifest.group for manifest in reader.manifests.values()} - reader.seen.keys()
        return replace(loaded, first_seen=tuple(sorted(new)))
    except (InvalidKeys, InvalidVersions) as error:
        raise LoadError(str(error).splitlines()) from error


def _with_builtin(reader: Reader, held: Held | None) -> Reader:
    builtin = resources.schemas()
    if held is None:
        return reader
    files = held[builtin]
    return lambda path, found: folder.of(path, files, found) if path == builtin else reader(path, found)


def load_held(settings: Settings, operations: Sequence[Operation], held: Held) -> Policy:
    """The policy of files that the master has read and verified; raises LoadError."""
    return _load_policy(settings, operations, lambda path, found: folder.of(path, held[path], found))


def remember_versions(settings: Settings, signed: Mapping[Path, Manifest]) -> None:
    """Write down which signed versions are in force from now on; raises LoadError."""
    if not signed:
        return
    try:
        versions.remember(settings.state, signed, allow_rollback=settings.allow_rollback == "yes")
    except InvalidVersions as error:
        raise LoadError([str(error)]) from error


def judge_of(settings: Settings) -> tuple[Judge, str]:
    """The judge under these settings, its policy as it is on the disk, and the name of its engine; raises LoadError."""
    routes, shapes = api()
    policy = _load_policy(settings, routes.operations, folder.read)
    return assemble_judge(settings, policy, routes, shapes, list_links(settings)), engine_name(settings)


def assemble_judge(settings: Settings, policy: Policy, routes: Routes, shapes: Shapes, links: Sequence[str]) -> Judge:
    """The judge by this policy, with the links in its folders."""
    host = make_host(settings, policy, links)
    return Judge(policy, routes, shapes, host, settings.profile, settings.mode, audiences=settings.host_groups)


def engine_name(settings: Settings) -> str:
    """The name of the engine that compiles the rules."""
    return _engine(settings).name


def api() -> tuple[Routes, Shapes]:
    """The operations of the Engine API and the shapes of their bodies; raises LoadError, also when the two differ."""
    routes, shapes = _routes(), _shapes()
    if faults := list(find_mismatches(routes.operations, shapes)):
        raise LoadError([f"{resources.schemas()}: {fault}" for fault in faults])
    return routes, shapes


def _load_kept(
    settings: Settings, operations: Sequence[Operation], reader: Reader, signed: Mapping[Path, Manifest]
) -> Loaded:
    keeping = _Keeping(reader)
    policy = _load_policy(settings, operations, keeping.read)
    if policy.trusted.token_issuers and not settings.host_groups:
        raise LoadError(["PORTERO_HOST_GROUPS: is empty, and a token must be for one of them: name one, such as web"])
    return Loaded(policy, signed, keeping.held, links=list_links(settings))


def list_links(settings: Settings) -> tuple[str, ...]:
    """The links in the policy folders; raises LoadError."""
    try:
        return own_files.list_links(settings)
    except OSError as error:
        raise LoadError([f"{error.filename}: cannot be read ({error.strerror}): {folder.find_cure(error)}"]) from error


def _load_policy(settings: Settings, operations: Sequence[Operation], reader: Reader) -> Policy:
    try:
        return load(settings.policy_folders, _engine(settings), operations, reader)
    except InvalidPolicy as error:
        raise LoadError(error.faults) from error


def host_root(settings: Settings) -> str:
    """Where the host's files are visible, or none."""
    if settings.host_root != "auto":
        return str(settings.host_root)
    # A managed plugin is the first process of its container, which shows files of its own.
    return "none" if os.getpid() == _FIRST_PROCESS else "/"


def lacks_daemon(settings: Settings) -> bool:
    """Whether dockerd cannot be asked: a managed plugin sees no process but its own."""
    return settings.docker_host is None and _FIRST_PROCESS in (os.getpid(), os.getppid())


def make_host(settings: Settings, policy: Policy, links: Sequence[str]) -> HostFiles:
    """The host that requests are judged by; `links`: those in the policy folders."""
    spelt = sys.getfilesystemencoding()
    if spelt != "utf-8":
        # dockerd and the kernel take names as the bytes that a client sends, which are UTF-8.
        raise LoadError(
            [f"the locale spells names of files in {spelt}, dockerd in UTF-8: set PYTHONUTF8=1, or LANG=C.UTF-8"]
        )
    root = host_root(settings)
    listening = HeldSockets()
    names = NetworkNames(lambda daemon: list_daemon_addresses(settings, daemon))
    objects = DaemonObjects(lambda daemon: list_daemon_addresses(settings, daemon))
    try:
        owners = Owners()
    except OSError as error:
        raise LoadError(
            [f"{error.filename}: {error.strerror}: mount /proc, Portero reads there whose files are whose"]
        ) from error
    return HostFiles(
        None if settings.host_root == "auto" else root,
        visible=root != "none",
        sockets=[str(settings.socket)],
        own=[str(resources.package()), *own_files.list_deciding(settings)],
        links=links,
        programs=own_files.list_programs(),
        logs=own_files.list_logs(settings),
        protected=policy.protected_paths,
        listening=listening,
        owners=owners,
        new_lookup=names.new_lookup,
        lookups_fail=names.has_failed,
        daemon_config=str(settings.daemon_config) if settings.daemon_config else None,
        new_objects=objects.new_lookup if settings.lookups == "auto" else lambda find_daemon: None,
        lookup_state=objects.state if settings.lookups == "auto" else lambda: "off",
    )


def _engine(settings: Settings) -> Engine:
    try:
        return engine.named(settings.engine)
    except ImportError as error:
        cure = "reinstall portero, or set PORTERO_ENGINE=reference"
        raise LoadError([f"cannot load the rule engine {settings.engine}: {error}; {cure}"]) from error


def _routes() -> Routes:
    file = resources.schemas() / "operations.json"
    try:
        data: Mapping[str, object] = json.loads(file.read_text(encoding="utf-8"))
        return Routes.load(data)
    except (OSError, ValueError) as error:
        raise LoadError([f"{file}: {error}"]) from error


def _shapes() -> Shapes:
    folder = resources.schemas() / "api"
    try:
        return Shapes.load(folder)
    except (OSError, ShapeFault) as error:
        raise LoadError([f"{folder}: {error}"]) from error
