"""The example alerts: they ask for metrics and labels that there are."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from portero.decide.decision import make_refusal
from portero.serve.settings.settings import Settings
from portero.serve.status import bundle_state
from portero.serve.status.bundle_state import BundleState
from portero.serve.status.exposition import write_metrics
from portero.serve.status.metrics import Metrics
from tests.decided import decided
from tests.paths import ROOT

ALERTS = (ROOT / "examples" / "prometheus" / "alerts.yaml").read_text()
EXPRESSIONS = re.findall(r"expr: (?:>-\n)?\s*(.+)", ALERTS)
ASKED = re.compile(r"(portero_\w+)(?:\{(\w+)=\"([^\"]+)\"\})?")


def told_at_the_start(folder: Path) -> str:
    """All metrics of a Portero with a bundle, before anything happens."""
    given = {
        "bundle": "oci://127.0.0.1:5000/p:prod",
        "bundle_folder": str(folder),
        "trusted_keys": "/etc/portero/alice.pub",
        "host_groups": "web",
        "log": "/var/log/portero/decisions.jsonl",
    }
    settings = Settings.read({}, given)
    bundle_state.write_bundle_state(settings.bundle_folder, BundleState())
    return (write_metrics(Metrics()) + bundle_state.make_metrics(settings)).decode()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool: apt-get install prometheus")
def test_the_alerts_fire_when_they_should() -> None:
    words = ["promtool", "test", "rules", ROOT / "examples" / "prometheus" / "alerts.test.yaml"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_panel_of_the_dashboard_asks_for_metrics_that_are_there(tmp_path: Path) -> None:
    dashboard = json.loads((ROOT / "examples" / "grafana" / "portero.json").read_text())
    told = told_at_the_start(tmp_path)
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    names = {name for expression in expressions for name in re.findall(r"portero_\w+", expression)}

    assert len(expressions) > 10
    assert [name for name in sorted(names) if not re.search(rf"^(# TYPE )?{name}[ {{]", told, re.MULTILINE)] == []
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_every_alert_asks_for_metrics_that_are_there_before_anything_happens(tmp_path: Path) -> None:
    told = told_at_the_start(tmp_path)
    asked = [ASKED.findall(expression) for expression in EXPRESSIONS]

    assert len([found for found in asked if not found]) == 1  # `up` is Prometheus's own
    for metric, label, value in (found for one in asked for found in one):
        series = rf'^{metric}\{{.*{label}="{value}"' if label else rf"^{metric}[ {{]"
        assert re.search(series, told, re.MULTILINE), (metric, label, value)


def test_the_labels_that_alerts_ask_for_are_those_that_are_counted() -> None:
    metrics = Metrics()
    metrics.decided(decided(make_refusal("internal-error", "")), 0.1)
    told = write_metrics(metrics).decode()

    assert 'portero_violations_total{action="deny",rule="internal-error"} 1.0' in told
    assert 'portero_decisions_total{operation="unreadable",outcome="refused"} 1.0' in told
