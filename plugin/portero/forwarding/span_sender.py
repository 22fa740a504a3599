"""Lines of the log as spans, sent with OpenTelemetry's protocol over HTTP (OTLP).

The service that decides knows nothing of it. A span has its IDs from the line alone, so that one that is sent twice is
the same span: it joins the client's trace where there was one, else it is a trace of its own.
"""

import json
import logging
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags, set_span_in_context

from portero import __version__

_PATIENCE = 10.0
_LONGEST_FAULT = 300
_ID = re.compile(r"[0-9a-f]+")
# Attribute -> field of the line.
_TEXTS = {
    "portero.decision.id": "id",
    "portero.operation": "operation",
    "portero.profile": "profile",
    "portero.mode": "mode",
    "portero.policy": "policy",
    "docker.api.version": "apiVersion",
    "http.request.method": "method",
    "url.path": "path",
    "user.name": "user",
    "container.image.name": "image",
}


class _Ids(IdGenerator):
    """Hands out the IDs of the span that is made next."""

    trace = span = 1

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span


class SpanSender:
    """Sends to `url`. No connection is made before the first spans."""

    def __init__(self, url: str) -> None:
        self._exporter = OTLPSpanExporter(url, timeout=_PATIENCE)
        self._reason = _Reason()
        self._ids = _Ids()
        self._made = InMemorySpanExporter()
        host = {"service.name": "portero", "service.version": __version__, "host.name": socket.gethostname()}
        provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource.create(host), shutdown_on_exit=False, id_generator=self._ids
        )
        provider.add_span_processor(SimpleSpanProcessor(self._made))
        self._tracer = provider.get_tracer("portero", __version__)

    def send(self, lines: Sequence[bytes]) -> None:
        """Send a span for each line; raises OSError when they were not taken."""
        self._made.clear()
        self._reason.first = ""
        for line in lines:
            self._make_span(line)
        spans = self._made.get_finished_spans()
        if spans and self._exporter.export(spans) is not SpanExportResult.SUCCESS:
            raise ConnectionError(self._reason.first or "the spans were not taken")

    def close(self) -> None:
        """Let go of it."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # has no types
        self._reason.close()

    def _make_span(self, data: bytes) -> None:
        """A line that is none of the decision log has no span."""
        try:
            line = json.loads(data)
            own = sha256(str(line["id"]).encode()).digest()
            begin = int(datetime.fromisoformat(line["time"]).timestamp() * 1000) * 1_000_000
            end = begin + int(line["microseconds"]) * 1000
            attributes = dict(_list_attributes(line))
            parent = _find_parent(line)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return
        self._ids.trace, self._ids.span = int.from_bytes(own[:16]) or 1, int.from_bytes(own[16:24]) or 1
        context = set_span_in_context(NonRecordingSpan(parent)) if parent else None
        name = f"portero {line.get('operation') or 'unreadable'}"
        span = self._tracer.start_span(name, context, attributes=attributes, start_time=begin)
        if line.get("allowed") is not True:
            span.set_status(Status(StatusCode.ERROR, "refused"))
        span.end(end)


def _find_parent(line: Mapping[str, object]) -> SpanContext | None:
    """The client's span; whether the client wants to be traced is its own business, a decision has a span."""
    trace, span = str(line.get("traceId", "")), str(line.get("parentSpanId", ""))
    if len(trace) != 32 or len(span) != 16 or not _ID.fullmatch(trace + span):
        return None
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _list_attributes(line: Mapping[str, object]) -> Iterator[tuple[str, str | bool | int | list[str]]]:
    yield from ((name, str(line[key])) for name, key in _TEXTS.items() if line.get(key))
    yield "portero.allowed", line["allowed"] is True
    if line.get("groups"):
        yield "portero.groups", [str(group) for group in _list(line["groups"])]
    if "alike" in line:
        yield "portero.alike", int(str(line["alike"]))
    violations = [entry for entry in _list(line.get("violations")) if isinstance(entry, dict)]
    refusing = dict.fromkeys(str(entry.get("rule")) for entry in violations if entry.get("action") == "deny")
    others = dict.fromkeys(str(entry.get("rule")) for entry in violations if entry.get("action") != "deny")
    yield "portero.rules", [*refusing]
    yield "portero.reported_rules", [*others]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


class _Reason(logging.Handler):
    """Keeps what the library logs first about a failure: its result has no reason. Nothing else prints it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""
        self._logger = logging.getLogger("opentelemetry")
        self._logger.propagate = False
        self._logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.first = self.first or record.getMessage()[:_LONGEST_FAULT]

    def close(self) -> None:
        self._logger.removeHandler(self)
        super().close()
