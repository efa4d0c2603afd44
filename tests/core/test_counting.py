"""Those who only count are told how many events of a run are alike, and count what those who read them all count."""

from typing import Any

from gateway.metrics.counts import Counts
from gateway.metrics.table import COUNTED


def numbers(counts: Counts) -> dict[str, Any]:
    return {"events": dict(counts.events()), **{each.name: dict(counts.children(each)) for each in COUNTED}}


async def test_what_is_counted_of_runs_is_what_their_events_add_up_to(center) -> None:
    read, counted = Counts(), Counts()
    end = center.journal.count(counted.read, counted.add)
    alice, bob = center.bind("alice"), center.bind("bob")
    await center.submit(alice, registered_delivery=1)
    await center.submit(alice, registered_delivery=1, destination_addr="999999999999")
    await center.submit(bob, b"twice")
    await center.smsc.send_from_handset(center.handset.number, "1234", "mine")
    await center.settle()
    for event in center.journal.since(0, 10_000):
        read.read(event)
    assert numbers(counted) == numbers(read)
    assert counted.events()["smpp.deliver_sm"] == 3
    assert counted.events()["smpp.submit_sm"] == 3
    end()
    await center.submit(alice)
    assert counted.events()["smpp.submit_sm"] == 3
