"""The text of the metrics, which takes a library that nothing else needs."""

import subprocess
import sys

from portero.serve.status.exposition import write_metrics
from portero.serve.status.metrics import Metrics


def test_times_add_up_from_one_bound_to_the_next() -> None:
    metrics = Metrics()
    for seconds in (0.0004, 0.003, 7.0):
        metrics._add([], seconds)

    lines = write_metrics(metrics).decode().splitlines()

    buckets = [line.split()[-1] for line in lines if line.startswith("portero_decision_seconds_bucket")]
    assert buckets == ["1.0", "1.0", "1.0", *["2.0"] * 8, "3.0"]
    assert "portero_decision_seconds_sum 7.0034" in lines


def test_the_service_starts_without_the_library() -> None:
    said = "import sys, portero.serve.server.service; print('prometheus_client' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", said], text=True) == "False\n"
