"""The tables of the confirmations and of the answers kept for repeated requests, and the confirmations' queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    bindparam,
    func,
    select,
)

from confirm import calls_store, ledger_store, limits_store  # noqa: F401 - they declare the other tables of confirm
from confirm.challenge import Confirmation, Proof, SendState, State
from confirm.workflow import Step, StepState
from smsc_emulator.base import claims
from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.base.records import Group, Records
from smsc_emulator.base.statements import Columns, Statement

confirmations = Table(
    "confirmations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("method", String(32), nullable=False),
    Column("owner", String(64), comment="opaque reference to what it is a part of"),
    Column("ordinal", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False, comment="lab time, ms, as all instants here"),
    Column("expires_at", BigInteger, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("steps", JSON, nullable=False, server_default="[]", comment="the workflow"),
    Column("step", Integer, nullable=False, server_default="0", comment="the present one"),
    Column("step_due_at", BigInteger, index=True, comment="when the next step begins by itself"),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("over_at", BigInteger),
    Column("proof", JSON(none_as_null=True)),
    Column("locale", String(35)),
    Column("template", String(64)),
    Column("brand", String(64)),
    Column("client_address", String(64)),
    Column("test", Boolean, nullable=False, server_default="0"),
    Column("shadow", Boolean, nullable=False, server_default="0"),
    Column("own_code", Boolean, nullable=False, server_default="0"),
    Column("send_state", String(16), nullable=False),
    Column("send_due_at", BigInteger, index=True),
    Column("codes", Integer, nullable=False),
    Column("generation", Integer, nullable=False, server_default="0", comment="secrets so far"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("code_mac", String(64), comment="HMAC-SHA256; its key is not in the database"),
    Column("number_mac", String(64), comment="the same of the whole caller number"),
    Column("probe", Integer, comment="numbers of the pool that were passed over"),
    Column("sent_at", BigInteger),
    Column("message_id", String(65), index=True),
    Column("send_error", BigInteger, comment="SMPP command_status or SIP status"),
    Column("call", String(32)),
    Column("access_number", String(16)),
    Index("ix_confirmations_waiting", "phone_number", "state"),
    Index("ix_confirmations_expiry", "state", "expires_at"),
    Index("ix_confirmations_number", "service_id", "phone_number", "created_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("service_id", String(32), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False, comment="SHA-256 of the request"),
    Column("resource_id", String(64), nullable=False, comment="what the request created"),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("status", Integer, comment="of the answer, once it was given"),
    Column("body", Text),
)

OWNED = "confirmations owned by"
"""The kind of what is known of an owner's confirmations: their ids."""

OF_MESSAGE = "confirmation of the message"
"""The kind of what is known of the SMSC's ids: the confirmation whose present code was taken under one last."""

OWN_CODE = "own code"
"""The kind of the claims of nodes that have a service's own code in memory: only they can send it."""

_STEP = Columns(Step)


def _flat(columns: dict[str, Any]) -> dict[str, Any]:
    """Return columns with what is not plain as plain JSON."""
    if "steps" in columns:
        columns["steps"] = [_STEP.all(step) for step in columns["steps"]]
    if columns.get("proof") is not None:
        columns["proof"] = asdict(columns["proof"])
    return columns


def _read(columns: Mapping[str, Any]) -> Confirmation:
    values = dict(columns)
    values["state"] = State(values["state"])
    values["send_state"] = SendState(values["send_state"])
    values["steps"] = tuple(Step(**{**step, "state": StepState(step["state"])}) for step in values["steps"])
    values["proof"] = None if values["proof"] is None else Proof(**values["proof"])
    return Confirmation(**values)


CONFIRMATIONS = Records(confirmations, Confirmation, read=_read, flat=_flat)
find = CONFIRMATIONS.find

# What each step of a confirmation runs is put together once: that costs more than running it.
_NEXT_SEND = select(func.min(confirmations.c.send_due_at))
_NEXT_STEP = Statement(select(func.min(confirmations.c.step_due_at)), remember=True)
_NEXT_EXPIRY = Statement(
    select(func.min(confirmations.c.expires_at)).where(confirmations.c.state == State.PENDING.value)
)
_OF_NUMBER = Group(
    CONFIRMATIONS,
    CONFIRMATIONS.selected.where(
        confirmations.c.service_id == bindparam("service_id"),
        confirmations.c.phone_number == bindparam("phone_number"),
    ).where((confirmations.c.state == State.PENDING.value) | (confirmations.c.over_at >= bindparam("over_since"))),
    "service_id",
    "phone_number",
)
_OF_OWNER = Statement(
    select(confirmations.c.id).where(
        confirmations.c.service_id == bindparam("service_id"),
        confirmations.c.phone_number == bindparam("phone_number"),
        confirmations.c.owner == bindparam("its_owner"),
    )
)
_NEXT_SEND_OF_ALL = Statement(_NEXT_SEND)
_TO_SEND_OF_ALL = Statement(
    CONFIRMATIONS.selected.where(confirmations.c.send_due_at <= bindparam("now"))
    .order_by(confirmations.c.send_due_at, confirmations.c.id)
    .with_for_update(skip_locked=True)
)
_OF_MESSAGE = Statement(
    CONFIRMATIONS.selected.where(confirmations.c.message_id == bindparam("its_message"))
    .order_by(confirmations.c.sent_at.desc())
    .limit(1)
)


def add(tx: Tx, confirmation: Confirmation) -> None:
    """Write a new confirmation."""
    CONFIRMATIONS.add(tx, confirmation)
    if confirmation.owner is not None and (owned := tx.known.get((OWNED, confirmation.owner))) is not None:
        tx.known[OWNED, confirmation.owner] = *owned, confirmation.id


