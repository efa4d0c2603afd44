import asyncio
from collections.abc import Iterator
from functools import partial

from smsc_emulator.base.journal import RUN, Event, Journal, Told


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


def test_a_run_is_made_when_somebody_looks_and_stands_in_its_place(journal: Journal) -> None:
    made: list[str] = []

    def tell(subject: str) -> Iterator[Told]:
        made.append(subject)
        yield 1, "seen", subject, {"of": subject}

    journal.publish(1, "seen", "a")
    journal.publish_run(1, partial(tell, "b"))
    assert made == []
    after = journal.next_seq - 1
    journal.publish(1, "seen", "c")
    assert made == [], "one event more is no look at those before it"
    assert [(event.subject, event.seq - RUN) for event in journal.since(0, 9)] == [("a", 0), ("b", 1), ("c", 2)]
    assert [event.subject for event in journal.since(after, 9)] == ["c"]
    assert journal.since(RUN, 1)[0].data == {"of": "b"}


def test_a_run_waits_for_the_commit_under_way(journal: Journal) -> None:
    journal.hold()
    first = journal.next_seq
    journal.publish_run(2, lambda: [(2, "seen", "later", {}), (2, "seen", "last", {})])
    journal.release([Event(1, "stored", "earlier", {}, first)])
    assert [event.subject for event in journal.since(0, 9)] == ["earlier", "later", "last"]
    assert seqs(journal.since(0, 9)) == [first, first + 1, first + 2]


def test_of_runs_nobody_looks_at_the_last_are_kept(journal: Journal) -> None:
    short = Journal(keep=5)
    short.publish(1, "seen", "old")
    for n in range(1000):
        short.publish_run(2, partial(lambda n: [(n, "seen", f"{n}a", {}), (n, "seen", f"{n}b", {})], n))
    assert len(short._untold) <= 3
    kept = short.since(0, 10)
    assert [event.subject for event in kept] == ["997b", "998a", "998b", "999a", "999b"]
    assert short.next_seq == kept[-1].seq + 1 == RUN + 2001
    short.publish_run(1, lambda: [(0, "seen", "run", {})])
    for n in range(1000):
        short.publish(n, "seen", str(n))
    assert len(short._untold) <= 5
    assert [event.subject for event in short.since(0, 10)] == ["995", "996", "997", "998", "999"]


def test_a_reader_hears_runs_in_order_unless_it_asked_not_to(journal: Journal) -> None:
    all_heard: list[str] = []
    heard: list[str] = []
    journal.publish_run(1, lambda: [(1, "seen", "before", {})])
    end = journal.subscribe(lambda event: all_heard.append(event.subject))
    journal.subscribe(lambda event: heard.append(event.subject), runs=False)
    journal.publish(1, "seen", "a")
    journal.publish_run(1, lambda: [(1, "seen", "b", {})])
    assert (all_heard, heard) == (["a", "b"], ["a"])
    end()
    journal.publish_run(1, lambda: [(1, "seen", "c", {})])
    journal.publish(1, "seen", "d")
    assert (all_heard, heard) == (["a", "b"], ["a", "d"])


async def test_a_wait_ends_with_a_run(journal: Journal) -> None:
    waiting = asyncio.create_task(journal.wait(0, 5))
    await asyncio.sleep(0)
    journal.publish_run(1, lambda: [(1, "seen", "a", {})])
    assert [event.subject for event in await waiting] == ["a"]
