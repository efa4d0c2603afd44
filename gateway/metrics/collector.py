"""The counts and gauges of one lab as Prometheus's client library takes them."""

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.metrics.counts import Children, Counts
from gateway.metrics.metrics import Gauge
from gateway.metrics.table import COUNTED, EVENTS, HTTP_REQUESTS, HTTP_SECONDS, TIMED


class LabCollector(Collector):
    """Yields the families of one lab."""

    def __init__(self, counts: Counts, gauges: Sequence[Gauge]) -> None:
        self._counts = counts
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Yield every family, with those that have no child yet."""
        counts = self._counts
        yield _counter(*EVENTS, {(kind,): count for kind, count in counts.events().items()})
        for counted in COUNTED:
            yield _counter(counted.name, counted.help, counted.labels, counts.children(counted))
        for timed in TIMED:
            yield _histogram(timed.name, timed.help, timed.labels, counts.histograms[timed.name])
        yield _counter(*HTTP_REQUESTS, counts.requests)
        yield _histogram(*HTTP_SECONDS, counts.request_seconds)
        for gauge in self._gauges:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in gauge.read().items():
                family.add_metric(labels, value)
            yield family


class Page:
    """What is told of a lab and of its process."""

    def __init__(self, counts: Counts, gauges: Sequence[Gauge]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(LabCollector(counts, gauges))
        ProcessCollector(registry=self._registry)

    def octets(self) -> bytes:
        """Return everything in Prometheus's text format 0.0.4."""
        return generate_latest(self._registry)


def _counter(name: str, help_: str, labels: tuple[str, ...], children: Mapping[tuple[str, ...], int]) -> Metric:
    family = CounterMetricFamily(name, help_, labels=labels)
    for values, count in children.items():
        family.add_metric(values, count)
    return family


def _histogram(name: str, help_: str, labels: tuple[str, ...], children: Children) -> Metric:
    family = HistogramMetricFamily(name, help_, labels=labels)
    for values, histogram in children.items():
        family.add_metric(values, histogram.buckets(), sum_value=histogram.sum)
    return family
