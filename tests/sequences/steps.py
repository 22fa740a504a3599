"""One step of a sequence, as plain data, and as the shell line that a person would type for it.

A container's settings are the API's own body, and what a person would type for it stands beside each piece: a `Piece`
is both. A step names what it acts on by short names: c0, v1, n0.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a request: the flags that people type, and the part of the body that they become.

    `lists` are added to lists of the body (`Binds`, `Mounts`), `body` is merged into it.
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


def shell_line(step: Step) -> str:
    """The line that a person would type for a step; what no command says is a curl on the daemon's socket."""
    version = f"DOCKER_API_VERSION={step.version} " if step.version else ""
    return f"{step.user}$ {version}{' '.join(_words(step).split())}"


def _words(step: Step) -> str:  # noqa: C901  one case for each kind
    name, text, flags = step.name, step.text, step.flags
    match step.kind:
        case "run":
            return f"docker run -d --name {name} {flags} {step.image} sh -c {shlex.quote(text)}"
        case "create":
            return f"docker create --name {name} {flags} {step.image} sh -c {shlex.quote(text)}"
        case "exec":
            return f"docker exec {flags} {name} sh -c {shlex.quote(text)}"
        case "volume" | "network":
            return f"docker {step.kind} create {flags} {name}"
        case "service":
            return f"docker service create --name {name} {flags} {step.image} sh -c {shlex.quote(text)}"
        case "copy-out":
            return f"docker cp {name}:{text} -"
        case "copy-in":
            return f"docker cp ./decides {name}:{text}"
        case "connect":
            return f"docker network connect {flags} {text} {name}"
        case "remove-volume":
            return f"docker volume rm {name}"
        case "checkpoint":
            return f"docker checkpoint create {flags} {name} {text}"
        case "listen":
            return f"(a program in {name} listens on {text} and answers as a volume, log and IPAM plugin)"
        case "swap":
            return f"(on the host) mv {name} {name}.old; ln -s {text} {name}"
        case "request":
            return f"curl -X {name} --unix-socket /run/docker.sock 'http://d{text}'"
        case "build":
            return f"printf {shlex.quote(text)} | DOCKER_BUILDKIT=0 docker build {flags} -"
        case "commit" | "rename":
            return f"docker {step.kind} {flags} {name} {text}"
        case _:
            return f"docker {step.kind} {flags} {name}"
