"""Probes whether dockerd shows its plugin every body: two requests that Portero must refuse and that create nothing.

Each body has the image's name twice, which Portero always refuses (body-duplicate-name) if it sees the body. A daemon
with one of the two CVEs hides the body, and Portero then refuses the missing body instead. Where no plugin enforces,
dockerd itself refuses: there is no such image, and the memory limit is below its minimum.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from portero.dockerd.api import EngineApi
from portero.hostcheck.fact import fact, observed, unknown
from portero.hostcheck.plugin_client import count_decisions
from portero.reading.probe_requests import LONG_BYTES, TARGET, make_body
from portero.values.json_types import JSON, Fact

CVE_2024_41110 = "CVE-2024-41110"
CVE_2026_34040 = "CVE-2026-34040"

_ARRIVED = re.compile(r"\bbody-duplicate-name\b")
_HIDDEN = re.compile(r"\bbody-(missing|hidden)\b")
_TOO_LARGE = "request body too large for authorization plugin"


def facts(api: EngineApi | None, portero: Path) -> dict[str, JSON]:
    """The part `probes` of the host document. `api` None: send nothing; `portero`: Portero's socket."""
    before = _count(portero)
    probes: dict[str, JSON] = {
        # Bodies of unknown length were not shown (the condition was ContentLength > 0, and -1 stands for unknown).
        CVE_2024_41110: _probe(api, "in chunks", iter([make_body(0)])),
        CVE_2026_34040: _probe(api, "of more than 1 MiB", make_body(LONG_BYTES)),
    }
    return probes | {"arrive": _observe_arrival(portero, before, _count(portero) if api is not None else None)}


def _observe_arrival(portero: Path, before: int | None, after: int | None) -> Fact:
    """Whether this Portero decided something meanwhile: dockerd may ask another plugin of the same name."""
    at = f"decisions of the Portero at {portero}"
    return unknown(at) if before is None or after is None else fact(after > before, at)


def _count(portero: Path) -> int | None:
    try:
        return count_decisions(portero)
    except (OSError, ValueError):
        return None


def interpret(status: int, message: str) -> str:
    """fixed: the plugin saw the body; vulnerable: it did not; unguarded: no enforcing Portero answered."""
    if status == HTTPStatus.FORBIDDEN and _ARRIVED.search(message):
        return "fixed"
    if status == HTTPStatus.FORBIDDEN and _HIDDEN.search(message):
        return "vulnerable"
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and _TOO_LARGE in message:
        return "fixed"
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
        return "unguarded"
    raise ValueError(f"status {status} is not an expected one")


def _probe(api: EngineApi | None, how: str, body: bytes | Iterator[bytes]) -> Fact:
    at = f"POST /containers/create with a body {how}"
    if api is None:
        return unknown(f"{at} (not sent)")
    return observed(at, lambda: interpret(*api.post(TARGET, body)))
