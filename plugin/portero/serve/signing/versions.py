"""Remembers which signed version was in force for each group of hosts, so that an older one put back is noticed.

A state file that cannot be read is an error, or rollback protection is lost. It goes by the group that a folder is
signed for, not by its path: another path of the same folder is no way around it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from portero.decide.values.dataclass import asdict, dataclass
from portero.decide.values.errors import LoadError
from portero.decide.values.json_fields import JSON, need
from portero.observe.files.locks import lock_folder
from portero.observe.files.whole_files import read_state, try_to_make, write_state
from portero.serve.signing.manifest import Manifest

FORMAT = 2
_OWNER_ONLY = 0o600
_FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Seen:
    """What was in force: a version, and which files it had."""

    version: int
    content: str


def find_fault(seen: Mapping[str, Seen], manifest: Manifest) -> str | None:
    """Why this manifest must not follow on what was in force for its group; None when it may."""
    last = seen.get(manifest.group)
    if last is None or manifest.version > last.version:
        return None
    if manifest.version < last.version:
        return f"is version {manifest.version}, and version {last.version} was in force before: {_CURE}"
    if manifest.content != last.content:
        return f"is another version {manifest.version} than the one that was in force before: {_CURE}"
    return None


def list_seen(manifests: Mapping[Path, Manifest]) -> dict[str, Seen]:
    """What is in force with these manifests, by group."""
    return {one.group: Seen(one.version, one.content) for one in manifests.values()}


def read_versions(file: Path) -> dict[str, Seen]:
    """What was in force, by group; empty before the first time. Raises LoadError."""
    try:
        document = read_state(file, FORMAT)
        groups = cast(dict[str, dict[str, JSON]], document["groups"] if document is not None else {})
        return {name: Seen(need(entry, "version", int), need(entry, "content", str)) for name, entry in groups.items()}
    except OSError as error:
        raise LoadError([f"{file}: cannot be read ({error.strerror}): fix its permissions"]) from error
    except ValueError as error:
        raise LoadError([f"{error}: {_FORGET}"]) from error
    except (LookupError, TypeError, AttributeError) as error:
        raise LoadError([f"{file}: is not as portero writes it: {_FORGET}"]) from error


def remember(file: Path, manifests: Mapping[Path, Manifest], *, allow_rollback: bool, only_tries: bool = False) -> None:
    """Write down what is in force now, unless something newer was. Raises LoadError.

    `only_tries`: it is written beside the file, and removed: whether it could be.
    """
    try:
        if only_tries and try_to_make(file.parent):
            return
        file.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        with lock_folder(file.parent):
            seen = read_versions(file)
            for folder, manifest in manifests.items():
                if not allow_rollback and (why := find_fault(seen, manifest)):
                    raise LoadError([f"{folder}: {why}"])
            now = list_seen(manifests)
            if any(seen.get(group) != one for group, one in now.items()):
                groups: JSON = {group: asdict(one) for group, one in sorted((seen | now).items())}
                target = file.with_name(f".{file.name}.try") if only_tries else file
                write_state(target, FORMAT, {"groups": groups}, _OWNER_ONLY)
                if only_tries:
                    target.unlink()
    except OSError as error:
        raise LoadError([f"{file}: cannot be written ({error.strerror}): choose another PORTERO_STATE"]) from error


_CURE = "sign it with a higher version, or let it pass once with PORTERO_ALLOW_ROLLBACK=yes"
_FORGET = "restore it, or remove it to forget which versions were in force"
