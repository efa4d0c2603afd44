"""Whole runs of submit_sm over real sockets, against an SMSC that does what it is told."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from plain_smsc import PlainSmsc, serving

from gateway.load.exchange import LINK_LOST, UNANSWERED, Exchange
from gateway.load.loop import loop_for
from gateway.load.messages import frames, wording
from gateway.load.pace import Shape
from gateway.load.receipts import MISSING
from gateway.load.record import Record
from gateway.load.smpp import DESERTED, BindAs, BindFailedError, Clock, SmppLoad, SmppPlan
from gateway.load.smpp_link import Link
from gateway.load.supply import Budget, Windowed
from smsc_emulator.smpp.pdus import BindReceiver, BindTransceiver, BindTransmitter

RECEIPT = "id:{id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:"


def plan(smsc: PlainSmsc, **more: Any) -> SmppPlan:
    whole = SmppPlan("127.0.0.1", smsc.port, (("one", "secret"),), (wording("hello"),), ("+70000000001",), patience=5.0)
    return replace(whole, **more)


async def run(smsc: PlainSmsc, **more: Any) -> Record:
    async with serving(smsc):
        return await SmppLoad(plan(smsc, **more)).run()


async def test_a_count_is_submitted_and_answered() -> None:
    smsc = PlainSmsc()
    record = await run(smsc, shape=Shape(count=500), window=7)
    assert (record.sent, record.answered, record.failed, len(smsc.submits)) == (500, 500, 0, 500)
    assert [pdu.sequence_number for pdu in smsc.submits] == list(range(1, 501))


async def test_several_accounts_have_several_sessions_and_a_pair_is_two() -> None:
    smsc = PlainSmsc()
    accounts = (("one", "secret"), ("two", "secret"))
    await run(smsc, shape=Shape(count=40), accounts=accounts, sessions=2, bind=BindAs.PAIR)
    kinds = [(bind.system_id, type(bind)) for bind in smsc.binds]
    assert sorted(kinds, key=str) == sorted(
        [(name, kind) for name in ("one", "two") for kind in (BindTransmitter, BindReceiver)] * 2, key=str
    )
    assert len(smsc.submits) == 40


async def test_each_receipt_is_waited_for_and_acknowledged() -> None:
    smsc = PlainSmsc(receipt=RECEIPT)
    record = await run(smsc, shape=Shape(count=200), receipts=True)
    assert (record.answered, record.others["receipt"].count, len(smsc.answered)) == (200, 200, 200)


async def test_a_receipt_that_never_comes_is_missing() -> None:
    smsc = PlainSmsc(receipt="id:nobody stat:DELIVRD")
    record = await run(smsc, shape=Shape(count=3), receipts=True, patience=0.2)
    assert record.errors == {MISSING: 3}


async def test_errors_and_silence_are_told_by_name() -> None:
    smsc = PlainSmsc(statuses={2: 0x58, 3: 0x14}, silent=frozenset({5}))
    record = await run(smsc, shape=Shape(count=10), patience=0.2)
    assert record.errors == {"ESME_RTHROTTLED": 1, "ESME_RMSGQFUL": 1, UNANSWERED: 1}
    assert record.answered == 7


async def test_a_lost_link_is_told_and_bound_again() -> None:
    smsc = PlainSmsc(hang_up_at=30)
    record = await run(smsc, shape=Shape(count=100), window=10)
    assert len(smsc.binds) == 2
    assert record.notes["sessions lost"] == 1
    assert 1 <= record.errors[LINK_LOST] <= 10
    assert record.answered + record.failed == 100


async def test_a_server_that_lets_nobody_back_in_ends_the_run() -> None:
    record = await run(PlainSmsc(hang_up_at=5, then_refuse=True), shape=Shape(), patience=0.7)
    assert record.errors[DESERTED] == 1
    assert record.notes["binds again that failed"] >= 1


async def test_a_refused_bind_ends_the_run_with_a_sentence() -> None:
    with pytest.raises(BindFailedError, match=r"refused with ESME_RINVPASWD \(as one at 127.0.0.1:"):
        await run(PlainSmsc(bind_status=0x0E))


async def test_nobody_there_ends_the_run_with_a_sentence() -> None:
    smsc = PlainSmsc()
    async with serving(smsc):
        port = smsc.port
    with pytest.raises(BindFailedError, match=f"cannot connect to 127.0.0.1:{port}"):
        await SmppLoad(plan(smsc)).run()


async def test_stop_ends_it_early_with_what_was_done() -> None:
    smsc = PlainSmsc()
    async with serving(smsc):
        load = SmppLoad(plan(smsc, shape=Shape()))
        record = await load.run(lambda: load.stop() if load.record.answered else None)
    assert record.answered == record.sent > 0
    assert not record.failed


def test_a_stall_of_the_server_is_not_hidden() -> None:
    """400 a second for 0.9 s through a window of 10; from the 100th on, the server says nothing for half a second."""
    smsc = PlainSmsc(stall_at=100, stall=0.5)
    with asyncio.Runner(loop_factory=loop_for(1)) as runner:
        record = runner.run(run(smsc, shape=Shape(rate=400, duration=0.9), window=10))
    assert (record.sent, record.answered, record.failed) == (360, 360, 0)
    # The server had no more than ten at once, so that only those were slow for it.
    assert smsc.most_open <= 10
    # But 160 of the 360 were meant to go out in the first 400 ms of the stall, and had to wait for 100 ms or more.
    assert record.latencies.percentile(100 - 100 * 150 / 360) > 100_000
    assert record.latencies.largest > 450_000


def test_a_paced_run_keeps_its_pace() -> None:
    smsc = PlainSmsc()
    with asyncio.Runner(loop_factory=loop_for(1)) as runner:
        record = runner.run(run(smsc, shape=Shape(rate=500, ramp=0.2, duration=0.6), sessions=3))
    assert record.answered == 250  # 50 while the rate rises, then 500 a second for 0.4 s
    assert record.elapsed > 500_000


async def test_a_receiver_is_bound_as_a_transceiver_by_default() -> None:
    smsc = PlainSmsc()
    await run(smsc, shape=Shape(count=1))
    assert [type(bind) for bind in smsc.binds] == [BindTransceiver]


async def test_the_wait_for_a_last_answer_lowers_neither_the_rate_nor_the_share_of_work() -> None:
    smsc = PlainSmsc(silent=frozenset({300}))
    async with serving(smsc):
        load = SmppLoad(plan(smsc, shape=Shape(count=300), patience=2.0))
        await load.run()
    found = load.result()
    assert (found["answered"], found["errors"], found["seconds"] >= 2.0) == (299, {UNANSWERED: 1}, True)
    assert found["active_seconds"] < 1.0
    assert found["per_second"] > 299


class Gone(asyncio.Transport):
    """A connection that the peer has closed."""

    def write(self, data: Any) -> None:
        """Take the bind."""

    def abort(self) -> None:
        """There is nothing to drop."""


async def test_a_link_that_is_gone_before_the_start_is_sent_nothing() -> None:
    record = Record("answer", ("receipt", "sending"))
    composed = frames([wording("hello")], ["+70000000001"], "bank", receipts=False)
    exchange = Exchange(composed, 0, Windowed(Budget(5, 10**9), 5), record, None)
    link = Link(BindTransceiver(system_id="one", password="secret"), exchange, Clock())
    link.connection_made(Gone())
    link.bound.set_result(None)
    link.connection_lost(None)
    link.start()
    assert (record.sent, exchange.open) == (0, 0)
