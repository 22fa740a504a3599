"""What leaves the host by way of the decision log: lines to a receiver of syslog, spans to a receiver of traces.

The shippers under these settings, and what status and metrics say of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portero.forwarding import state as forward_state
from portero.forwarding.state import ForwardState
from portero.instants import instant
from portero.service.settings import Settings
from portero.types import JSON

if TYPE_CHECKING:
    from portero.forwarding.ship import Receiver, Shipper

# Seconds without a delivery, while lines wait, after which it needs attention.
_LATE = 300
_METRICS = (
    ("succeeded", "last_success_timestamp_seconds", "gauge", "When lines were last delivered"),
    ("sent", "lines_total", "counter", "Lines that were delivered"),
    ("gaps", "gaps_total", "counter", "Times that lines were rotated away before they could be sent"),
    ("behind", "behind_bytes", "gauge", "Bytes of the log's file that wait"),
)


@dataclass(frozen=True, slots=True)
class _Way:
    """`setting`: its name, and that of its metrics; `what` goes to `to`; `file`: where its state is kept."""

    setting: str
    what: str
    to: str
    file: Path


def _list_ways(settings: Settings) -> Iterator[_Way]:
    if settings.forward:
        yield _Way("forward", "the decision log", settings.forward, settings.forward_state)
    if settings.traces:
        beside = settings.forward_state.with_suffix(".traces.json")
        yield _Way("traces", "the trace of decisions", settings.traces, beside)


def make_shippers(settings: Settings) -> "list[Shipper]":
    """One for each receiver. A note that cannot be read counts as none: all of the log is sent again."""
    from portero.forwarding.ship import Shipper  # another process than the server ships

    return [
        Shipper(Path(settings.log), _make_receiver(way, settings), way.file, _read_or_none(way) or ForwardState())
        for way in _list_ways(settings)
    ]


def _make_receiver(way: _Way, settings: Settings) -> "Receiver":
    if way.setting == "forward":
        from portero.forwarding.destination import parse_destination
        from portero.forwarding.syslog_receiver import SyslogReceiver

        return SyslogReceiver(parse_destination(way.to), settings.forward_format, settings.forward_ca)
    from portero.forwarding.trace_receiver import TraceReceiver

    return TraceReceiver(way.to)


def list_notices(settings: Settings, now: float) -> Iterator[str]:
    """One sentence for each thing that needs attention; `now` in seconds since 1970."""
    for way in _list_ways(settings):
        state = _read_or_none(way)
        if state is None:
            yield f"{way.what} was never forwarded: start portero-agent.service"
            continue
        # A success of the future was noted before the clock was set back.
        if state.fault and abs(now - state.succeeded) > _LATE:
            since = f"since {instant(state.succeeded)}" if state.succeeded else "so far"
            yield f"{way.what} is not forwarded {since}: {state.fault}"
        if state.gaps:
            yield f"lines of {way.what} were gone before they could be forwarded ({state.gaps} times)"


def describe(settings: Settings) -> dict[str, JSON]:
    """Each way for the full status, by its setting; an empty value where nothing is sent."""
    described: dict[str, JSON] = {"forward": {}, "traces": {}}
    for way in _list_ways(settings):
        state = _read_or_none(way) or ForwardState()
        last = instant(state.succeeded) if state.succeeded else ""
        described[way.setting] = {
            "to": way.to,
            "sent": state.sent,
            "gaps": state.gaps,
            "lastSuccess": last,
            "fault": state.fault,
        }
    return described


def metrics_text(settings: Settings) -> bytes:
    """Their metrics in Prometheus's text format; none where nothing was sent yet."""
    return "".join(
        f"# HELP {name} {words}\n# TYPE {name} {kind}\n{name} {getattr(state, field)}\n"
        for way in _list_ways(settings)
        if (state := _read_or_none(way)) is not None
        for field, end, kind, words in _METRICS
        for name in [f"portero_{way.setting}_{end}"]
    ).encode()


def _read_or_none(way: _Way) -> ForwardState | None:
    try:
        return forward_state.read(way.file)
    except (OSError, ValueError):
        return None
