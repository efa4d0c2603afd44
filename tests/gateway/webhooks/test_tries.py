"""What tries came to is written for many at once, and never for more than was promised to be lost at most."""

import asyncio

import pytest

from gateway.webhooks.outbox import Answer, Outcome, Verdict
from gateway.webhooks.store import Delivery
from gateway.webhooks.tries import UNWRITTEN, Tried, Tries


def tried(number: int) -> Tried:
    name = f"dlv_{number}"
    delivery = Delivery(name, "evt_1", "whe_1", "x.y", "cnf_1", "{}", 0, None, 0, None, None, None, None)
    return Tried(delivery, Answer(204), Verdict(Outcome.DELIVERED), number)


async def test_what_was_tried_until_somebody_waits_is_written_at_once_and_in_order() -> None:
    written: list[list[int]] = []

    async def write(some: list[Tried]) -> bool:
        written.append([one.at for one in some])
        return True

    tries = Tries(write)
    await tries.written()
    for number in range(3):
        tries.add(tried(number))
    await tries.written()
    tries.add(tried(3))
    await tries.written()
    assert written == [[0, 1, 2], [3]]
    assert tries.go_on


async def test_no_more_are_made_than_may_be_lost_before_some_are_written() -> None:
    async def write(_some: list[Tried]) -> bool:
        return False

    tries = Tries(write)
    for number in range(UNWRITTEN):
        assert not tries.are_many
        tries.add(tried(number))
    assert tries.are_many
    await tries.written()
    assert not tries.are_many
    assert not tries.go_on


async def test_what_is_being_written_may_be_lost_too() -> None:
    begun, done = asyncio.Event(), asyncio.Event()

    async def write(_some: list[Tried]) -> bool:
        begun.set()
        await done.wait()
        return True

    tries = Tries(write)
    for number in range(10):
        tries.add(tried(number))
    await begun.wait()
    for number in range(10, UNWRITTEN):
        assert not tries.are_many
        tries.add(tried(number))
    assert tries.are_many
    done.set()
    await tries.written()
    assert not tries.are_many


async def test_a_writing_that_fails_ends_the_lane() -> None:
    async def write(_some: list[Tried]) -> bool:
        raise LookupError("the database is gone")

    tries = Tries(write)
    tries.add(tried(1))
    with pytest.raises(LookupError):
        await tries.written()
    with pytest.raises(LookupError):
        tries.add(tried(2))
