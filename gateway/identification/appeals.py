"""Appeals against refusals that an operator's word, or silence, brought (S94).

A review that finds the operator wrong corrects the verdict by something new: another attempt, which stands on the
corrected verdict, and another code and entry. What was refused stays refused on record; the blocks that were wrong, and
the time until they were undone, are counted. Instants are lab time in milliseconds.
"""

from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from confirm.workflow import Wish
from gateway.identification import attempt as inputs
from gateway.identification import bindings, queries, store
from gateway.identification.attempt import Attempt, Reason, State
from gateway.identification.course import Beginning, Course
from gateway.identification.errors import (
    AppealNotFoundError,
    AppealOverError,
    AppealRefusedError,
    BindingStateError,
)
from gateway.identification.profiles import Schedule
from gateway.identification.tables import appeals as table
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import iso
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.frozen import frozen

OF_AN_OPERATOR = frozenset(
    {Reason.ABSENT, Reason.MISMATCH, Reason.NO_ANSWER, Reason.TERMINATED_DURING, Reason.REGISTER_FAILED}
)
"""The refusals that a corrected verdict could undo."""


class AppealState(StrEnum):
    """Where an appeal stands."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    """The refusal was wrong."""
    REJECTED = "REJECTED"


@frozen
class Appeal:
    """One appeal."""

    id: str
    service_id: str
    attempt_id: str
    state: AppealState
    reason: str
    """Why the attempt was refused."""
    created_at: int
    refused_at: int
    decided_at: int | None = None
    restored_by: str | None = None
    """The attempt that stands on the corrected verdict; None if the user was identified meanwhile."""


@frozen
class Count:
    """What the appeals came to."""

    open: int
    wrong_blocks: int
    time_to_restore: int | None
    """From refusal to restoration, in milliseconds: the mean over the wrong blocks."""


class Appeals:
    """Takes and decides appeals."""

    def __init__(self, course: Course, schedule: Schedule, randomness: Randomness) -> None:
        self._course = course
        self._schedule = schedule
        self._randomness = randomness

    def lodge(self, tx: Tx, now: int, attempt: Attempt) -> Appeal:
        """Appeal against a refusal. Raises AppealRefusedError, AppealOverError."""
        if attempt.state is not State.REFUSED or attempt.reason not in OF_AN_OPERATOR:
            raise AppealRefusedError(f"the identification is {attempt.state} ({attempt.reason}): nothing to appeal to")
        if tx.conn.execute(select(table.c.id).where(table.c.attempt_id == attempt.id)).first() is not None:
            raise AppealOverError("an appeal against this refusal was made before")
        appeal = Appeal(
            id=f"apl_{self._randomness.token(20)}",
            service_id=attempt.service_id,
            attempt_id=attempt.id,
            state=AppealState.OPEN,
            reason=attempt.reason.value,
            created_at=now,
            refused_at=attempt.updated_at,
        )
        tx.conn.execute(insert(table).values(asdict(appeal)))
        self._record(tx, now, appeal, "lodged")
        return appeal

    def decide(self, tx: Tx, now: int, appeal_id: str, *, upheld: bool) -> Appeal:
        """Decide an appeal: upheld, the operator should have answered PRESENT, and the user is restored.

        Raises AppealNotFoundError, AppealOverError, and BindingStateError if somebody else has the number now.
        """
        appeal = find(tx, appeal_id)
        if appeal.state is not AppealState.OPEN:
            raise AppealOverError(f"the appeal was decided: it is {appeal.state}")
        state = AppealState.UPHELD if upheld else AppealState.REJECTED
        restored_by = self._restore(tx, now, appeal) if upheld else None
        decided = replace(appeal, state=state, decided_at=now, restored_by=restored_by)
        tx.conn.execute(update(table).where(table.c.id == appeal.id).values(asdict(decided)))
        self._record(tx, now, decided, state.value.lower())
        return decided

    def _restore(self, tx: Tx, now: int, appeal: Appeal) -> str | None:
        """Identify the user by a corrected verdict; return the attempt that does, or None if he is identified."""
        refused = store.find(tx, appeal.attempt_id)
        assert refused is not None
        standing = store.standing(tx, refused.service_id, refused.phone_number)
        if any(one.user_id != refused.user_id for one in standing):
            raise BindingStateError("somebody else has the number in this service now")
        if any(one.state is bindings.State.ACTIVE for one in standing):
            return None
        wish = Wish(refused.service_id, refused.phone_number)
        beginning = Beginning(refused.user_id, wish, refused.cause, rechecks=refused.rechecks)
        attempt = self._course.new(now, beginning, self._schedule.of(refused.profile, now))
        assert refused.operator_id is not None
        store.add(tx, attempt)
        self._course.record(tx, now, attempt)
        attempt = replace(attempt, request_id=self._course.new_request(tx, now, attempt, refused.operator_id))
        assert attempt.request_id is not None
        queries.answered(tx, attempt.request_id, "PRESENT", now)
        return self._course.drive(tx, now, attempt, inputs.Corrected(refused.operator_id)).id

    def _record(self, tx: Tx, now: int, appeal: Appeal, event: str) -> None:
        tx.record(now, f"appeal.{event}", appeal.id, service_id=appeal.service_id, appeal=snapshot(appeal))


def find(tx: Tx, appeal_id: str, service_id: str | None = None) -> Appeal:
    """Return an appeal, of the service if one is given. Raises AppealNotFoundError."""
    row = tx.conn.execute(select(table).where(table.c.id == appeal_id)).first()
    if row is None or service_id not in (None, row.service_id):
        raise AppealNotFoundError(f"there is no appeal {appeal_id}")
    return _appeal(row)


def page(tx: Tx, limit: int = 1000) -> list[Appeal]:
    """Return the youngest appeals, the latest first."""
    rows = tx.conn.execute(select(table).order_by(table.c.created_at.desc(), table.c.id).limit(limit))
    return [_appeal(row) for row in rows]


def count(tx: Tx) -> Count:
    """Return what the appeals have come to."""
    by_state = select(table.c.state, func.count()).group_by(table.c.state)
    counts = {row[0]: row[1] for row in tx.conn.execute(by_state)}
    took = select(func.avg(table.c.decided_at - table.c.refused_at)).where(table.c.state == AppealState.UPHELD)
    mean = tx.conn.execute(took).scalar()
    return Count(
        counts.get(AppealState.OPEN, 0), counts.get(AppealState.UPHELD, 0), None if mean is None else round(mean)
    )


def snapshot(appeal: Appeal) -> dict[str, Any]:
    """Return what answers and events show of an appeal, as plain JSON."""
    return {
        "id": appeal.id,
        "identification_id": appeal.attempt_id,
        "state": appeal.state.value,
        "reason": appeal.reason,
        "created_at": iso(appeal.created_at),
        "refused_at": iso(appeal.refused_at),
        "decided_at": None if appeal.decided_at is None else iso(appeal.decided_at),
        "restored_by": appeal.restored_by,
    }


def _appeal(row: Row[Any]) -> Appeal:
    values = dict(row._mapping)
    values["state"] = AppealState(values["state"])
    return Appeal(**values)
