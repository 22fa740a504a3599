"""Requests as dockerd posts them, and files of a site, for tests of the judge."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portero.decide.decision import Decision


def envelope(method: str, target: str, body: object = None, **changed: object) -> bytes:
    """One call, with a body if there is one; `changed`: other values of the envelope."""
    document: dict[str, object] = {"RequestMethod": method, "RequestUri": target, "RequestHeaders": {}}
    if body is not None:
        data = json.dumps(body).encode()
        document["RequestHeaders"] = {"Content-Type": "application/json", "Content-Length": str(len(data))}
        document["RequestBody"] = base64.b64encode(data).decode()
    return json.dumps(document | changed).encode()


def list_refusing(decision: Decision) -> list[str]:
    """The rules that refuse."""
    return [violation.rule for violation in decision.denials]


def write_files(folder: Path, files: Mapping[str, Any]) -> Path:
    """A policy folder with these files, of bytes or of JSON."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return folder


def make_exception(rules: list[str], **match: object) -> dict[str, object]:
    """An exception file for requests with these properties."""
    return {
        "$schema": "../exception.json",
        "dialect": 2,
        "rules": rules,
        "match": {"properties": match},
        "reason": "It needs them.",
        "owner": "team",
        "expires": "2999-12-31",
    }
