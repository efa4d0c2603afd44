"""The tables of the services, and the public register of them. Every function runs in a unit."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Row

from gateway.services.standing import Agreement, Features, Service, Standing
from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.base.statements import Statement

services = Table(
    "services",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False, comment="as in the public register"),
    Column("residency", String(8), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("mode", String(8), nullable=False, comment="operator or self"),
    Column("user_to_user", Boolean, comment="NULL, here and below: undetermined"),
    Column("sender_picks_recipients", Boolean),
    Column("public_posting", Boolean),
    Column("any_operator", Boolean, nullable=False, comment="an agreement with each operator unless told otherwise"),
    Column("configured", Text, nullable=False, comment="the settings that it was made from"),
)

agreements = Table(
    "service_agreements",
    metadata,
    Column("service_id", String(32), primary_key=True),
    Column("operator_id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("grace_until", BigInteger, comment="lab time, ms, as all instants here"),
    Column("valid_from", BigInteger),
    Column("valid_to", BigInteger),
    Column("exchange_mode", String(16), comment="NULL, here and below: as the profile says"),
    Column("payer", String(16)),
)

listings = Table(
    "service_listings",
    metadata,
    Column("ordinal", Integer, primary_key=True),
    Column("name", String(128), nullable=False, index=True),
    Column("origin", String(8), nullable=False, comment="applied or forced"),
    Column("listed_from", BigInteger),
    Column("listed_to", BigInteger, comment="the first instant at which it is listed no more"),
)

blockings = Table(
    "service_blockings",
    metadata,
    Column("ordinal", Integer, primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("ground", String(128), nullable=False),
    Column("blocked_from", BigInteger, nullable=False),
    Column("restored_at", BigInteger, comment="the first instant at which it is blocked no more"),
    Column("finding_id", String(64), comment="what it was blocked for, if for a finding"),
    Column("court", Boolean, nullable=False, comment="whether a court ordered it"),
    Index("ix_service_blockings_service", "service_id"),
)

# What decides about services changes seldom.
_SERVICE = Statement(select(services).where(services.c.id == bindparam("service_id")), remember=True)
_AGREEMENTS = Statement(select(agreements).where(agreements.c.service_id == bindparam("service_id")), remember=True)
_LISTINGS = Statement(
    select(listings.c.listed_from, listings.c.listed_to).where(listings.c.name == bindparam("name")), remember=True
)
_BLOCKINGS = Statement(
    select(blockings.c.blocked_from, blockings.c.restored_at).where(blockings.c.service_id == bindparam("service_id")),
    remember=True,
)


def find(tx: Tx, service_id: str) -> Service | None:
    """Return the service, or None."""
    row = _SERVICE.first(tx, service_id=service_id)
    return None if row is None else _service(row)


def configured(tx: Tx, service_id: str) -> str | None:
    """Return the settings that the service was made from, or None."""
    row = _SERVICE.first(tx, service_id=service_id)
    return None if row is None else row.configured


def put(tx: Tx, service: Service, configured: str) -> None:
    """Write a service in the place of what was there; its agreements stay."""
    tx.conn.execute(delete(services).where(services.c.id == service.id))
    tx.conn.execute(insert(services).values({**_flat(service), "configured": configured}))


def change(tx: Tx, service: Service) -> None:
    """Write what has become of a service."""
    tx.conn.execute(update(services).where(services.c.id == service.id).values(_flat(service)))


def ids(tx: Tx) -> list[str]:
    """Return the names of all services in requests."""
    return list(tx.conn.execute(select(services.c.id).order_by(services.c.id)).scalars())


def agreements_of(tx: Tx, service_id: str) -> list[Agreement]:
    """Return the service's agreements."""
    return [_agreement(row) for row in _AGREEMENTS.all(tx, service_id=service_id)]


def put_agreement(tx: Tx, service_id: str, agreement: Agreement) -> None:
    """Write an agreement in the place of the one with the same operator."""
    same = (agreements.c.service_id == service_id) & (agreements.c.operator_id == agreement.operator_id)
    tx.conn.execute(delete(agreements).where(same))
    tx.conn.execute(insert(agreements).values(service_id=service_id, **asdict(agreement)))


def drop_agreements(tx: Tx, service_id: str) -> None:
    """Forget all of a service's agreements."""
    tx.conn.execute(delete(agreements).where(agreements.c.service_id == service_id))


def is_listed(tx: Tx, now: int, name: str) -> bool:
    """Whether the public register has exactly this name at `now`."""
    return any(_holds(row.listed_from, row.listed_to, now) for row in _LISTINGS.all(tx, name=name))


def is_blocked(tx: Tx, now: int, service_id: str) -> bool:
    """Whether the service is blocked at `now`."""
    return any(_holds(row.blocked_from, row.restored_at, now) for row in _BLOCKINGS.all(tx, service_id=service_id))


def standing(tx: Tx, now: int, service_id: str) -> Standing:
    """Return all that decides about a service at `now`.

    One that nobody has described is what `Service` is by default, and listed: no rule is broken by what is not known.
    """
    service = find(tx, service_id)
    return Standing(
        service or Service(service_id, service_id),
        service is None or is_listed(tx, now, service.name),
        is_blocked(tx, now, service_id),
        agreements_of(tx, service_id),
    )


def _holds(since: int | None, until: int | None, now: int) -> bool:
    return (since is None or since <= now) and (until is None or now < until)


def _flat(service: Service) -> dict[str, Any]:
    row = asdict(service)
    return {**row.pop("features"), **row}


def _service(row: Row[Any]) -> Service:
    features = Features(row.user_to_user, row.sender_picks_recipients, row.public_posting)
    return Service(row.id, row.name, row.residency, row.kind, row.mode, features, row.any_operator)


def _agreement(row: Row[Any]) -> Agreement:
    fields = row._mapping
    return Agreement(**{name: fields[name] for name in Agreement.__dataclass_fields__})
