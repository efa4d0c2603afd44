import asyncio

from smsc_emulator.base.journal import RUN, Event, Journal


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


def test_events_come_out_in_order_with_growing_numbers(journal: Journal) -> None:
    for subject in "abc":
        journal.publish(1, "seen", subject)
    assert [event.subject for event in journal.since(0, 10)] == ["a", "b", "c"]
    assert seqs(journal.since(RUN, 10)) == [RUN + 1, RUN + 2]


def test_publishing_waits_for_the_commit_under_way(journal: Journal) -> None:
    heard: list[str] = []
    journal.subscribe(lambda event: heard.append(event.subject))
    journal.hold()
    first = journal.next_seq
    journal.publish(2, "seen", "later")
    assert heard == []
    journal.release([Event(1, "stored", "earlier", {}, first)])
    assert heard == ["earlier", "later"]
    assert seqs(journal.since(0, 10)) == [first, first + 1]


def test_a_new_run_starts_above_everything_an_earlier_run_may_have_shown(journal: Journal) -> None:
    journal.load([Event(1, "stored", "old", {}, RUN + 7)])
    journal.publish(2, "seen", "new")
    assert seqs(journal.since(0, 10)) == [RUN + 7, 2 * RUN]


def test_an_ended_subscription_hears_nothing(journal: Journal) -> None:
    heard: list[Event] = []
    end = journal.subscribe(heard.append)
    end()
    journal.publish(1, "seen", "a")
    assert heard == []


async def test_a_wait_ends_with_the_first_wanted_event(journal: Journal) -> None:
    waiting = asyncio.create_task(journal.wait(0, 5, wanted=lambda event: event.subject == "b"))
    await asyncio.sleep(0)
    journal.publish(1, "seen", "a")
    await asyncio.sleep(0)
    journal.publish(1, "seen", "b")
    assert [event.subject for event in await waiting] == ["b"]


async def test_a_wait_without_events_ends_empty(journal: Journal) -> None:
    assert await journal.wait(0, 0.01) == []


def test_since_returns_the_oldest_of_the_fresh_ones(journal: Journal) -> None:
    for n in range(5):
        journal.publish(n, "seen", str(n))
    assert [event.subject for event in journal.since(RUN, 2)] == ["1", "2"]
