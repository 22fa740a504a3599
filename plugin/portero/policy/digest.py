"""One SHA-256 digest for all the files that a policy is made of."""

from collections.abc import Sequence
from hashlib import sha256

from portero.policy.folder import Folder


def digest_of(contents: Sequence[Folder]) -> str:
    """SHA-256 over names and bytes of all files read; lengths keep two files from passing for one."""
    total = sha256()
    for folder in contents:
        for name, data in sorted(folder.data.items()):
            total.update(f"{name}\n{len(data)}\n".encode() + data)
    return total.hexdigest()
