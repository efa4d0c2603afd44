"""The links of several gateways: one node has each, another takes it over, and codes wait for whom they are for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from confirm import store
from confirm.challenge import State
from confirm.errors import OwnCodeError
from confirm.methods.method import Way
from confirm.sending import SmsSending
from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings, StepSettings
from confirm.workflow import Wish
from gateway.adapters.smsc_link import SmscLink
from smsc_emulator.base.clock import utc_millis
from smsc_emulator.base.database import Database
from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.base.watch import Watch
from smsc_emulator.net.esme import EsmeClient

Start = Callable[[], Awaitable[Database]]
NAME = "smpp 127.0.0.1:2775 gateway"


class Client:
    """A bind that is accepted at once."""

    bound_now = 0

    def __init__(self) -> None:
        self.is_bound = False

    def start(self) -> None:
        self.is_bound = True
        Client.bound_now += 1
        assert Client.bound_now == 1, "two nodes are bound"

    async def bound(self, seconds: float) -> None:
        assert self.is_bound

    async def close(self) -> None:
        Client.bound_now -= self.is_bound
        self.is_bound = False


def link(woken: asyncio.Event) -> SmscLink:
    return SmscLink(lambda: cast(EsmeClient, Client()), NAME, woken.set)


def service(database: Database) -> ConfirmService:
    draws = SecretRandomness()
    return ConfirmService(database, Watch(database.journal), ConfirmationSettings(), draws, b"key", lambda: None)


def own(code: str | None = "OWN1") -> Wish:
    return Wish("demo", "+70000000001", (StepSettings(method="sms_code"),), code=code)


async def test_one_node_is_bound_and_the_next_one_when_it_stops(node: Start) -> None:
    woken = asyncio.Event(), asyncio.Event()
    first, second = link(woken[0]), link(woken[1])
    async with asyncio.timeout(10):
        first.start(await node())
        await woken[0].wait()
        second.start(await node())
        assert (first.serves, second.serves, second.is_ready) == (True, False, True)
        await first.close()
        await woken[1].wait()
    assert (first.serves, second.serves) == (False, True)
    await second.close()


async def test_a_node_that_lost_the_database_unbinds(node: Start) -> None:
    database, woken = await node(), asyncio.Event()
    held = link(woken)
    held.start(database)
    async with asyncio.timeout(10):
        await woken.wait()
        woken.clear()
        await cast(Any, database)._backend._session.close()
        await woken.wait()  # it has a new life, and has bound again
    assert Client.bound_now == 1
    await held.close()


async def test_a_services_own_code_is_sent_by_the_node_that_has_it_and_lost_with_it(node: Start) -> None:
    here, there, now = await node(), await node(), utc_millis()
    mine, other = service(here), service(there)
    started = await here.run(lambda tx: mine.start(tx, now, own()))
    assert await there.run(store.next_send) is None
    assert await there.run(lambda tx: other.claim_sends(tx, now)) == []
    again = await here.run(lambda tx: mine.start(tx, now, Wish("demo", "+70000000002", own().workflow, code="OWN2")))
    sent = await here.run(lambda tx: mine.claim_sends(tx, now))
    assert {cast(SmsSending, each).claimed.id for each in sent} == {started.id, again.id}
    third = await here.run(lambda tx: mine.start(tx, now, Wish("demo", "+70000000003", own().workflow, code="OWN3")))
    await here.close()
    async with asyncio.timeout(10):
        while await there.run(lambda tx: other.claim_sends(tx, now)) or await there.run(store.next_send) is not None:
            pass
    lost = await there.run(lambda tx: other.get(tx, third.id))
    assert (lost.state, lost.steps[0].outcome) == (State.FAILED, "code_lost")


async def test_a_node_leaves_codes_to_the_node_that_holds_the_link_and_takes_no_own_code(node: Start) -> None:
    database, now = await node(), utc_millis()
    mine = service(database)
    mine.holds = lambda way: way is not Way.SMS
    await database.run(lambda tx: mine.start(tx, now, own(None)))
    assert await database.run(lambda tx: store.next_send(tx, mine.for_others())) is None
    assert await database.run(lambda tx: mine.claim_sends(tx, now, mine.for_others())) == []
    with pytest.raises(OwnCodeError, match="another gateway holds the link"):
        await database.run(lambda tx: mine.start(tx, now, own()))
    mine.holds = lambda _way: True
    assert len(await database.run(lambda tx: mine.claim_sends(tx, now, mine.for_others()))) == 1


async def test_two_nodes_that_claim_at_one_time_send_each_code_once(node: Start) -> None:
    here, there, now = await node(), await node(), utc_millis()
    mine, other = service(here), service(there)
    for n in range(20):
        wish = Wish("demo", f"+7000000{n:04d}", own().workflow)
        await here.run(lambda tx, wish=wish: mine.start(tx, now, wish))  # type: ignore[misc]
    claimed = []
    while await here.run(store.next_send) is not None:
        for each in await asyncio.gather(
            here.run(lambda tx: mine.claim_sends(tx, now)), there.run(lambda tx: other.claim_sends(tx, now))
        ):
            claimed += [sending.claimed.id for sending in each]
    assert len(claimed) == len(set(claimed)) == 20
