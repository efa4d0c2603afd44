"""What one lab counts, and what is read of it when somebody asks. Nothing is made before."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gateway.metrics.counts import Counts
from smsc_emulator.frozen import frozen

if TYPE_CHECKING:
    from gateway.metrics.collector import Page


@frozen
class Gauge:
    """A number that is read when somebody asks."""

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[], Mapping[tuple[str, ...], float]]


class Metrics:
    """The counts and gauges of a lab, and the page that tells them."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._gauges: list[Gauge] = []
        self._page: Page | None = None

    def gauge(
        self, name: str, help_: str, labels: tuple[str, ...], read: Callable[[], Mapping[tuple[str, ...], float]]
    ) -> None:
        """Add a gauge."""
        self._gauges.append(Gauge(name, help_, labels, read))

    def page(self) -> bytes:
        """Return everything in Prometheus's text format 0.0.4."""
        if self._page is None:
            # Most labs are never scraped, and start sooner without Prometheus's library.
            from gateway.metrics.collector import Page

            self._page = Page(self.counts, self._gauges)
        return self._page.octets()
