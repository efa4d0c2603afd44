"""What operators tell of contracts that have ended (S10): the user is identified again at once (S11).

A notice names the identification code whose contract has ended; one that names none speaks of the number alone, for an
operator that was asked and has no code yet. Taken once, whatever comes of it; a repetition changes nothing. Attempts
that wait for this operator hear of it too: what it says of the time before does not identify anybody any more.
Instants are lab time in milliseconds; `ended_at` is by the operator's clock.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from sqlalchemy import insert, select

from gateway.identification import attempt as inputs
from gateway.identification import breaches, codes, store
from gateway.identification.attempt import Cause
from gateway.identification.bindings import Binding
from gateway.identification.breaches import Breaches
from gateway.identification.course import Course
from gateway.identification.entries import Entries
from gateway.identification.profiles import Schedule
from gateway.identification.rechecks import Rechecks
from gateway.identification.tables import notices as table
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import SECOND, iso
from smsc_emulator.frozen import frozen

EndReason = Literal["ended", "ported", "reissued"]

CAUSES: Mapping[EndReason, Cause] = {
    "ended": Cause.TERMINATED,
    "ported": Cause.PORTED,
    "reissued": Cause.RECYCLED,
}
"""Why the user is identified again, by what became of the contract: it ended, the number moved to another operator
with its subscriber, or to another person."""


class Taken(StrEnum):
    """What became of a notice; the operator is told."""

    ACCEPTED = "accepted"
    """The user is identified again, or an attempt under way heard of it."""
    REPEATED = "repeated"
    """It was taken before."""
    NOTHING_STANDS = "nothing_stands"
    """Nothing stood on the contract any more."""
    FOREIGN = "foreign"
    """The code is not one that this operator has for this number."""


@frozen
class Notice:
    """A notice as it was received."""

    operator_id: str
    notice_id: str
    phone_number: str
    code: str | None
    reason: EndReason
    ended_at: int
    received_at: int


class Notices:
    """Takes notices."""

    def __init__(
        self, course: Course, rechecks: Rechecks, schedule: Schedule, breaches: Breaches, entries: Entries
    ) -> None:
        self._course = course
        self._entries = entries
        self._rechecks = rechecks
        self._schedule = schedule
        self._breaches = breaches

    def take(self, tx: Tx, now: int, notice: Notice) -> Taken:
        """Take a notice, and return what became of it."""
        mine = (table.c.operator_id == notice.operator_id) & (table.c.notice_id == notice.notice_id)
        if tx.conn.execute(select(table.c.outcome).where(mine)).first() is not None:
            return Taken.REPEATED
        known = None if notice.code is None else codes.find(tx, notice.code)
        if known is not None and (known.operator_id, known.phone_number) != (notice.operator_id, notice.phone_number):
            known = None
        if notice.code is not None and known is None:
            return self._note(tx, now, notice, Taken.FOREIGN, None)
        self._record_lateness(tx, now, notice)
        heard = self._tell_attempts(tx, now, notice)
        if known is not None:
            self._entries.end(tx, now, known)
        binding = None if known is None else store.of_code(tx, known.service_id, known.code)
        attempt = None if binding is None else self._rechecks.begin(tx, now, binding, CAUSES[notice.reason])
        outcome = Taken.ACCEPTED if heard or attempt is not None else Taken.NOTHING_STANDS
        return self._note(tx, now, notice, outcome, binding)

    def _tell_attempts(self, tx: Tx, now: int, notice: Notice) -> bool:
        waiting = store.waiting_at(tx, notice.operator_id, notice.phone_number)
        for attempt in waiting:
            self._course.drive(tx, now, attempt, inputs.Noticed(notice.ended_at))
        return bool(waiting)

    def _record_lateness(self, tx: Tx, now: int, notice: Notice) -> None:
        """Put on record a notice that took longer than the profile of the end of the contract lets it.

        Exactly that long is in time.
        """
        due_at = notice.ended_at + self._schedule.at(notice.ended_at).notice_s * SECOND
        if notice.received_at > due_at:
            party, about = notice.operator_id, notice.notice_id
            self._breaches.record(tx, now, breaches.T_NOTICE, "operator", party, about, due_at, notice.received_at)

    def _note(self, tx: Tx, now: int, notice: Notice, outcome: Taken, binding: Binding | None) -> Taken:
        row = {
            "operator_id": notice.operator_id,
            "notice_id": notice.notice_id,
            "phone_number": notice.phone_number,
            "reason": notice.reason,
            "ended_at": notice.ended_at,
            "received_at": notice.received_at,
            "outcome": outcome.value,
            "binding_id": None if binding is None else binding.id,
        }
        tx.conn.execute(insert(table).values(row))
        told = {"operator_id": notice.operator_id, "phone_number": notice.phone_number, "reason": notice.reason}
        told |= {"ended_at": iso(notice.ended_at), "outcome": outcome.value}
        tx.record(now, "notice.received", notice.notice_id, **told, binding_id=row["binding_id"])
        return outcome
