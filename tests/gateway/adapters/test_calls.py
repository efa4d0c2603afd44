"""Calls placed at a switch, and what is reported of them."""

import asyncio
from typing import Any

import pytest

from confirm.ports import CallFate, CallReport, CallUnavailableError
from gateway.adapters import calls
from gateway.adapters.calls import SipCalls
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.sip.calls import Answered, Ended, Invitation, Peer, Progress

SWITCH = Peer("192.0.2.1", 5060)
TO, CALLER = "+70000000001", "+70001001234"


async def found() -> Peer:
    return SWITCH


@pytest.fixture
def port(control: Any, intake: Any, reports: Any) -> SipCalls:
    return SipCalls(control, found, intake, reports.take)


async def placing(port: SipCalls, control: Any) -> "asyncio.Task[None]":
    task = asyncio.create_task(port.place("cll_1", TO, CALLER, ring=10_000))
    async with asyncio.timeout(5):
        call, peer, invitation = await control.invited.get()
    assert (call, peer) == ("cll_1", SWITCH)
    assert invitation == Invitation(caller=CALLER, called=TO, asserted=CALLER)
    return task


def told(reports: Any) -> list[CallReport]:
    return [report for _, report in reports.kept]


async def test_a_call_is_placed_when_the_report_that_it_rings_is_kept(
    port: SipCalls, control: Any, reports: Any, clock: LabClock, woken: list[int]
) -> None:
    task = await placing(port, control)
    assert not task.done()
    port.on_event(Progress("cll_1", 180))
    await task
    assert reports.kept == [(clock.now(), CallReport("cll_1", CallFate.RINGING, 180))]
    assert woken


async def test_a_call_that_rings_is_no_activity(port: SipCalls, control: Any, activity: Activity) -> None:
    task = await placing(port, control)
    port.on_event(Progress("cll_1", 180))
    await task
    assert await activity.settled(2**62, patience=0.01)


async def test_a_call_that_is_hung_up_while_its_switch_is_looked_up_is_not_made(
    control: Any, intake: Any, reports: Any
) -> None:
    looked_up: asyncio.Future[Peer] = asyncio.get_running_loop().create_future()

    async def find() -> Peer:
        return await looked_up

    port = SipCalls(control, find, intake, reports.take)
    task = asyncio.create_task(port.place("cll_1", TO, CALLER, ring=10_000))
    await asyncio.sleep(0)
    await port.hang_up("cll_1")
    looked_up.set_result(SWITCH)
    await task
    assert control.invited.empty()


async def test_hanging_up_waits_for_the_end_and_the_report_of_it(port: SipCalls, control: Any, reports: Any) -> None:
    task = await placing(port, control)
    port.on_event(Progress("cll_1", 180))
    await task
    hanging_up = asyncio.create_task(port.hang_up("cll_1"))
    assert (await control.next_end())[0] == "cll_1"
    assert not hanging_up.done()
    port.on_event(Ended("cll_1", 487, None, answered=False, by_peer=False))
    await hanging_up
    assert told(reports)[-1] == CallReport("cll_1", CallFate.CANCELLED, 487)


async def test_a_call_that_fails_at_once_is_reported_and_ends_the_placing(
    port: SipCalls, control: Any, reports: Any
) -> None:
    task = await placing(port, control)
    port.on_event(Ended("cll_1", 404, 1, answered=False, by_peer=True))
    await task
    assert told(reports) == [CallReport("cll_1", CallFate.NOBODY, 404, 1)]


async def test_an_answered_call_is_hung_up_at_once_and_costs_its_begun_seconds(
    port: SipCalls, control: Any, reports: Any
) -> None:
    task = await placing(port, control)
    port.on_event(Answered("cll_1"))
    assert (await control.next_end())[0] == "cll_1"
    port.on_event(Ended("cll_1", 200, None, answered=True, by_peer=False))
    await task
    assert told(reports) == [CallReport("cll_1", CallFate.ANSWERED, 200, None, billable_seconds=1)]


async def test_an_answer_that_crossed_the_cancel_costs_one_second(port: SipCalls, control: Any, reports: Any) -> None:
    task = await placing(port, control)
    port.on_event(Progress("cll_1", 180))
    port.on_event(Ended("cll_1", 487, None, answered=True, by_peer=False))
    await task
    await port.hang_up("cll_1")
    assert told(reports)[-1] == CallReport("cll_1", CallFate.ANSWERED, 200, None, billable_seconds=1)


async def test_a_switch_that_cannot_be_reached_has_placed_nothing(port: SipCalls, control: Any, reports: Any) -> None:
    task = await placing(port, control)
    port.on_event(Ended("cll_1", 503, None, answered=False, by_peer=False))
    with pytest.raises(CallUnavailableError):
        await task
    assert told(reports) == []


async def test_without_a_way_to_the_switch_nothing_is_tried(control: Any, intake: Any, reports: Any) -> None:
    async def lost() -> Peer:
        raise CallUnavailableError("there is no such host")

    port = SipCalls(control, lost, intake, reports.take)
    with pytest.raises(CallUnavailableError):
        await port.place("cll_1", TO, CALLER, ring=10_000)
    assert control.invited.empty()


async def test_a_switch_that_keeps_silent_is_not_waited_for(
    port: SipCalls, control: Any, reports: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PATIENCE", 0.01)
    await (await placing(port, control))
    await port.hang_up("cll_1")
    port.on_event(Ended("cll_1", 503, None, answered=False, by_peer=False))
    await port._intake.close()
    assert told(reports) == [CallReport("cll_1", CallFate.CONGESTED, 503)]


async def test_an_unknown_call_is_left_alone(port: SipCalls, control: Any) -> None:
    await port.hang_up("cll_unknown")
    port.on_event(Ended("cll_unknown", 404, 1, answered=False, by_peer=True))
    assert control.ended.empty()


async def test_a_report_that_cannot_be_kept_holds_nobody_up(port: SipCalls, control: Any, reports: Any) -> None:
    reports.failure = OSError("the disk is full")
    task = await placing(port, control)
    port.on_event(Progress("cll_1", 180))
    await task
    reports.failure = None
    port.on_event(Ended("cll_1", 486, 17, answered=False, by_peer=True))
    await port._intake.close()
    assert told(reports) == [CallReport("cll_1", CallFate.BUSY, 486, 17)]


async def test_a_call_that_cannot_be_written_down_is_not_placed(
    port: SipCalls, control: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(control, "invite", full)
    with pytest.raises(CallUnavailableError, match="no space left"):
        await port.place("cll_1", TO, CALLER, ring=10_000)
    await port.hang_up("cll_1")
    assert control.ended.empty()
