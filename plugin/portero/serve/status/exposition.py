"""The metrics in Prometheus's text format.

The library takes a third of what a start of Portero costs: it is loaded with the first GET /metrics.
"""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from portero.serve.status.metrics import COUNTERS, SECONDS, Metrics


def write_metrics(metrics: Metrics) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Families(metrics))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        counts, taken, seconds = self._metrics.copy()
        for name, (description, *labels) in COUNTERS.items():
            family = CounterMetricFamily(f"portero_{name}", description, labels=labels)
            for (_, *values), count in ((event, count) for event, count in counts.items() if event[0] == name):
                family.add_metric(values, count)
            yield family
        for name, description, value in self._metrics.list_gauges():
            yield GaugeMetricFamily(f"portero_{name}", description, value)
        bounds = (floatToGoString(bound) for bound in SECONDS)  # type: ignore[no-untyped-call]
        buckets = [*zip(bounds, accumulate(taken), strict=True)]
        yield HistogramMetricFamily("portero_decision_seconds", "Time per decision", buckets, seconds)