def save(tx: Tx, confirmation: Confirmation) -> None:
    """Write what has become of a confirmation."""
    CONFIRMATIONS.save(tx, confirmation)
    if confirmation.message_id is not None:
        tx.known[OF_MESSAGE, confirmation.message_id] = confirmation.id


def owns_none(tx: Tx, owner: str) -> None:
    """Take that a new owner has no confirmations yet, so that they need not be looked for."""
    tx.known[OWNED, owner] = ()


def owned_by(tx: Tx, owner: str, service_id: str, phone_number: str) -> Sequence[str]:
    """Return the ids of all confirmations of an owner, which are all of one service and number."""
    owned: Sequence[str] | None = tx.known.get((OWNED, owner))
    if owned is None:
        rows = _OF_OWNER.all(tx, service_id=service_id, phone_number=phone_number, its_owner=owner)
        owned = tx.known.own[OWNED, owner] = tuple(row.id for row in rows)
    return owned


def of_number(tx: Tx, service_id: str, phone_number: str, over_since: int) -> list[Confirmation]:
    """Return a service's confirmations of a number that are pending or over since `over_since`."""

    def counts(one: Confirmation) -> bool:
        return one.over_at is None or one.over_at >= over_since

    return _OF_NUMBER.of(tx, counts, service_id, phone_number, over_since=over_since)


def to_send(tx: Tx, now: int, not_by: Collection[str] = ()) -> list[Confirmation]:
    """Return those whose code this node is to send by `now`, oldest first; the methods `not_by` are for others."""
    others = _not_for_others(tx, not_by)
    if not others:
        return CONFIRMATIONS.all(tx, _TO_SEND_OF_ALL.all(tx, now=now))
    due = confirmations.c.send_due_at
    return _all_free(tx, CONFIRMATIONS.selected.where(due <= now, *others).order_by(due, confirmations.c.id))


def to_expire(tx: Tx, now: int) -> list[Confirmation]:
    """Return the pending ones whose lifetime ends by `now`, oldest first."""
    c = confirmations.c
    ending = CONFIRMATIONS.selected.where(c.state == State.PENDING, c.expires_at <= now)
    return _all_free(tx, ending.order_by(c.expires_at, c.id))


def to_advance(tx: Tx, now: int) -> list[Confirmation]:
    """Return those whose present step's time ends by `now`, oldest first."""
    due = confirmations.c.step_due_at
    return _all_free(tx, CONFIRMATIONS.selected.where(due <= now).order_by(due, confirmations.c.id))


def waiting_for(tx: Tx, phone_number: str, method: str) -> list[Confirmation]:
    """Return all services' pending confirmations of a number whose present step is of `method`, oldest first."""
    c = confirmations.c
    waiting = CONFIRMATIONS.selected.where(c.phone_number == phone_number, c.state == State.PENDING, c.method == method)
    return _all(tx, waiting.order_by(c.created_at, c.id))


def on_access_number(tx: Tx, access_number: str) -> list[Confirmation]:
    """Return pending confirmations, of any service, whose users are to call `access_number`; two at most."""
    c = confirmations.c
    return _all(tx, CONFIRMATIONS.selected.where(c.state == State.PENDING, c.access_number == access_number).limit(2))


def held_back(tx: Tx, phone_number: str) -> list[Confirmation]:
    """Return those whose call waits until an earlier one to the number has ended."""
    c = confirmations.c
    held = CONFIRMATIONS.selected.where(c.phone_number == phone_number, c.state == State.PENDING)
    return _all(tx, held.where(c.send_state == SendState.QUEUED, c.send_due_at.is_(None)).order_by(c.created_at, c.id))


def of_message(tx: Tx, message_id: str) -> Confirmation | None:
    """Return the confirmation whose present code the SMSC took under `message_id`, or None; of several the newest."""
    known: str | None = tx.known.get((OF_MESSAGE, message_id))
    if known is not None and (found := find(tx, known)) is not None and found.message_id == message_id:
        return found
    row = _OF_MESSAGE.first(tx, its_message=message_id)
    return None if row is None else CONFIRMATIONS.of(tx, row)


def next_send(tx: Tx, not_by: Collection[str] = ()) -> int | None:
    """Return the instant at which this node is to send the next code; the methods `not_by` are for others."""
    others = _not_for_others(tx, not_by)
    due: int | None = tx.conn.execute(_NEXT_SEND.where(*others)).scalar() if others else _NEXT_SEND_OF_ALL.value(tx)
    return due


def next_step(tx: Tx) -> int | None:
    """Return the instant at which the next step's time ends."""
    due: int | None = _NEXT_STEP.value(tx)
    return due


def next_expiry(tx: Tx) -> int | None:
    """Return the instant at which the next lifetime ends."""
    due: int | None = _NEXT_EXPIRY.value(tx)
    return due


def _not_for_others(tx: Tx, methods: Collection[str]) -> list[ColumnElement[bool]]:
    own_codes = claims.held_by_others(tx, OWN_CODE)
    c = confirmations.c
    return [
        *([c.method.not_in(methods)] if methods else []),
        *([~(c.own_code & c.id.in_(own_codes))] if own_codes else []),
    ]


def _all_free(tx: Tx, query: Select[Any]) -> list[Confirmation]:
    """Return all that no other node works on at this moment."""
    return _all(tx, query.with_for_update(skip_locked=True))


def _all(tx: Tx, query: Select[Any]) -> list[Confirmation]:
    return CONFIRMATIONS.all(tx, tx.conn.execute(query))
