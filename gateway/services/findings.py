"""Findings of the regulator against a service: the time to mend what was found, and the block that may follow.

A finding is open until it is cured, or until T_cure (S81) is over: from then on the service may be blocked for it, if
need be once a court has said so (149-FZ art. 15.4). It is never a fine (S39). What is mended at the very instant at
which the time ends is mended in time. Every function runs in a unit; instants are lab time in milliseconds.
"""

from typing import Any, Literal

from sqlalchemy import BigInteger, Column, Index, String, Table, func, insert, select, update
from sqlalchemy.engine import Row

from gateway.services import store
from gateway.services.errors import BlockRefusedError, FindingNotFoundError, FindingOverError, NotBlockedError
from gateway.services.rules import Rules
from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.base.durations import SECOND, iso
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen

Kind = Literal["not_listed", "no_identification", "no_data_given", "other"]
"""What was found: the service is not in the public register; it does not identify its users; it does not give the data
that it must; anything else."""
State = Literal["open", "cured", "uncured"]

table = Table(
    "service_findings",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("found_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, index=True, comment="the end of T_cure; NULL: it is over"),
    Column("cure_by", BigInteger, nullable=False, comment="the same, kept"),
    Column("ended_at", BigInteger),
    Index("ix_service_findings_service", "service_id", "kind", "state"),
)

_NEXT_DUE = Statement(select(func.min(table.c.due_at)), remember=True)


@frozen
class Finding:
    """One finding."""

    id: str
    service_id: str
    kind: Kind
    state: State
    found_at: int
    cure_by: int
    """The end of T_cure."""
    ended_at: int | None
    """When it was cured, or the time for that was over."""


def make(tx: Tx, now: int, service_id: str, kind: Kind, rules: Rules) -> Finding:
    """Find `kind` against a service; while that is open, or has stayed uncured, it is the same finding."""
    same = (table.c.service_id == service_id) & (table.c.kind == kind)
    row = tx.conn.execute(select(table).where(same, table.c.state != "cured")).first()
    if row is not None:
        return _finding(row)
    earlier = tx.conn.execute(select(func.count()).select_from(table).where(same)).scalar_one()
    finding_id, cure_by = f"fnd_{service_id}_{kind}_{earlier + 1}", now + rules.t_cure_s * SECOND
    values = {
        "id": finding_id,
        "service_id": service_id,
        "kind": kind,
        "state": "open",
        "found_at": now,
        "due_at": cure_by,
        "cure_by": cure_by,
    }
    tx.conn.execute(insert(table).values(values))
    return _recorded(tx, now, get(tx, service_id, finding_id), "made")


def get(tx: Tx, service_id: str, finding_id: str) -> Finding:
    """Return a finding against the service. Raises FindingNotFoundError."""
    row = tx.conn.execute(select(table).where(table.c.id == finding_id, table.c.service_id == service_id)).first()
    if row is None:
        raise FindingNotFoundError(f"there is no finding {finding_id} against {service_id}")
    return _finding(row)


def of(tx: Tx, service_id: str) -> list[Finding]:
    """Return the findings against a service, the oldest first."""
    query = select(table).where(table.c.service_id == service_id).order_by(table.c.found_at, table.c.id)
    return [_finding(row) for row in tx.conn.execute(query)]


def cure(tx: Tx, now: int, service_id: str, finding_id: str) -> Finding:
    """Note that the service has mended what was found. Raises FindingNotFoundError, FindingOverError."""
    finding = get(tx, service_id, finding_id)
    if finding.state == "cured":
        raise FindingOverError(f"{finding_id} was cured before")
    return _end(tx, now, finding, "cured")


def next_due(tx: Tx) -> int | None:
    """Return the instant at which the next time to mend ends."""
    due: int | None = _NEXT_DUE.value(tx)
    return due


def time_up(tx: Tx, now: int) -> None:
    """End the time of all that had to be mended by `now`: the services may be blocked for it."""
    due = select(table).where(table.c.due_at <= now).order_by(table.c.due_at, table.c.id)
    for row in tx.conn.execute(due).all():
        _end(tx, now, _finding(row), "uncured")


def block(
    tx: Tx,
    now: int,
    service_id: str,
    *,
    ground: str,
    blocked_from: int,
    rules: Rules,
    finding_id: str | None = None,
    court: bool = False,
) -> None:
    """Block a service from an instant on, for a finding or on any other ground (S45).

    Raises FindingNotFoundError, and BlockRefusedError if the finding's time is not over or it was cured, or the rules
    ask for a court's order that there is not.
    """
    if finding_id is not None:
        finding = get(tx, service_id, finding_id)
        if finding.state != "uncured":
            raise BlockRefusedError(f"{finding_id} is {finding.state}: nobody is blocked for it")
        if blocked_from < finding.cure_by:
            raise BlockRefusedError(f"a block for {finding_id} begins after {iso(finding.cure_by)}")
        if rules.block_needs_court and not court:
            raise BlockRefusedError("the profile asks for a court's order")
    row = {"ground": ground, "blocked_from": blocked_from, "finding_id": finding_id, "court": court}
    tx.conn.execute(insert(store.blockings).values(service_id=service_id, **row))
    tx.record(now, "service.blocked", service_id, ground=ground, blocked_from=iso(blocked_from), finding_id=finding_id)


def restore(tx: Tx, now: int, service_id: str) -> None:
    """End every block of a service at `now`, those that have not begun too. Raises NotBlockedError."""
    blockings = store.blockings.c
    standing = (blockings.service_id == service_id) & blockings.restored_at.is_(None)
    ended = tx.conn.execute(update(store.blockings).where(standing).values(restored_at=now)).rowcount
    if not ended:
        raise NotBlockedError(f"{service_id} is not blocked")
    tx.record(now, "service.restored", service_id)


def _end(tx: Tx, now: int, finding: Finding, state: State) -> Finding:
    tx.conn.execute(update(table).where(table.c.id == finding.id).values(state=state, due_at=None, ended_at=now))
    return _recorded(tx, now, get(tx, finding.service_id, finding.id), state)


def _recorded(tx: Tx, now: int, finding: Finding, event: str) -> Finding:
    told = {"kind": finding.kind, "state": finding.state, "cure_by": iso(finding.cure_by)}
    tx.record(now, f"finding.{event}", finding.id, service_id=finding.service_id, **told)
    return finding


def _finding(row: Row[Any]) -> Finding:
    fields = row._mapping
    return Finding(**{name: fields[name] for name in Finding.__dataclass_fields__})
