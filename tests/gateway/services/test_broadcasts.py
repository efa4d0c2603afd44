"""Broadcasts: each recipient once, at the rate, in spite of a link that fails and a process that dies."""

import asyncio

import pytest

from confirm.ledger import Ledger
from confirm.ports import SmsInDoubtError, SmsRefusedError, SmsUnavailableError
from confirm.settings import TariffSettings
from gateway.services import broadcasts
from gateway.services.deadlines import BroadcastSending
from gateway.services.errors import BroadcastNotFoundError
from gateway.services.settings import BroadcastSettings
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.durations import DAY, SECOND
from smsc_emulator.base.ticker import Ticker

NUMBERS = [f"+7000000000{n}" for n in range(5)]


class Smsc:
    """An SmsPort that notes who got what and when; what it raises, and whether it answers, the test says."""

    def __init__(self, clock):
        self.clock = clock
        self.sent = []
        self.failures = {}
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = asyncio.Event()

    async def submit(self, to, text, sender):
        self.asked.set()
        await self.answers.wait()
        if self.failures.get(to):
            raise self.failures[to].pop(0)
        self.sent.append((self.clock.now(), to, text, sender))
        return f"message-{len(self.sent)}"

    @property
    def numbers(self):
        return [to for _, to, _, _ in self.sent]


@pytest.fixture
def smsc(clock):
    return Smsc(clock)


@pytest.fixture
def ledger():
    return Ledger(TariffSettings())


@pytest.fixture
async def run(database, clock, smsc, ledger):
    """Return a function that starts the sending, as a process does, and returns it with its ticker."""
    started = []

    async def run(rate=2.0):
        activity = Activity(clock)
        sending = BroadcastSending(BroadcastSettings(rate=rate), smsc, ledger, database, clock, activity)
        started.append(sending)
        await sending.start()
        return sending, Ticker(clock, activity, [sending])

    yield run
    for sending in started:
        await sending.close()


async def start(database, now, numbers=NUMBERS, broadcast_id="brd_1", service_id="demo"):
    given = (broadcast_id, service_id, "Flood warning", "active", numbers)
    return await database.run(lambda tx: broadcasts.start(tx, now, *given))


async def get(database, broadcast_id="brd_1"):
    return await database.run(lambda tx: broadcasts.get(tx, "demo", broadcast_id))


async def test_each_recipient_gets_the_text_once_at_the_rate_that_is_set(database, now, smsc, run):
    _, ticker = await run()
    await start(database, now, [*NUMBERS, NUMBERS[0]])
    await ticker.advance(10 * SECOND)
    assert smsc.sent == [(now + n * 500, to, "Flood warning", "emergency") for n, to in enumerate(NUMBERS)]
    over = await get(database)
    assert over.counts == {"sent": 5}
    assert over.ended_at is not None


async def test_a_second_broadcast_waits_for_the_first_so_the_rate_holds_for_both(database, now, smsc, run):
    _, ticker = await run()
    await start(database, now, NUMBERS[:2])
    await start(database, now, NUMBERS[2:4], "brd_2", "other")
    await ticker.advance(10 * SECOND)
    assert smsc.numbers == NUMBERS[:4]
    gaps = {later - earlier for (earlier, *_), (later, *_) in zip(smsc.sent, smsc.sent[1:], strict=False)}
    assert min(gaps) >= 500


async def test_the_text_is_kept_no_longer_than_it_is_needed_and_never_in_the_journal(database, now, run):
    _, ticker = await run()
    await start(database, now)

    def kept(tx):
        return tx.conn.execute(broadcasts.broadcasts.select()).one().text

    assert await database.run(kept) == "Flood warning"
    await ticker.advance(10 * SECOND)
    assert await database.run(kept) is None
    told = database.journal.since(0, 100)
    assert [event.type for event in told] == ["broadcast.started", "broadcast.ended"]
    assert "Flood" not in str(told)
    assert "+7000" not in str(told)


async def test_an_smsc_that_can_take_nothing_is_tried_again_and_nobody_is_left_out(database, now, smsc, run):
    smsc.failures[NUMBERS[1]] = [SmsUnavailableError("throttled"), SmsUnavailableError("throttled")]
    _, ticker = await run()
    await start(database, now)
    await ticker.advance(60 * SECOND)
    assert smsc.numbers == NUMBERS
    assert smsc.sent[1][0] == now + 500 + 2 * broadcasts.SEND_AGAIN


async def test_who_is_refused_or_in_doubt_is_not_sent_to_again_and_the_others_get_theirs(database, now, smsc, run):
    smsc.failures = {NUMBERS[0]: [SmsRefusedError(0x0B)], NUMBERS[3]: [SmsInDoubtError("lost")]}
    _, ticker = await run()
    await start(database, now)
    await ticker.advance(60 * SECOND)
    assert smsc.numbers == [NUMBERS[1], NUMBERS[2], NUMBERS[4]]
    assert (await get(database)).counts == {"sent": 3, "refused": 1, "in_doubt": 1}


async def test_after_a_restart_the_rest_get_theirs_at_the_rate_and_who_was_in_flight_is_in_doubt(
    database, clock, now, smsc, run
):
    sending, ticker = await run()
    await start(database, now)
    await ticker.advance(500)
    assert smsc.numbers == NUMBERS[:2]
    smsc.answers.clear()
    smsc.asked.clear()
    clock.move_to(now + 1000)
    await sending.fire(now + 1000)
    await smsc.asked.wait()
    await sending.close()
    smsc.answers.set()

    clock.move_to(now + DAY // 2)
    _, ticker = await run()
    await ticker.advance(10 * SECOND)
    assert smsc.numbers == [*NUMBERS[:2], *NUMBERS[3:]]
    assert smsc.sent[3][0] - smsc.sent[2][0] == 500
    assert (await get(database)).counts == {"sent": 4, "in_doubt": 1}


async def test_a_broadcast_that_dies_with_its_last_sms_in_flight_is_over_after_the_restart(
    database, clock, now, smsc, run
):
    sending, _ = await run()
    await start(database, now, NUMBERS[:1])
    smsc.answers.clear()
    await sending.fire(now)
    await smsc.asked.wait()
    await sending.close()
    _, ticker = await run()
    await ticker.advance(SECOND)
    over = await get(database)
    assert over.counts == {"in_doubt": 1}
    assert over.ended_at is not None


async def test_whom_a_broadcast_has_not_reached_in_a_day_it_does_not_reach(database, clock, now, smsc, run):
    await start(database, now)
    clock.move_to(now + DAY)
    _, ticker = await run()
    await ticker.advance(SECOND)
    assert smsc.sent == []
    assert (await get(database)).counts == {"expired": 5}


async def test_a_broadcast_to_nobody_is_over_at_once(database, now, run):
    _, ticker = await run()
    await start(database, now, [])
    await ticker.advance(0)
    over = await get(database)
    assert (over.counts, over.ended_at) == ({}, now)


async def test_each_sms_that_was_taken_is_charged_to_the_service_once(database, now, smsc, run, ledger):
    smsc.failures = {NUMBERS[0]: [SmsRefusedError(0x0B)], NUMBERS[1]: [SmsUnavailableError("throttled")]}
    _, ticker = await run()
    await start(database, now)
    await ticker.advance(60 * SECOND)
    charged = await database.run(lambda tx: ledger.entries(tx, "demo"))
    assert [(one.subject_id, one.quantity) for one in charged] == [("brd_1", 1)] * 4


async def test_a_broadcast_of_another_service_is_not_there(database, now):
    await start(database, now, service_id="other")
    with pytest.raises(BroadcastNotFoundError):
        await get(database)
