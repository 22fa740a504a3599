"""From settings to a judge: the policy read from its folders, trusted or refused.

The files are kept byte for byte (`Loaded.held`), so that they can be loaded again, and verified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from portero.application.judged_host import make_host
from portero.files import package_files
from portero.judging.enforcement import Enforcement
from portero.judging.judge import Judge
from portero.policy import folder
from portero.policy.folder import Folder
from portero.policy.loader import InvalidPolicy, Reader, load
from portero.policy.policy import Policy
from portero.reading.api_tables import load_api
from portero.reading.routes import Operation, Routes
from portero.reading.shapes import Shapes
from portero.settings import own_files
from portero.settings.settings import Settings
from portero.signing import versions
from portero.signing.manifest import Manifest
from portero.signing.versions import InvalidVersions
from portero.status.policy_state import Held, PolicyState
from portero.values.errors import LoadError


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

    def state(self, now: float) -> PolicyState:
        """The state of this policy, loaded now (seconds since 1970)."""
        return PolicyState(now, now, (), self.signed, self.held, self.first_seen, links=self.links)


class _Keeping:
    """A reader that remembers what it read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.held: dict[Path, Mapping[str, bytes]] = {}

    def read(self, path: Path, found: list[str]) -> Folder:
        content = self._reader(path, found)
        self.held[path] = content.data
        return content


def load_trusted(
    settings: Settings, operations: Sequence[Operation], held: Held | None = None, kept: Held | None = None
) -> Loaded:
    """What the folders hold now; raises LoadError, also when they are not signed as PORTERO_TRUSTED_KEYS asks.

    `held`: the files of an earlier load. Of these the built-in ones are used: those on the disk may be of another
    version by now, and such rules may look at facts that this code does not find. `kept`: the files to load instead of
    what the site's own folders hold now, which are not looked at.
    """
    if not settings.trusted_keys:
        reader = folder.read_folder if kept is None else partial(_read_held, kept)
        loaded = _load_kept(settings, operations, _with_builtin(reader, held), {})
        return loaded if kept is not None else replace(loaded, links=list_links(settings))
    # Both load `cryptography`, which takes its time and which no other host needs.
    from portero.application import signed_folders
    from portero.signing.signed_reader import InvalidKeys

    try:
        signed = signed_folders.new_reader(settings, kept)
        loaded = _load_kept(settings, operations, _with_builtin(signed.read, held), signed.manifests)
        new = {manifest.group for manifest in signed.manifests.values()} - signed.seen.keys()
        links = list_links(settings) if kept is None else ()
        return replace(loaded, held={**loaded.held, **signed.files}, first_seen=tuple(sorted(new)), links=links)
    except (InvalidKeys, InvalidVersions) as error:
        raise LoadError(str(error).splitlines()) from error


def _with_builtin(reader: Reader, held: Held | None) -> Reader:
    builtin = package_files.schemas()
    if held is None:
        return reader
    return lambda path, found: _read_held(held, path, found) if path == builtin else reader(path, found)


def _read_held(held: Held, path: Path, found: list[str]) -> Folder:
    return folder.parse_folder(path, held[path], found)


def remember_versions(settings: Settings, signed: Mapping[Path, Manifest]) -> None:
    """Write down which signed versions are in force from now on; raises LoadError."""
    if not signed:
        return
    try:
        versions.remember(settings.state, signed, allow_rollback=settings.allow_rollback == "yes")
    except InvalidVersions as error:
        raise LoadError([str(error)]) from error


def judge_of(settings: Settings) -> Judge:
    """The judge under these settings, its policy as it is on the disk; raises LoadError."""
    routes, shapes = load_api()
    policy = _load_policy(settings, routes.operations, folder.read_folder)
    return assemble_judge(settings, policy, routes, shapes, list_links(settings))


def assemble_judge(settings: Settings, policy: Policy, routes: Routes, shapes: Shapes, links: Sequence[str]) -> Judge:
    """The judge by this policy, with the links in its folders."""
    host = make_host(settings, policy, links)
    return Judge(policy, routes, shapes, host, Enforcement(settings.profile, settings.mode), settings.host_groups)


def _load_kept(
    settings: Settings, operations: Sequence[Operation], reader: Reader, signed: Mapping[Path, Manifest]
) -> Loaded:
    keeping = _Keeping(reader)
    policy = _load_policy(settings, operations, keeping.read)
    if policy.trusted.token_issuers and not settings.host_groups:
        raise LoadError(["PORTERO_HOST_GROUPS: is empty, and a token must be for one of them: name one, such as web"])
    return Loaded(policy, signed, keeping.held)


def list_links(settings: Settings) -> tuple[str, ...]:
    """The links in the policy folders; raises LoadError."""
    try:
        return own_files.list_links(settings)
    except OSError as error:
        raise LoadError([f"{error.filename}: cannot be read ({error.strerror}): {folder.find_cure(error)}"]) from error


def _load_policy(settings: Settings, operations: Sequence[Operation], reader: Reader) -> Policy:
    try:
        return load(settings.policy_folders, operations, reader)
    except InvalidPolicy as error:
        raise LoadError(error.faults) from error
