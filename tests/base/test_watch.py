"""Waiting for one subject."""

import asyncio

from smsc_emulator.base.watch import Watch, read_until


async def test_an_event_about_the_subject_ends_the_wait_once_the_condition_holds(journal):
    watch = Watch(journal)
    values = iter([1, 2, 3])
    read_once = asyncio.Event()

    async def read():
        read_once.set()
        return next(values)

    waiting = asyncio.create_task(watch.until("a", 10, read, lambda value: value == 3))
    for _ in range(2):
        await read_once.wait()
        read_once.clear()
        journal.publish(0, "changed", "a")
    assert await waiting == 3


async def test_an_event_between_reading_and_waiting_is_not_missed(journal):
    watch = Watch(journal)
    values = iter([1, 2])

    async def read():
        journal.publish(0, "changed", "a")
        return next(values)

    assert await watch.until("a", 10, read, lambda value: value == 2) == 2


async def test_events_about_others_cause_no_reading_and_the_end_of_the_time_one_more(journal):
    watch = Watch(journal)
    readings = []

    async def read():
        readings.append(1)
        return 1

    waiting = asyncio.create_task(watch.until("a", 0.05, read, lambda _: False))
    await asyncio.sleep(0)
    journal.publish(0, "changed", "b")
    assert await waiting == 1
    assert len(readings) == 2


async def test_a_wait_on_the_journal_hears_of_what_is_announced_as_a_run_too(journal):
    async def read():
        return len(journal.since(0, 10))

    async with asyncio.timeout(5):
        waiting = asyncio.create_task(read_until(journal, lambda e: e.subject == "a", 60, read, lambda n: n > 0))
        await asyncio.sleep(0)
        journal.publish_run(1, lambda: [(0, "came", "a", {})])
        assert await waiting == 1


async def test_at_the_end_of_the_lab_all_who_wait_are_answered_with_what_there_is(journal):
    watch = Watch(journal)

    async def read():
        return 1

    async with asyncio.timeout(5):
        watching = asyncio.create_task(watch.until("a", 60, read, lambda _: False))
        reading = asyncio.create_task(journal.wait(0, 60))
        for _ in range(3):
            await asyncio.sleep(0)
        journal.end_waits()
        watch.end_waits()
        assert await watching == 1
        assert await reading == []
        assert await watch.until("a", 60, read, lambda _: False) == 1
        assert await journal.wait(0, 60) == []


async def test_who_knows_already_reads_only_after_an_event(journal):
    watch = Watch(journal)
    readings = []

    async def read():
        readings.append(1)
        return 1

    waiting = asyncio.create_task(watch.until_after("a", 10, read, lambda _: True))
    await asyncio.sleep(0)
    assert not readings
    journal.publish(0, "changed", "a")
    assert await waiting == 1
    assert await watch.until_after("a", 0.01, read, lambda _: False) == 1
    assert len(readings) == 2
