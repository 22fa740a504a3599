"""Attack requests and their benign twins, one JSON line each, read into values and written down as bytes.

A line says what is sent (`raw_b64`, or method, path, headers and one of `body`,
`body_text`, `body_b64` and `body_template`), what is expected (`allow` or `deny`, with `rule`: by which
rule or refusal code), and how the effect shows (`probe`). `{{N}}` and its brothers stand for what only the test knows.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.paths import CORPUS

from .images import archive
from .rawhttp import render

FOLDER = CORPUS
Fill = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a corpus."""

    id: str
    kind: str
    expect: Literal["allow", "deny"]
    line: Mapping[str, Any]

    @property
    def strict(self) -> bool:
        """Only the plugin's own refusal counts: what dockerd answers here depends on the machine."""
        return bool(self.line.get("strict"))

    @property
    def policy_dependent(self) -> bool:
        """Sound policies differ about it."""
        return bool(self.line.get("policy_dependent"))

    @property
    def probe(self) -> Mapping[str, Any]:
        """How the effect shows."""
        found: Mapping[str, Any] = self.line.get("probe", {"kind": "none"})
        return found


def load(name: str) -> list[Case]:
    """Read a corpus file of this repository."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line.strip()]
    return [Case(line["id"], line["class"], line["expect"], line) for line in found]


def fill_in(text: str, known: Mapping[str, str]) -> str:
    """The text with what is known by now in the place of {{NAME}}."""
    for name, value in known.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def written(case: Case, fill: Fill) -> bytes:
    """The bytes that the case sends."""
    line = case.line
    if line.get("raw"):
        return _filled(line["raw_b64"], fill)
    return render(
        line["method"],
        fill(line["path"]),
        [(name, fill(value)) for name, value in line.get("headers", [])],
        _body(line, fill),
        chunked=line.get("chunked", False),
        protocol=line.get("proto", "HTTP/1.1"),
    )


def _filled(encoded: str, fill: Fill) -> bytes:
    return fill(base64.b64decode(encoded).decode("latin1")).encode("latin1")


def _body(line: Mapping[str, Any], fill: Fill) -> bytes | None:
    if "body_template" in line:
        return _template(line["body_template"], fill)
    if "body" in line:
        return fill(json.dumps(line["body"])).encode()
    if "body_text" in line:
        return fill(line["body_text"]).encode()
    if line.get("body_b64") is not None:
        return _filled(line["body_b64"], fill)
    return None


def _template(template: Mapping[str, Any], fill: Fill) -> bytes:
    text = fill(json.dumps(template.get("json", {})))
    match template["kind"]:
        case "pad":
            return _padded(text, template["size"], template["where"])
        case "nest":
            depth = template["depth"]
            return f'{{"{template["key"]}":{"[" * depth}{"]" * depth},{text[1:]}'.encode()
        case "bigint":
            return f'{{"{template["key"]}":{"9" * template["digits"]},{text[1:]}'.encode()
        case "buildtar":
            return archive({"Dockerfile": fill(template["dockerfile"]).encode()})
        case "plugintar":
            return archive({"config.json": fill(json.dumps(template["config"])).encode(), "rootfs/x": b"x"})
    raise ValueError(f"no such body template: {template['kind']}")


def _padded(text: str, size: int, where: str) -> bytes:
    if where == "before":
        return text.rjust(size).encode()
    if where == "after":
        return text.ljust(size).encode()
    return f'{text[:-1]},"Labels":{{"pad":"{"x" * max(0, size - len(text) - 22)}"}}}}'.encode()
