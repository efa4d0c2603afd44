"""PostgreSQL under the database: one connection for each node, and as many nodes as share the database.

**The state whole.** A batch is one SERIALIZABLE transaction, so its units see a state as if no other node were there.
Where that cannot be had, the server refuses one of the two, and its units run again. After a few tries a batch asks the
others to wait: each takes a light lock on the journal before its snapshot, and this one a lock that excludes them. So
no batch is refused for ever.

**One journal.** Events get their numbers from a sequence under a lock that is held until the commit is done: so they
are committed in the order of their numbers, and whoever has read up to a number has missed nothing below it. A commit
tells the other nodes (NOTIFY), which read what is new from the table. Between two commits a gap is left in the numbers,
which each node has for its own volatile events.

**One life.** All that a node has is bound to its one connection: the locks that say that it lives and in what it leads,
and the transactions. A node that was killed loses all at once; one that is frozen or cut off does when the server has
heard nothing of it for a while. It cannot commit anything afterwards but with a new life, under a new number.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.known import UnknownError
from smsc_emulator.base.postgres_errors import DatabaseUnusableError, in_doubt, is_conflict, is_refusal, refused
from smsc_emulator.base.postgres_session import (
    CHANNEL,
    GAP,
    Session,
    connect,
    give_numbers,
    make_async_engine,
    say,
)
from smsc_emulator.base.units import Batch, Done, Observer, Signals, Tx, Unit, journal_table, numbered, store_events

T = TypeVar("T")

BEAT = 0.2
"""Real seconds between two looks at who lives and who leads: two or three small queries, a millisecond together."""

ANSWER = 5.0
"""Real seconds that the server has to answer a beat; after that the node counts itself as cut off."""

PATIENCE = 5.0
"""Real seconds that a batch waits for a server that is gone, such as one that restarts."""

OPTIMISTIC = 3
"""Tries of a batch beside those of other nodes; the next one excludes them."""

MOST = 10

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Lead:
    changed: Callable[[bool], None]
    held: bool = False

    def turn(self, *, held: bool) -> None:
        if held is not self.held:
            self.held = held
            self.changed(held)


class Postgres:
    """Commits batches on the loop itself: the driver waits for the server without holding anything up."""

    # The server keeps the numbers of 64 savepoints of a transaction at hand.
    at_once = 60
    shared = True

    def __init__(self, url: str, journal: Journal, observers: list[Observer], signals: Signals) -> None:
        self.node = 0
        self._engine = make_async_engine(url)
        self._journal = journal
        self._observers = observers
        self._signals = signals
        self._session: Session | None = None
        self._alive = False
        self._turn = asyncio.Lock()
        self._seen: int | None = None
        self._others: frozenset[int] = frozenset()
        self._leads: dict[str, _Lead] = {}
        self._committing = False
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, done: Done, remembered: int) -> None:
        """Begin; the first batch, which is empty, connects and fills the journal."""
        self._done = done
        self._remembered = remembered
        self._signals.look()
        self._begin(self._beats())

    def commit(self, batch: Batch) -> None:
        """Commit the batch in a task of its own."""
        self._begin(self._commit(batch))

    def glance(self, unit: Unit[T]) -> T:
        """Remember nothing: another node may have changed it."""
        raise UnknownError

    async def setup(self, act: Callable[[Connection], T]) -> T:
        """Run `act` on a connection of its own."""
        conn = await connect(self._engine)
        try:
            return await conn.run_sync(act)
        except DBAPIError as error:
            raise refused(self._engine.url, error) if is_refusal(error) else error from None
        finally:
            await conn.close()

    async def close(self) -> None:
        """End the connection, and with it all that the node holds."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._alive = False
        if self._session is not None:
            await self._session.close()
        await self._engine.dispose()

    def lead(self, name: str, changed: Callable[[bool], None]) -> Callable[[], None]:
        """Try at once and at each beat; the returned function resigns."""
        if name in self._leads:
            raise ValueError(f"this node strives to lead in {name} already")
        lead = self._leads[name] = _Lead(changed)
        self._begin(self._feel())

        def resign() -> None:
            del self._leads[name]
            if lead.held:
                lead.turn(held=False)
                self._begin(self._resign(name))

        return resign

    async def _commit(self, batch: Batch) -> None:
        try:
            async with self._turn:
                await self._try(batch)
        except Exception as error:
            batch.fail(error)
            if not batch.jobs:
                log.warning("the journal of the other nodes cannot be read", reason=str(error))
        self._done(batch)

    async def _try(self, batch: Batch) -> None:
        """Commit the batch. It runs again after a conflict, and if the connection ended before the commit was asked."""
        for tries in count(1):
            session = await self._living_session()
            self._committing = False
            try:
                if batch.jobs:
                    alone = tries > OPTIMISTIC
                    await session.run(lambda conn: self._run(conn, batch, alone=alone))  # noqa: B023 - awaited here
            except Exception as error:
                broken = session.over
                if not broken:
                    await _roll_back(session)
                elif self._committing:
                    raise in_doubt(self._engine.url, error) from error
                if tries == MOST or not (broken or is_conflict(error)):
                    raise
            else:
                await self._catch_up(session, batch)
                return

    def _run(self, conn: Connection, batch: Batch, *, alone: bool) -> None:
        mode = "EXCLUSIVE" if alone else "ROW SHARE"
        say(conn, f"BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE journal IN {mode} MODE; SAVEPOINT unit")
        events: list[Event] = []
        next_unit = ""
        for job in batch.jobs:
            if next_unit:
                say(conn, next_unit)
            tx = Tx(conn, self._observers, self.node)
            job.result = job.error = None
            try:
                job.result = job.unit(tx)
            except Exception as error:
                if is_conflict(error):
                    raise
                job.error = error
                say(conn, "ROLLBACK TO SAVEPOINT unit")
                next_unit = ""
            else:
                events.extend(tx.events)
                next_unit = "RELEASE SAVEPOINT unit; SAVEPOINT unit"
        batch.events, told = [], ""
        if events:
            batch.before, first = give_numbers(conn, batch.first_seq, len(events))
            batch.events = numbered(events, first)
            store_events(Tx(conn, self._observers, self.node), batch.events)
            told = f"NOTIFY {CHANNEL}, '{self.node}'; "
        self._committing = True
        # A transaction that has failed without anybody's noticing is rolled back by COMMIT, and the server says so.
        if say(conn, f"{told}COMMIT") != "COMMIT":
            self._committing = False
            raise RuntimeError("a unit of work went on after the database had refused a statement of it")

    async def _catch_up(self, session: Session, batch: Batch) -> None:
        """Fetch what other nodes have committed before the batch, so that the readers hear of all in its order."""
        assert self._seen is not None
        own = batch.events
        try:
            if own and batch.before != self._seen:
                batch.foreign = await session.events(self._seen, own[0].seq)
            elif not own and batch.look:
                batch.foreign = await session.events(self._seen)
        except Exception as error:
            # What was committed stays so; it is read, with the rest, when the server is back.
            log.warning("the events of other nodes come later", reason=str(error))
            batch.events = []
            await session.close()
            return
        if shown := [*batch.foreign, *own]:
            self._seen = shown[-1].seq

    async def _living_session(self) -> Session:
        """Return the session, or a new one if it has ended. Raises DatabaseUnusableError after some patience."""
        if self._session is not None:
            if self._seen is not None and not self._session.over:
                return self._session
            self._lost()
            await self._session.close()
        loop = asyncio.get_running_loop()
        last = loop.time() + PATIENCE
        while True:
            try:
                session = await Session.open(self._engine, self._signals.look, self._lost)
            except DatabaseUnusableError:
                if loop.time() > last or self._seen is None:
                    raise
                await asyncio.sleep(BEAT)
            else:
                self._session, self.node, self._alive = session, session.node, True
                if self._seen is None:
                    await self._load(session)
                else:
                    self._signals.departed()  # the node's own former life
                self._others = await session.living() - {session.node}
                self._signals.look()
                return session

    async def _load(self, session: Session) -> None:
        """Fill the journal; this node's numbers begin above all that were shown by anybody."""
        _, own = await session.run(lambda conn: give_numbers(conn, self._journal.next_seq, 1))
        seq = journal_table.c.seq
        latest = select(journal_table).where(seq < own).order_by(seq.desc()).limit(self._remembered)
        rows = await session.run(lambda conn: conn.execute(latest).all())
        events = [Event(row.at, row.type, row.subject, row.data, row.seq) for row in reversed(rows)]
        self._journal.load(events, next_seq=own + 1)
        self._seen = own

    def _lost(self) -> None:
        """Know that the connection, and all that was bound to it, is gone."""
        if not self._alive:
            return
        self._alive = False
        for lead in self._leads.values():
            lead.turn(held=False)
        self._signals.lost()

    async def _beats(self) -> None:
        while True:
            await self._feel()
            await asyncio.sleep(BEAT)

    async def _feel(self) -> None:
        """See who lives, try to lead, and show the server that this node lives."""
        async with self._turn:
            try:
                async with asyncio.timeout(ANSWER if self._alive else ANSWER + PATIENCE):
                    await self._beat(await self._living_session())
            except Exception as error:
                log.warning("the database does not answer", reason=str(error) or type(error).__name__)
                if self._session is not None:
                    await self._session.close()
                    self._lost()

    async def _beat(self, session: Session) -> None:
        others = await session.living() - {session.node}
        gone, self._others = self._others - others, others
        for name, lead in list(self._leads.items()):
            if not lead.held and await session.try_to_lead(name):
                lead.turn(held=True)
        if self._seen is not None and self._journal.next_seq - self._seen > GAP // 2:
            floor = self._journal.next_seq
            before, first = await session.run(lambda conn: give_numbers(conn, floor, 1))
            if before == self._seen:
                self._seen = first
        if gone:
            self._signals.departed()

    async def _resign(self, name: str) -> None:
        async with self._turn:
            if self._session is not None and self._alive:
                await self._session.resign(name)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _roll_back(session: Session) -> None:
    with suppress(Exception):
        await session.run(lambda conn: say(conn, "ROLLBACK"))
