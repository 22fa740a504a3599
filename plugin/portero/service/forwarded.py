"""The decision log's way to another machine: the shipper under these settings, and what status and metrics say."""

from collections.abc import Iterator
from pathlib import Path

from portero.decision import instant
from portero.forwarding import state as forward_state
from portero.forwarding.destination import parse_destination
from portero.forwarding.ship import Shipper
from portero.forwarding.state import ForwardState
from portero.service.settings import Settings
from portero.types import JSON

# Seconds without a delivery, while lines wait, after which it needs attention.
_LATE = 300
_METRICS = (
    ("succeeded", "portero_forward_last_success_timestamp_seconds", "gauge", "When lines were last delivered"),
    ("sent", "portero_forward_lines_total", "counter", "Lines that were delivered"),
    ("gaps", "portero_forward_gaps_total", "counter", "Times that lines were rotated away before they could be sent"),
    ("behind", "portero_forward_behind_bytes", "gauge", "Bytes of the log's file that wait"),
)


def make_shipper(settings: Settings) -> Shipper:
    """The shipper of PORTERO_FORWARD. A note that cannot be read counts as none: all of the log is sent again."""
    state = _read_or_none(settings) or ForwardState()
    to = parse_destination(settings.forward)
    return Shipper(Path(settings.log), to, settings.forward_format, settings.forward_ca, settings.forward_state, state)


def list_notices(settings: Settings, now: float) -> Iterator[str]:
    """One sentence for each thing that needs attention; `now` in seconds since 1970."""
    if not settings.forward:
        return
    state = _read_or_none(settings)
    if state is None:
        yield "the decision log was never forwarded: start portero-agent.service"
        return
    if state.fault and now - state.succeeded > _LATE:
        since = f"since {instant(state.succeeded)}" if state.succeeded else "so far"
        yield f"the decision log is not forwarded {since}: {state.fault}"
    if state.gaps:
        yield f"lines of the decision log were gone before they could be forwarded ({state.gaps} times)"


def describe(settings: Settings) -> JSON:
    """Forwarding for the full status; empty where nothing is forwarded."""
    if not settings.forward:
        return {}
    state = _read_or_none(settings) or ForwardState()
    last = instant(state.succeeded) if state.succeeded else ""
    return {"to": settings.forward, "sent": state.sent, "gaps": state.gaps, "lastSuccess": last, "fault": state.fault}


def metrics_text(settings: Settings) -> bytes:
    """Its metrics in Prometheus's text format; none where nothing is forwarded."""
    state = _read_or_none(settings) if settings.forward else None
    if state is None:
        return b""
    values = ((name, kind, words, getattr(state, field)) for field, name, kind, words in _METRICS)
    return "".join(
        f"# HELP {name} {words}\n# TYPE {name} {kind}\n{name} {value}\n" for name, kind, words, value in values
    ).encode()


def _read_or_none(settings: Settings) -> ForwardState | None:
    try:
        return forward_state.read(settings.forward_state)
    except (OSError, ValueError):
        return None
