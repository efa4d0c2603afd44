"""What the gateway has to tell the operators, kept until it is acknowledged.

Four kinds of message, each idempotent by its id: a query, the hand-over of an identification code, the voiding of a
code, and a listing, which asks for a page of the operator's open entries. They are put here by a unit of work together
with the change of state that they follow from, and the client sends them. A query's first try is the instant of that
unit, so the answer timer (t0 = first_try) starts in the same transaction. Every function runs inside a unit; `now` is
lab time.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, func, select

from gateway.lookup.store import operator_messages as messages
from smsc_emulator.base import claims
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import DAY, MINUTE, SECOND, iso
from smsc_emulator.base.records import Records
from smsc_emulator.base.retries import RetryPlan
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen, replace

QUERY, CODE, VOID, LISTING = "query", "code", "void", "listing"

PLANS: Mapping[str, RetryPlan] = {
    QUERY: RetryPlan((0, 5 * SECOND, 15 * SECOND, 30 * SECOND), MINUTE),
    CODE: RetryPlan((0, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE), 5 * MINUTE),
    VOID: RetryPlan((0, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE), 5 * MINUTE),
    LISTING: RetryPlan((0, 5 * SECOND, 30 * SECOND, 2 * MINUTE), 10 * MINUTE),
}
"""When each kind is sent again while it is not acknowledged (T_register: 300 s between tries)."""

REGISTER_CAP = DAY
"""How long codes and voids are tried (T_register's cap)."""

CLAIM = "lookup"

_BATCH = 500


# What each deadline of an attempt runs is put together once: that costs more than running it.
@frozen
class OperatorMessage:
    """One message to an operator, as it was when it was read."""

    id: str
    kind: str
    request_id: str
    operator_id: str
    attempt_id: str
    body: Mapping[str, Any]
    first_try_at: int
    until: int
    tries: int
    next_try_at: int | None
    """None: nothing more to send."""
    acked_at: int | None = None
    answer: Mapping[str, Any] | None = None
    withdrawn_at: int | None = None

    @property
    def lane(self) -> str:
        """What may be under way once, on all nodes: a void never overtakes the code that it takes back."""
        return lane(self.kind, self.request_id)


def _flat(columns: dict[str, Any]) -> dict[str, Any]:
    """Return columns without an answer that is not there, which JSON would have a word for."""
    return columns if columns.get("answer") is not None else {k: v for k, v in columns.items() if k != "answer"}


MESSAGES = Records(messages, OperatorMessage, flat=_flat)

# What each deadline of an attempt runs is put together once: that costs more than running it.
_NEXT_DUE = Statement(select(func.min(messages.c.next_try_at)))
_DUE = Statement(
    MESSAGES.selected.where(messages.c.next_try_at <= bindparam("now"))
    .order_by(messages.c.next_try_at, messages.c.id)
    .limit(_BATCH)
)


def lane(kind: str, request_id: str) -> str:
    """Return the key of the claim under which a message is sent."""
    return f"{QUERY if kind == QUERY else CODE} {request_id}"


def ask(
    tx: Tx,
    now: int,
    *,
    request_id: str,
    attempt_id: str,
    operator_id: str,
    service_id: str,
    phone_number: str,
    deadline_at: int,
    attributes: Mapping[str, str] | None = None,
    code: str | None = None,
    service_name: str | None = None,
    agreement_id: str | None = None,
    since: int | None = None,
) -> None:
    """Send a query, at once and again until `deadline_at`; its t0 is `now`.

    Without `attributes` it is in presence mode, and says nothing of any person (S64). With them (family_name,
    given_name, birth_date; those that the agreement allows) it is in match mode, and they are kept until it is answered
    or given up, that is, until `withdraw`. A `code` goes along with its `service_name` (code_phase with_request): the
    verdict then brings the `entry_id`. With `since` the operator also says whether the number went to another person
    after that instant.
    """
    body: dict[str, Any] = {
        "request_id": request_id,
        "attempt_id": attempt_id,
        "service_id": service_id,
        "phone_number": phone_number,
        "mode": "presence" if attributes is None else "match",
        "sent_at": iso(now),
        "deadline_at": iso(deadline_at),
    }
    more = {"attributes": attributes, "code": code, "service_name": service_name, "agreement_id": agreement_id}
    more["since"] = None if since is None else iso(since)
    body |= {name: value for name, value in more.items() if value is not None}
    _put(tx, now, request_id, QUERY, request_id, operator_id, attempt_id, body, deadline_at)


def hand_over(
    tx: Tx,
    now: int,
    *,
    request_id: str,
    attempt_id: str,
    operator_id: str,
    service_id: str,
    service_name: str,
    phone_number: str,
    code: str | None,
) -> str:
    """Hand `code` over to the operator that answered `request_id`, for at most 24 hours; return the message's id.

    None has the operator make one (code_assigned_by operator), which its answer brings as `code`.
    """
    body = {
        **({} if code is None else {"code": code}),
        "request_id": request_id,
        "phone_number": phone_number,
        "service_id": service_id,
        "service_name": service_name,
    }
    message_id = f"{request_id}_code"
    _put(tx, now, message_id, CODE, request_id, operator_id, attempt_id, body, now + REGISTER_CAP)
    return message_id


def void(
    tx: Tx, now: int, *, request_id: str, attempt_id: str, operator_id: str, code: str, reason: str, again: bool = False
) -> str:
    """Take back the code of `request_id`: its hand-over is sent no more, a void is; return the void's id.

    A second void of one request changes nothing; the first one's reason stands. `again` sends one more, for an
    entry that was made by an answer that came after the first.
    """
    withdraw(tx, now, f"{request_id}_code")
    message_id = f"{request_id}_void{'_again' if again else ''}"
    if find(tx, message_id) is None:
        body = {"code": code, "reason": reason}
        _put(tx, now, message_id, VOID, request_id, operator_id, attempt_id, body, now + REGISTER_CAP)
    return message_id


def list_open(
    tx: Tx, now: int, *, message_id: str, subject_id: str, operator_id: str, until: int, after: str | None = None
) -> None:
    """Ask an operator for a page of the open entries of its register: the first, or the one that begins at `after`.

    The answer, {entries: [{entry_id, code, phone_number, service_id}], next}, comes with the acknowledgement; `next`
    is the `after` of the page that follows, or None. `subject_id` is kept in the place of an attempt's id.
    """
    body = {} if after is None else {"after": after}
    _put(tx, now, message_id, LISTING, message_id, operator_id, subject_id, body, until)


def withdraw(tx: Tx, now: int, message_id: str) -> None:
    """Send a message no more, since nothing is waited for; one that is not there or was withdrawn is left alone.

    What a query in match mode said of a person is erased.
    """
    message = find(tx, message_id)
    if message is None or message.withdrawn_at is not None:
        return
    body = {name: value for name, value in message.body.items() if name != "attributes"}
    MESSAGES.save(tx, replace(message, withdrawn_at=now, next_try_at=None, body=body))


def find(tx: Tx, message_id: str) -> OperatorMessage | None:
    """Return a message, or None."""
    return MESSAGES.find(tx, message_id)


def ask_again(tx: Tx, now: int) -> None:
    """Make every query that still waits for its verdict due, under its old id and with its old deadline.

    For the start of the gateway and the end of another node: an operator may have sent its verdict while nobody
    listened, and the address that verdicts go to may have changed. Of several nodes that live, one asks.
    """
    if not claims.acts_for_all(tx, CLAIM):
        return
    claims.forget_the_gone(tx, CLAIM)
    waiting = MESSAGES.selected.where(messages.c.kind == QUERY, messages.c.withdrawn_at.is_(None))
    for message in MESSAGES.all(tx, tx.conn.execute(waiting.where(messages.c.until >= now))):
        MESSAGES.save(tx, replace(message, next_try_at=now))


def next_due(tx: Tx) -> int | None:
    """Return the instant of the earliest try, or None."""
    due: int | None = _NEXT_DUE.value(tx)
    return due


def claim(tx: Tx, now: int) -> list[OperatorMessage]:
    """Take some of the messages due by `now`, oldest first, and move each to its next try.

    The try is on record before it is made: a process that dies in between sends again, under the same id. What another
    node has under way waits for its next try. Call `ended` after each try.
    """
    due = MESSAGES.all(tx, _DUE.all(tx, now=now))
    mine = claims.take(tx, CLAIM, {message.lane for message in due})
    claimed = []
    for message in due:
        again = PLANS[message.kind].next_after(message.first_try_at, now, message.until)
        is_mine = message.lane in mine
        MESSAGES.save(tx, replace(message, next_try_at=again, tries=message.tries + is_mine))
        if is_mine:
            claimed.append(message)
            if not message.tries:
                told = {"operator_id": message.operator_id, "attempt_id": message.attempt_id}
                tx.record(now, f"lookup.{message.kind}_sent", message.id, **told)
    return claimed


def ended(tx: Tx, message: OperatorMessage) -> None:
    """Let any node make the next try."""
    claims.release(tx, CLAIM, message.lane)


def acknowledge(tx: Tx, now: int, message_id: str, answer: Mapping[str, Any]) -> OperatorMessage | None:
    """Record that the operator took a message; return it if this is its first acknowledgement."""
    message = find(tx, message_id)
    if message is None:
        return None
    if message.acked_at is not None:
        MESSAGES.save(tx, replace(message, next_try_at=None))
        return None
    MESSAGES.save(tx, replace(message, next_try_at=None, acked_at=now, answer=dict(answer)))
    told = {"operator_id": message.operator_id, "attempt_id": message.attempt_id}
    tx.record(now, f"lookup.{message.kind}_acknowledged", message_id, **told)
    return message


def record_failure(tx: Tx, now: int, message: OperatorMessage, reason: str) -> None:
    """Record that a try did not reach the operator, or was not taken; the plan goes on."""
    told = {"operator_id": message.operator_id, "attempt_id": message.attempt_id, "reason": reason}
    tx.record(now, f"lookup.{message.kind}_not_taken", message.id, **told)


def _put(
    tx: Tx,
    now: int,
    message_id: str,
    kind: str,
    request_id: str,
    operator_id: str,
    attempt_id: str,
    body: Mapping[str, Any],
    until: int,
) -> None:
    message = OperatorMessage(
        message_id, kind, request_id, operator_id, attempt_id, body, now, until, tries=0, next_try_at=now
    )
    MESSAGES.add(tx, message)
