"""The policy bundle of this host: what status and metrics say of it."""

from collections.abc import Iterator

from portero.bundles import state as bundle_state
from portero.bundles.state import BundleState
from portero.instants import instant
from portero.service.settings import Settings
from portero.types import JSON

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
        state = bundle_state.read(settings.bundle_folder)
    except (OSError, ValueError):
        yield f"{bundle_state.place(settings.bundle_folder)}: cannot be read: how old the policy is is unknown"
        return
    if state is None:
        yield "no bundle was ever fetched: start portero-bundle.timer"
    elif state.refused:
        yield f"a bundle was refused, the last good one stays: {state.fault}"
    # A pull of the future was noted before the clock was set back, and says nothing of how fresh the policy is.
    elif abs(now - state.succeeded) > settings.bundle_max_age:
        since = f"since {instant(state.succeeded)}" if state.succeeded else "so far"
        yield f"no pull of a bundle went well {since}: {state.fault or 'portero-bundle.timer does not run'}"


def describe(settings: Settings) -> JSON:
    """The bundle for the full status; empty where none is followed."""
    if not settings.bundle:
        return {}
    state = _read_or_none(settings) or BundleState()
    return {
        "address": settings.bundle,
        "for": state.group,
        "version": state.version,
        "lastSuccess": instant(state.succeeded) if state.succeeded else "",
        "lastTried": instant(state.tried) if state.tried else "",
        "fault": state.fault,
    }


def metrics_text(settings: Settings) -> bytes:
    """Its metrics in Prometheus's text format; none where no bundle is followed or its state cannot be read."""
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
        return bundle_state.read(settings.bundle_folder)
    except (OSError, ValueError):
        return None
