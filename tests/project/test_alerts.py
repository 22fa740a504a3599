"""The example alerts: they ask for metrics and labels that there are."""

import re

from portero.decision import Decision, Subject, refusal
from portero.service.metrics import Metrics
from tests.paths import ROOT

ALERTS = (ROOT / "examples" / "prometheus" / "alerts.yaml").read_text()
EXPRESSIONS = re.findall(r"expr: (?:>-\n)?\s*(.+)", ALERTS)
ASKED = re.compile(r"(portero_\w+)(?:\{(\w+)=\"([^\"]+)\"\})?")


def test_every_alert_asks_for_metrics_that_are_there_before_anything_happens() -> None:
    told = Metrics().text().decode()
    asked = [found for expression in EXPRESSIONS for found in ASKED.findall(expression)]

    assert len(asked) == len(EXPRESSIONS) - 1  # `up` is Prometheus's own
    for metric, label, value in asked:
        series = rf'^{metric}\{{.*{label}="{value}"' if label else rf"^{metric}[ {{]"
        assert re.search(series, told, re.MULTILINE), (metric, label, value)


def test_the_labels_that_alerts_ask_for_are_those_that_are_counted() -> None:
    metrics = Metrics()
    metrics.decided(
        Decision(
            id="d",
            time=0.0,
            subject=Subject(),
            violations=(refusal("internal-error", ""),),
            policy="x",
            profile="hardened",
            mode="enforce",
        ),
        0.1,
    )
    told = metrics.text().decode()

    assert 'portero_violations_total{action="deny",rule="internal-error"} 1.0' in told
    assert 'portero_decisions_total{operation="unreadable",outcome="refused"} 1.0' in told
