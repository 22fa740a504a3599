"""The policy that came into force last, saved in the state folder.

A deciding process that replaces a killed one loads it when the policy folders are invalid by then. Signatures and
versions are verified again: where the file lies, it could have been changed.
"""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import LoadError
from portero.decide.values.json_fields import JSON
from portero.observe.files.whole_files import read_state, write_state
from portero.serve.settings.settings import Settings
from portero.serve.status.policy_state import PolicyFiles

_FORMAT = 1
_SIGNATURE = "signature.json"  # serve/signing/signature.py, which loads `cryptography`
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
    folders: dict[str, JSON] = {
        str(path): {name: base64.b64encode(data).decode() for name, data in files[path].items()}
        for path in settings.schemas
    }
    try:
        file.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        content: dict[str, JSON] = {"links": [*links], "folders": folders}
        write_state(file, _FORMAT, {"sha256": _hash_content(content), **content}, _OWNER_ONLY, _MAX_BYTES)
    except OSError:
        with suppress(OSError):
            file.unlink(missing_ok=True)
        raise


def read_saved_policy(settings: Settings) -> SavedPolicy | None:
    """The policy that was saved for these folders; None: there is none. Raises OSError, and LoadError."""
    try:
        document: Any = read_state(settings.last_policy, _FORMAT, _MAX_BYTES)
        if document is None:
            return None
        if document.pop("sha256") != _hash_content(document):
            raise ValueError
        if {*document["folders"]} != {*map(str, settings.schemas)}:
            return None
        files = {
            Path(path): {name: base64.b64decode(data, validate=True) for name, data in encoded.items()}
            for path, encoded in document["folders"].items()
        }
        return SavedPolicy(files, tuple(document["links"]))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LoadError([f"{settings.last_policy}: is not as portero writes it"]) from error


def was_signed(settings: Settings) -> bool:
    """Whether the policy that was saved for these folders had a signature; True where it cannot be read."""
    try:
        saved = read_saved_policy(settings)
    except (OSError, LoadError):
        return True
    return saved is not None and any(_SIGNATURE in files for files in saved.files.values())


def _hash_content(content: Mapping[str, JSON]) -> str:
    """A disk can lose a bit that JSON and base64 do not show."""
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
