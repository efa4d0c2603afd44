"""A broadcast over two gateways: the one that holds the bind sends; what it had under way at its death is in doubt."""

import asyncio
from collections.abc import Awaitable, Callable

from confirm.ledger import Ledger
from confirm.settings import TariffSettings
from gateway.services import broadcasts
from gateway.services.deadlines import BroadcastSending
from gateway.services.settings import BroadcastSettings
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database

Start = Callable[[], Awaitable[Database]]
NUMBERS = ["+70000000001", "+70000000002", "+70000000003"]


class Smsc:
    """Takes SMS while it is open, and holds the answer to the first one after that back."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def submit(self, to: str, text: str, sender: str) -> str:
        self.asked.set()
        await self.open.wait()
        self.sent.append(to)
        return f"message-{len(self.sent)}"


async def test_only_the_holder_of_the_bind_sends_and_its_heir_ends_what_it_began(node: Start) -> None:
    clock, smsc = LabClock(utc_millis(), running=False), Smsc()
    activity, held, woken = Activity(clock), [True, False], asyncio.Event()
    databases = [await node(), await node()]
    nodes = [
        BroadcastSending(
            BroadcastSettings(rate=1000),
            smsc,
            Ledger(TariffSettings()),
            database,
            clock,
            activity,
            wake=woken.set,
            holds=lambda n=n: held[n],  # type: ignore[misc]  # the default binds n
        )
        for n, database in enumerate(databases)
    ]
    for one in nodes:
        await one.start()
    start = clock.now()
    await databases[1].run(lambda tx: broadcasts.start(tx, start, "brd_1", "demo", "Flood", "active", NUMBERS))

    async def state() -> broadcasts.Broadcast:
        return await databases[1].run(lambda tx: broadcasts.get(tx, "demo", "brd_1"))

    async with asyncio.timeout(30):
        assert await nodes[1].next_due() is None
        await nodes[1].fire(start)
        assert (await state()).counts == {"queued": 3}

        await nodes[0].fire(start)
        await activity.settled(start)
        smsc.open.clear()
        smsc.asked.clear()
        clock.move_to(start + 1)
        await nodes[0].fire(start + 1)
        await smsc.asked.wait()
        # Another gateway that starts meanwhile leaves alone what this one has under way.
        await nodes[1]._put_in_doubt()
        assert (await state()).counts == {"sent": 1, "submitting": 1, "queued": 1}

        await nodes[0].close()
        await databases[0].close()
        held[1] = True
        await woken.wait()
        clock.move_to(start + 2)
        smsc.open.set()
        assert await nodes[1].next_due() == start + 2
        assert (await state()).counts == {"sent": 1, "in_doubt": 1, "queued": 1}
        await nodes[1].fire(start + 2)
        await activity.settled(start + 2)
    over = await state()
    assert over.counts == {"sent": 2, "in_doubt": 1}
    assert over.ended_at == start + 2
    assert smsc.sent == [NUMBERS[0], NUMBERS[2]]
    await nodes[1].close()
