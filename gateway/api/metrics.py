"""The metrics, as Prometheus scrapes them."""

from collections.abc import Callable

from smsc_emulator.base.web import Call, Reply, Routes

TEXT = "text/plain"


def routes(page: Callable[[], bytes]) -> Routes:
    """Return the route; `page` is everything in the text format."""
    group = Routes("health")

    @group.add(
        "GET", "/metrics", "Tell the metrics in Prometheus's text format", answers={200: None}, other_types=(TEXT,)
    )
    async def metrics(_call: Call) -> Reply:
        return Reply(page(), content_type=TEXT)

    return group
