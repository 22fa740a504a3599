"""Passes the policy's files from the master to its workers, in memory that only they share.

The master writes a notice, every worker reads it. Nothing is in a file system, where a container might reach it. A
notice that is only half written is ignored.
"""

import base64
import json
import os
import select
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from portero.signing.manifest import Manifest

# The files of each policy folder by name, as they were read.
Held = Mapping[Path, Mapping[str, bytes]]

_NUMBER = 8
_DIGEST = 32
# A notice that is only half written is looked at again after so many seconds.
_SOON = 0.1


@dataclass(frozen=True, slots=True)
class Notice:
    """The policy in force, when it was loaded, when its folders were last read, and their faults then.

    `first_seen`: groups of which no signed version was known before; `changing`: since when the folders keep changing.
    `links`: those in the folders.
    """

    policy: str
    loaded: float
    tried: float
    faults: tuple[str, ...]
    signed: Mapping[Path, Manifest]
    held: Held
    first_seen: tuple[str, ...] = ()
    changing: float | None = None
    links: tuple[str, ...] = ()

    def text(self) -> bytes:
        """The notice as bytes."""
        document = {
            "policy": self.policy,
            "loaded": self.loaded,
            "tried": self.tried,
            "faults": self.faults,
            "signed": {str(path): _written(manifest) for path, manifest in self.signed.items()},
            "firstSeen": self.first_seen,
            "changing": self.changing,
            "links": self.links,
            "held": {str(path): _encoded(files) for path, files in self.held.items()},
        }
        return json.dumps(document).encode()

    @classmethod
    def of(cls, text: bytes) -> "Notice":
        """The notice in this text."""
        document: dict[str, Any] = json.loads(text)
        return cls(
            document["policy"],
            document["loaded"],
            document["tried"],
            tuple(document["faults"]),
            {Path(path): Manifest(**manifest) for path, manifest in document["signed"].items()},
            {Path(path): _decoded(files) for path, files in document["held"].items()},
            tuple(document["firstSeen"]),
            document["changing"],
            tuple(document["links"]),
        )


class Bulletin:
    """The memory that holds the notice. It is made before the workers, which inherit it."""

    def __init__(self) -> None:
        self._file = os.memfd_create("portero-policy", os.MFD_CLOEXEC)
        self._number = 0
        # Who has read notice N waits at the pipe N % 2. Notice N + 1 puts a byte there, which wakes all who wait and is
        # left there until notice N + 2 is about to be put.
        self._pipes = [os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) for _ in range(2)]

    def put(self, notice: Notice) -> None:
        """Replace the notice."""
        self._number += 1
        _empty(self._pipes[self._number % 2][0])
        content = self._number.to_bytes(_NUMBER, "big") + notice.text()
        written = memoryview(sha256(content).digest() + content)
        os.ftruncate(self._file, len(written))
        done = 0
        while done < len(written):
            done += os.pwrite(self._file, written[done:], done)
        os.write(self._pipes[(self._number - 1) % 2][1], b"!")

    def wait(self, seconds: float) -> None:
        """Until there may be news, at most so long. It wakes up for nothing else."""
        if self._is_read():
            select.select([self._pipes[self._number % 2][0]], [], [], seconds)
        else:
            time.sleep(_SOON)

    def news(self) -> Notice | None:
        """The notice, when it is new to this process."""
        if self._is_read():
            return None
        written = os.pread(self._file, os.fstat(self._file).st_size, 0)
        digest, content = written[:_DIGEST], written[_DIGEST:]
        if len(content) < _NUMBER or sha256(content).digest() != digest:
            return None
        self._number = int.from_bytes(content[:_NUMBER], "big")
        return Notice.of(content[_NUMBER:])

    def _is_read(self) -> bool:
        number = os.pread(self._file, _NUMBER, _DIGEST)
        return number == (self._number.to_bytes(_NUMBER, "big") if self._number else b"")


def _empty(pipe: int) -> None:
    with suppress(BlockingIOError):
        os.read(pipe, 1)


def _written(manifest: Manifest) -> dict[str, object]:
    return {
        "version": manifest.version,
        "date": manifest.date,
        "key": manifest.key,
        "group": manifest.group,
        "files": dict(manifest.files),
    }


def _encoded(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(content).decode() for name, content in files.items()}


def _decoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(content) for name, content in files.items()}
