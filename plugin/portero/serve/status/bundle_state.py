"""How the last pull of a policy bundle went: a file that `portero bundle pull` writes, for status and metrics."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from portero.decide.values.dataclass import asdict, dataclass, fields
from portero.decide.values.json_fields import JSON
from portero.decide.values.times import format_instant
from portero.observe.files.whole_files import read_state, write_state
from portero.serve.settings.settings import Settings

_FORMAT = 1
_NAME = "state.json"
_MODE = 0o644
# In the year 2286.
_LATEST = 9_999_999_999
_MAX_NUMBER = 1 << 53


@dataclass(frozen=True, slots=True)
class BundleState:
    """Times in seconds since 1970, 0 for never. `mark`: of the fetched bundle. `refused`: whether it is not trusted."""

    mark: str = ""
    group: str = ""
    version: int = 0
    succeeded: float = 0.0
    tried: float = 0.0
    failures: int = 0
    fault: str = ""
    refused: bool = False


def locate(folder: Path) -> Path:
    return folder / _NAME


def read_bundle_state(folder: Path) -> BundleState | None:
    """The state; None before the first pull. Raises OSError and ValueError."""
    document = read_state(locate(folder), _FORMAT)
    if document is None:
        return None
    types = {field.name: type(field.default) for field in fields(BundleState)}
    if {name: type(value) for name, value in document.items()} != types:
        raise ValueError(f"{locate(folder)}: is not as portero writes it")
    # The account that fetches bundles writes it. Infinity is no time, and NaN would never be too old.
    limits = {int: _MAX_NUMBER, float: _LATEST}
    numbers = [(value, limits[type(value)]) for value in document.values() if type(value) in limits]
    if not all(0 <= cast(float, value) <= limit for value, limit in numbers):
        raise ValueError(f"{locate(folder)}: is not as portero writes it")
    return BundleState(**cast(dict[str, Any], document))


def write_bundle_state(folder: Path, state: BundleState) -> None:
    """Replace the state in one step. Raises OSError."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_state(locate(folder), _FORMAT, asdict(state), _MODE)


_GAUGES = (
    ("succeeded", "portero_bundle_last_success_timestamp_seconds", "When the last pull of a bundle went well"),
    ("version", "portero_bundle_version", "The version of the bundle that was fetched last"),
    ("failures", "portero_bundle_failures", "Pulls of a bundle that failed since the last one that went well"),
)


def list_notices(settings: Settings, now: float) -> Iterator[str]:
    """One sentence for each thing about the bundle that needs attention; `now` in seconds since 1970."""
    if not settings.bundle:
        return
    try:
        state = read_bundle_state(settings.bundle_folder)
    except (OSError, ValueError):
        yield f"{locate(settings.bundle_folder)}: cannot be read: how old the policy is is unknown"
        return
    if state is None:
        yield "no bundle was ever fetched: start portero-bundle.timer"
    elif state.refused:
        yield f"a bundle was refused, the last good one stays: {state.fault}"
    # A pull of the future happened before the clock was set back: how old the policy is is then unknown.
    elif abs(now - state.succeeded) > settings.bundle_max_age:
        since = f"since {format_instant(state.succeeded)}" if state.succeeded else "so far"
        yield f"no pull of a bundle went well {since}: {state.fault or 'portero-bundle.timer does not run'}"


def describe(settings: Settings) -> JSON:
    """The bundle for the full status; empty without PORTERO_BUNDLE."""
    if not settings.bundle:
        return {}
    state = _read_or_none(settings) or BundleState()
    return {
        "address": settings.bundle,
        "for": state.group,
        "version": state.version,
        "lastSuccess": format_instant(state.succeeded) if state.succeeded else "",
        "lastAttempt": format_instant(state.tried) if state.tried else "",
        "fault": state.fault,
    }


def make_metrics(settings: Settings) -> bytes:
    """Its metrics in Prometheus's text format; none without PORTERO_BUNDLE, or when its state cannot be read."""
    state = _read_or_none(settings) if settings.bundle else None
    if state is None:
        return b""
    lines = (
        f"# HELP {name} {words}\n# TYPE {name} gauge\n{name} {getattr(state, field)}\n"
        for field, name, words in _GAUGES
    )
    return "".join(lines).encode()


def _read_or_none(settings: Settings) -> BundleState | None:
    try:
        return read_bundle_state(settings.bundle_folder)
    except (OSError, ValueError):
        return None
