"""A receiver of traces: each line of the log is a span (span_sender.py), if the library for it is installed."""

from dataclasses import dataclass

from portero.forwarding.ship import LineSender


@dataclass(frozen=True, slots=True)
class TraceReceiver:
    """`url`: where it takes spans, http://127.0.0.1:4318/v1/traces for instance."""

    url: str

    @property
    def name(self) -> str:
        """Its address."""
        return self.url

    def connect(self) -> LineSender:
        """Raises OSError without the library, so that an upgrade that lost it stops nothing else of the agent."""
        try:
            from portero.forwarding.span_sender import SpanSender  # of the extra `otel`
        except ImportError as error:
            raise OSError(f"OpenTelemetry is not installed ({error}): pip install 'portero[otel]'") from error
        return SpanSender(self.url)
