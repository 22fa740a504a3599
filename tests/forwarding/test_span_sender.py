"""Spans of decisions: joined to the client's trace, the same when sent again, and waiting while nobody listens."""

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk", reason="needs portero[otel]")

from portero.forwarding.ship import Shipper
from portero.forwarding.trace_receiver import TraceReceiver
from tests.waiting import soon

from .lines import text
from .otlp import OtlpReceiver

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    running = OtlpReceiver()
    yield running
    running.kill()


def send(receiver: OtlpReceiver, *lines: bytes) -> list[Any]:
    with closing(TraceReceiver(receiver.url).connect()) as connection:
        connection.send(lines)
    return receiver.spans


def attributes(span: Any) -> dict[str, Any]:
    return {
        each.key: [value.string_value for value in each.value.array_value.values]
        if each.value.HasField("array_value")
        else getattr(each.value, each.value.WhichOneof("value"))
        for each in span.attributes
    }


def test_a_refused_request_is_a_span_with_its_rules_and_its_time(receiver: OtlpReceiver) -> None:
    (span,) = send(receiver, text(mode="enforce"))

    assert (span.name, span.status.code, span.status.message) == ("portero ContainerCreate", 2, "refused")
    assert span.end_time_unix_nano - span.start_time_unix_nano == 300_000
    assert span.start_time_unix_nano == 1_795_532_400_123_000_000
    assert attributes(span) == {
        "portero.decision.id": "d-1",
        "portero.operation": "ContainerCreate",
        "portero.allowed": False,
        "portero.rules": ["no-privileged"],
        "portero.reported_rules": [],
        "portero.profile": "hardened",
        "portero.mode": "enforce",
        "portero.policy": "abc",
        "portero.groups": ["dev"],
        "docker.api.version": "1.45",
        "http.request.method": "POST",
        "url.path": "/v1.45/containers/create",
        "user.name": "alicia",
        "container.image.name": "busybox",
    }
    (resource,) = receiver.requests[0].resource_spans
    assert ("service.name", "portero") in [(each.key, each.value.string_value) for each in resource.resource.attributes]


def test_a_span_joins_the_clients_trace_and_without_one_has_its_own(receiver: OtlpReceiver) -> None:
    joined, alone, other = send(
        receiver, text("d-1", traceId=TRACE, parentSpanId=SPAN), text("d-2", allowed=True), text("d-3", allowed=True)
    )

    assert (joined.trace_id.hex(), joined.parent_span_id.hex()) == (TRACE, SPAN)
    assert (alone.parent_span_id, alone.status.code) == (b"", 0)
    assert len({joined.trace_id, alone.trace_id, other.trace_id}) == 3


def test_a_line_that_is_sent_twice_is_the_same_span(receiver: OtlpReceiver) -> None:
    first, second = send(receiver, text(), text())

    assert (first.trace_id, first.span_id) == (second.trace_id, second.span_id)


@pytest.mark.parametrize(
    "line",
    [b"", b"half a li", b"[]", b"{}", b'{"id": "d-1", "time": "x", "allowed": true}', b"[" * 100_000],
    ids=["empty", "torn", "list", "object", "time", "deep"],
)
def test_what_is_no_decision_has_no_span(receiver: OtlpReceiver, line: bytes) -> None:
    assert len(send(receiver, line, text())) == 1


@pytest.mark.parametrize(("trace", "span"), [("x" * 32, SPAN), (TRACE, "1"), ("", ""), (None, None), ("0" * 32, SPAN)])
def test_ids_of_another_form_begin_a_trace_of_its_own(receiver: OtlpReceiver, trace: Any, span: Any) -> None:
    (made,) = send(receiver, text(traceId=trace, parentSpanId=span))

    assert made.parent_span_id == b""
    assert any(made.trace_id)


def test_a_receiver_that_refuses_is_a_fault_with_its_reason_and_prints_nothing(
    receiver: OtlpReceiver, capfd: pytest.CaptureFixture[str]
) -> None:
    receiver.status = 401
    with closing(TraceReceiver(receiver.url).connect()) as connection, pytest.raises(ConnectionError, match="401"):
        connection.send([text()])

    assert capfd.readouterr().err == ""
    handlers = logging.getLogger("opentelemetry").handlers
    assert [handler for handler in handlers if "portero" in type(handler).__module__] == []


def test_while_the_receiver_is_away_spans_wait_and_none_is_lost(
    tmp_path: Path, receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portero.forwarding.span_sender._PATIENCE", 4.0)
    log = tmp_path / "log"
    log.write_bytes(text("d-1"))
    ship = Shipper(log, TraceReceiver(receiver.url), tmp_path / "traces.json")
    assert ship.step()
    receiver.kill()
    with log.open("ab") as more:
        more.write(text("d-2") + text("d-3"))

    assert not ship.step()
    assert (ship.state.failures, ship.state.sent) == (1, 1)
    assert "Connection refused" in ship.state.fault
    receiver.start()
    assert soon(lambda: ship.step() or ship.state.sent == 3)
    ship.close()

    assert [attributes(span)["portero.decision.id"] for span in receiver.spans] == ["d-1", "d-2", "d-3"]
    assert json.loads((tmp_path / "traces.json").read_text())["sent"] == 3
