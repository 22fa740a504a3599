"""The headers that the docker command line sends with every request: HttpHeaders in its config.json.

Everything else in the file is kept. It is written whole or not at all, for its owner alone: it holds a token.
"""

import json
from pathlib import Path
from typing import cast

from portero.cli.replaced_file import replace_file
from portero.regular_file import read_regular_file
from portero.types import JSON

_HEADERS = "HttpHeaders"
_OWNER_ONLY, _FOLDER_MODE = 0o600, 0o700


class InvalidDockerConfig(Exception):
    """One sentence: why the file cannot be changed, and the cure."""


def set_header(file: Path, name: str, value: str | None) -> bool:
    """Send the header from now on, or no more (None). Whether anything changed. Raises InvalidDockerConfig, OSError."""
    config = _read(file)
    headers = config.get(_HEADERS) or {}
    if not isinstance(headers, dict):
        raise InvalidDockerConfig(f"{file}: {_HEADERS} is no object: write it as {{...}}, or remove it")
    # dockerd takes the last of those that differ in case only.
    kept = {other: text for other, text in headers.items() if other.lower() != name.lower()}
    if value is None and len(kept) == len(headers):
        return False
    changed: dict[str, JSON] = kept if value is None else {**kept, name: value}
    config = {key: entry for key, entry in config.items() if key != _HEADERS} | ({_HEADERS: changed} if changed else {})
    file.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    replace_file(file, json.dumps(config, indent="\t").encode() + b"\n", _OWNER_ONLY)
    return True


def _read(file: Path) -> dict[str, JSON]:
    try:
        content = read_regular_file(file)
    except FileNotFoundError:
        return {}
    try:
        # As docker reads it; an empty file is an empty configuration.
        config = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        raise InvalidDockerConfig(f"{file}: is not JSON: fix it, or move it away") from None
    if not isinstance(config, dict):
        raise InvalidDockerConfig(f"{file}: is no JSON object: fix it, or move it away")
    return cast("dict[str, JSON]", config)
