"""The registry of one lab: its counts and gauges as Prometheus reads them. Nothing is made before somebody asks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.metrics.counts import Children, Counts
from gateway.metrics.table import COUNTED, EVENTS, HTTP_REQUESTS, HTTP_SECONDS, TIMED


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that is read when somebody asks."""

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[], Mapping[tuple[str, ...], float]]


class LabCollector(Collector):
    """Yields the families of one lab."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self.gauges: list[Gauge] = []

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
        for gauge in self.gauges:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in gauge.read().items():
                family.add_metric(labels, value)
            yield family


class Metrics:
    """What a lab counts, and its registry."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._collector = LabCollector(self.counts)
        self.registry = CollectorRegistry()
        self.registry.register(self._collector)
        ProcessCollector(registry=self.registry)

    def gauge(
        self, name: str, help_: str, labels: tuple[str, ...], read: Callable[[], Mapping[tuple[str, ...], float]]
    ) -> None:
        """Add a gauge."""
        self._collector.gauges.append(Gauge(name, help_, labels, read))

    def page(self) -> bytes:
        """Return everything in Prometheus's text format 0.0.4."""
        return generate_latest(self.registry)


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
