"""The policy that came into force last, as bytes in the state folder.

A decider that follows on one that was killed begins with these when the policy folders are invalid by then. They are
verified again as they are loaded, signatures and versions included: where they lie, they could have been changed.
"""

import base64
import errno
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from portero.files.whole_files import read_regular_file, write_whole
from portero.settings.settings import Settings
from portero.status.policy_state import Held

_FORMAT = 1
_OWNER_ONLY = 0o600
_FOLDER_MODE = 0o700
_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A policy as it was kept: its files, and the links that were in its folders."""

    files: Held
    links: tuple[str, ...]


def write(settings: Settings, held: Held, links: tuple[str, ...]) -> None:
    """Keep the policy of the site's own folders. Raises OSError; no earlier one is kept then.

    The built-in rules belong to the code that runs: the process that begins deciders has them in memory.
    """
    file = settings.last_policy
    folders = {str(path): _encode(held[path]) for path in settings.schemas}
    content = json.dumps({"format": _FORMAT, "links": links, "folders": folders}).encode()
    try:
        if len(content) > _MAX_BYTES:
            raise OSError(errno.EFBIG, f"the policy takes more than {_MAX_BYTES >> 20} MiB")
        file.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        write_whole(file, _digest(content) + b"\n" + content, _OWNER_ONLY, synced=True)
    except OSError:
        with suppress(OSError):
            file.unlink(missing_ok=True)
        raise


def read(settings: Settings) -> Kept | None:
    """The policy that was kept for these folders; None: there is none, or not in whole. Raises OSError."""
    try:
        written = read_regular_file(settings.last_policy, _MAX_BYTES + 2 * sha256().block_size)
    except FileNotFoundError:
        return None
    digest, _, content = written.partition(b"\n")
    if digest != _digest(content):
        return None
    document: dict[str, Any] = json.loads(content)
    if document["format"] != _FORMAT or {*document["folders"]} != {*map(str, settings.schemas)}:
        return None
    files = {Path(path): _decode(files) for path, files in document["folders"].items()}
    return Kept(files, tuple(document["links"]))


def _digest(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode()


def _encode(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(content).decode() for name, content in files.items()}


def _decode(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(content) for name, content in files.items()}
