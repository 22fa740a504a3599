"""One step of a sequence, as plain data, and as the shell line that a person would type for it.

A container's settings are the API's own body, and what a person would type for it stands beside each piece: a `Piece`
is both. A step names what it acts on by short names: c0, v1, n0.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a request: the flags that people type, and the part of the body that they become.

    `body` is merged into the body of the request, its lists (`Binds`, `Mounts`) are added to those there.
    """

    flags: str
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """`user` does `kind` with `name`; what else is needed depends on the kind (see `shell_line` and play.py)."""

    user: str
    kind: str
    name: str
    pieces: Sequence[Piece] = ()
    # A container's or an exec's program, an sh script; elsewhere the one more word that the step needs.
    text: str = ""
    image: str = ""
    version: str = ""

    def body(self) -> dict[str, Any]:
        """The bodies of all pieces merged: objects field by field, lists one after the other."""
        merged: dict[str, Any] = {}
        for piece in self.pieces:
            merge(merged, piece.body)
        return merged

    @property
    def flags(self) -> str:
        return " ".join(piece.flags for piece in self.pieces if piece.flags)


def merge(into: dict[str, Any], patch: Mapping[str, Any]) -> None:
    """Merge `patch` into a body: objects field by field, lists one after the other, else the patch's value."""
    for key, value in patch.items():
        if isinstance(value, Mapping):
            merge(into.setdefault(key, {}), value)
        elif isinstance(value, list):
            into[key] = [*into.get(key, []), *value]
        else:
            into[key] = value


# The lines of each kind; of any other the kind itself is the command.
_LINES: dict[str, str] = json.loads(Path(__file__).with_name("shell-lines.json").read_text())


def shell_line(step: Step) -> str:
    """The line that a person would type for a step; what no command says is a curl on the daemon's socket."""
    version = f"DOCKER_API_VERSION={step.version} " if step.version else ""
    line = _LINES.get(step.kind, "docker {kind} {flags} {name}").format(
        kind=step.kind,
        name=step.name,
        flags=step.flags,
        image=step.image,
        text=step.text,
        script=shlex.quote(step.text),
    )
    return f"{step.user}$ {version}{' '.join(line.split())}"
