"""A receiver of traces without the library that sends them: a fault with its cure, and spans wait."""

import sys
from pathlib import Path

import pytest

from portero.forwarding.ship import Shipper
from portero.forwarding.trace_receiver import TraceReceiver

from .lines import text

URL = "http://127.0.0.1:4318/v1/traces"


def test_without_the_library_there_is_a_fault_with_its_cure_and_lines_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.delitem(sys.modules, "portero.forwarding.span_sender", raising=False)
    (tmp_path / "log").write_bytes(text())
    ship = Shipper(tmp_path / "log", TraceReceiver(URL), tmp_path / "traces.json")

    assert not ship.step()
    assert ship.state.fault.startswith(f"{URL}: OpenTelemetry is not installed (")
    assert ship.state.fault.endswith("): pip install 'portero[otel]'")
    assert (ship.state.sent, ship.state.behind) == (0, len(text()))
