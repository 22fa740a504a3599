"""What a signed policy folder claims: which files it holds, in which version, for which hosts, by whose key.

Plain values, without keys (signature.py makes and verifies signatures): most hosts have no signed folder, and need not
load `cryptography`.
"""

import base64
import json
from collections.abc import Mapping
from hashlib import sha256

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON

FORMAT = 2

# What is signed begins with these words, so that a signature made for anything else never fits a policy.
_PURPOSE = b"portero policy folder\n"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a signature vouches for.

    `key`: the signer's key id; `group`: the hosts that it is for; `files`: SHA-256 by name below the folder.
    """

    version: int
    date: str
    key: str
    group: str
    files: Mapping[str, str]

    @property
    def content(self) -> str:
        """The same for two manifests exactly when they are about the same files."""
        return sha256(_encode_compact(dict(self.files))).hexdigest()

    def encode_signed(self) -> bytes:
        return _PURPOSE + _encode_compact(self._make_document())

    def encode_with(self, signature: bytes) -> bytes:
        document = self._make_document() | {"signature": base64.b64encode(signature).decode()}
        return json.dumps(document, indent=2, ensure_ascii=True).encode() + b"\n"

    def _make_document(self) -> dict[str, JSON]:
        files: dict[str, JSON] = {name: self.files[name] for name in sorted(self.files)}
        return {
            "format": FORMAT,
            "for": self.group,
            "version": self.version,
            "date": self.date,
            "key": self.key,
            "files": files,
        }


def _encode_compact(document: Mapping[str, JSON] | Mapping[str, str]) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()
