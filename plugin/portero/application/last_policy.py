"""The policy that came into force last, saved in the state folder.

A deciding process that replaces a killed one loads it when the policy folders are invalid by then. Signatures and
versions are verified again: where the file lies, it could have been changed.
"""

import base64
import errno
import json
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from portero.files.whole_files import read_regular_file, write_whole
from portero.settings.settings import Settings
from portero.status.policy_state import PolicyFiles

_FORMAT = 1
_SIGNATURE = "signature.json"  # signing/signature.py, which loads `cryptography`
_OWNER_ONLY = 0o600
_FOLDER_MODE = 0o700
_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class SavedPolicy:
    """The files of a policy, and the links that were in its folders."""

    files: PolicyFiles
    links: tuple[str, ...]


def save_policy(settings: Settings, files: PolicyFiles, links: tuple[str, ...]) -> None:
    """Save the policy of the site's own folders. After an OSError no earlier one is there either.

    The built-in rules belong to the code that runs: the arbiter has them in memory.
    """
    file = settings.last_policy
    folders = {
        str(path): {name: base64.b64encode(data).decode() for name, data in files[path].items()}
        for path in settings.schemas
    }
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


def read_saved_policy(settings: Settings) -> SavedPolicy | None:
    """The policy that was saved for these folders; None: there is none, or not in whole. Raises OSError."""
    try:
        text = read_regular_file(settings.last_policy, _MAX_BYTES + 2 * sha256().block_size)
    except FileNotFoundError:
        return None
    digest, _, content = text.partition(b"\n")
    if digest != _digest(content):
        return None
    document: dict[str, Any] = json.loads(content)
    if document["format"] != _FORMAT or {*document["folders"]} != {*map(str, settings.schemas)}:
        return None
    files = {
        Path(path): {name: base64.b64decode(data) for name, data in encoded.items()}
        for path, encoded in document["folders"].items()
    }
    return SavedPolicy(files, tuple(document["links"]))


def was_signed(settings: Settings) -> bool:
    """Whether the policy that was saved for these folders had a signature; True where it cannot be read."""
    try:
        saved = read_saved_policy(settings)
    except (OSError, ValueError, LookupError, TypeError):
        return True
    return saved is not None and any(_SIGNATURE in files for files in saved.files.values())


def _digest(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode()
