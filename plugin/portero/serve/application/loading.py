"""From settings to a judge: the policy read from its folders, trusted or refused.

The files are kept byte for byte (`PolicyState.files`), so that they can be loaded and verified again.
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.policy import folder
from portero.decide.policy.folder import Folder
from portero.decide.policy.policy import Policy
from portero.decide.reading.routes import Operation, Routes
from portero.decide.reading.shapes import Shapes
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.errors import LoadError
from portero.observe.files.whole_files import read_regular_file
from portero.observe.lookups.live_daemon import LiveDaemon
from portero.observe.process import package_files
from portero.observe.stores import policy_loader
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.door_key import DoorKey
from portero.observe.stores.image_store import ImageStore
from portero.observe.stores.policy_loader import Reader, load_policy
from portero.serve.application import last_policy
from portero.serve.application.judged_host import make_daemon, make_host
from portero.serve.settings import own_files
from portero.serve.settings.settings import Settings
from portero.serve.signing import versions
from portero.serve.signing.manifest import Manifest
from portero.serve.status.policy_state import PolicyFiles, PolicyState


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy ready to judge by. `unusable`: the refusal code of every request while it is; empty for none."""

    policy: Policy
    state: PolicyState
    unusable: str = ""


def load_trusted(
    settings: Settings,
    operations: Sequence[Operation],
    before: PolicyState | None = None,
    saved: PolicyFiles | None = None,
) -> Loaded:
    """What the folders hold now; raises LoadError, also when they are not signed as PORTERO_TRUSTED_KEYS asks.

    `before`: of an earlier load. Its built-in files are used again: those on the disk may be of another version by now,
    and such rules may look at facts that this code does not find. No folder may be of an older version than in it.
    `saved`: the files to load instead of what the site's own folders hold now, which are not read.
    """
    if not settings.trusted_keys:
        return _load_all(settings, operations, make_reader(saved), before, {}, has_folders=saved is None)
    # It loads `cryptography`, which takes its time and which no other host needs.
    from portero.serve.application import signed_folders

    signed = signed_folders.make_signed_reader(settings, saved, before.signed if before else None)
    loaded = _load_all(settings, operations, signed.read, before, signed.manifests, has_folders=saved is None)
    new = {manifest.group for manifest in signed.manifests.values()} - signed.seen.keys()
    is_first = bool(new) and not last_policy.was_signed(settings)
    files, groups = {**loaded.state.files, **signed.files}, tuple(sorted(new))
    return replace(loaded, state=replace(loaded.state, files=files, new_groups=groups, is_first=is_first))


def _load_all(
    settings: Settings,
    operations: Sequence[Operation],
    reader: Reader,
    before: PolicyState | None,
    signed: Mapping[Path, Manifest],
    *,
    has_folders: bool,
) -> Loaded:
    files: dict[Path, Mapping[str, bytes]] = {}
    builtin = make_reader(before.files if before else None)

    def read(path: Path, faults: list[str]) -> Folder:
        content = (builtin if path == package_files.schemas() else reader)(path, faults)
        files[path] = content.data
        return content

    policy = load_policy(settings.policy_folders, operations, read)
    if policy.trusted.token_issuers and not settings.host_groups:
        raise LoadError(["PORTERO_HOST_GROUPS: is empty, and a token must be for one of them: name one, such as web"])
    now = time.time()
    links = list_links(settings) if has_folders else ()
    return Loaded(policy, PolicyState(now, now, (), signed, files, links=links))


def remember_versions(settings: Settings, signed: Mapping[Path, Manifest], *, only_tries: bool = False) -> None:
    """Write down which signed versions are in force from now on, or `only_tries` whether they can be. LoadError."""
    if signed:
        allow_rollback = settings.allow_rollback == "yes"
        versions.remember(settings.state, signed, allow_rollback=allow_rollback, only_tries=only_tries)


def judge_of(settings: Settings, in_force: PolicyFiles | None = None, links: Sequence[str] = ()) -> Judge:
    """The judge under these settings; raises LoadError. Its policy is as on the disk, or of the files `in_force`.

    `links`: those in the folders of these files.
    """
    routes, shapes = load_api()
    if in_force is None:
        links = list_links(settings)
    policy = load_policy(settings.policy_folders, routes.operations, make_reader(in_force))
    return assemble_judge(settings, policy, routes, shapes, links, make_daemon(settings, routes))


def make_reader(in_force: PolicyFiles | None) -> Reader:
    """Reads the folders of these files from them, and all others from the disk."""

    def read(path: Path, faults: list[str]) -> Folder:
        files = in_force.get(path) if in_force is not None else None
        return policy_loader.read_folder(path, faults) if files is None else folder.parse_folder(path, files, faults)

    return read


def assemble_judge(
    settings: Settings, policy: Policy, routes: Routes, shapes: Shapes, links: Sequence[str], daemon: LiveDaemon
) -> Judge:
    """The judge by this policy, with the links in its folders."""
    host = make_host(settings, policy, links, daemon)
    enforcement = Enforcement(settings.profile, settings.mode)
    door_key = DoorKey(settings.door_key, read_regular_file)
    return Judge(
        policy, routes, shapes, host, enforcement, settings.host_groups, partial(ImageStore, settings.images), door_key
    )


def list_links(settings: Settings) -> tuple[str, ...]:
    """The links in the policy folders; raises LoadError."""
    try:
        return own_files.list_links(settings)
    except OSError as error:
        raise LoadError(
            [f"{error.filename}: cannot be read ({error.strerror}): {policy_loader.find_cure(error)}"]
        ) from error
