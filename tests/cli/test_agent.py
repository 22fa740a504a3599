"""`portero agent`."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from portero.cli import main


def test_without_work_it_has_nothing_to_do() -> None:
    result = CliRunner().invoke(main, ["agent"])

    assert (result.exit_code, result.output) == (
        0,
        "PORTERO_BUNDLE, PORTERO_FORWARD and PORTERO_TRACES are empty: there is nothing to do\n",
    )


def test_traces_without_the_library_are_told_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.delitem(sys.modules, "portero.forwarding.trace_receiver", raising=False)
    environ = {
        "PORTERO_LOG": str(tmp_path / "log"),
        "PORTERO_FORWARD_STATE": str(tmp_path / "forward.json"),
        "PORTERO_TRACES": "http://127.0.0.1:4318/v1/traces",
    }
    result = CliRunner().invoke(main, ["agent"], env=environ)

    assert result.exit_code == 2
    assert "PORTERO_TRACES: needs OpenTelemetry" in result.stderr
    assert "pip install 'portero[otel]'" in result.stderr
