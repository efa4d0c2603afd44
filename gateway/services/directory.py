"""What is on record of each service: taken from the settings, changed by acts. Every function runs in a unit.

What the settings say of a service holds until they say something else, also through restarts; an act in between
changes what is on record and not what the settings say.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, update

from gateway.services import store
from gateway.services.errors import NotDomesticError, NotListedError, ServiceNotFoundError
from gateway.services.settings import AgreementSettings, ListingSettings, Origin, ServiceSettings
from gateway.services.standing import Agreement, Features, Service
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import instant, iso


def configure(tx: Tx, settings: Sequence[ServiceSettings]) -> None:
    """Put on record what the settings say of each service, where they say something new."""
    for each in settings:
        told = each.model_dump_json(exclude={"key"})
        if store.configured(tx, each.id) == told:
            continue
        store.drop_agreements(tx, each.id)
        for agreement in each.agreements or ():
            store.put_agreement(tx, each.id, _agreement(agreement))
        store.put(tx, _service(each), told)
        _drop_listings(tx, each.name)
        if each.listed is not None:
            _add_listing(tx, each.name, each.listed)


def get(tx: Tx, service_id: str) -> Service:
    """Return a service. Raises ServiceNotFoundError."""
    found = store.find(tx, service_id)
    if found is None:
        raise ServiceNotFoundError(f"there is no service {service_id}")
    return found


def change(tx: Tx, now: int, service: Service) -> None:
    """Write another description of a service. Raises ServiceNotFoundError, NotDomesticError."""
    get(tx, service.id)
    if service.mode == "self" and service.residency != "domestic":
        raise NotDomesticError(f"{service.id} is foreign: it has its users identified by their operators")
    store.change(tx, service)
    tx.record(now, "service.changed", service.id, residency=service.residency, kind=service.kind, mode=service.mode)


def agree(tx: Tx, now: int, service_id: str, agreement: Agreement) -> None:
    """Put an agreement in the place of the one with the same operator. Raises ServiceNotFoundError.

    An attempt whose query has been sent goes on by the agreement as it was then.
    """
    get(tx, service_id)
    store.put_agreement(tx, service_id, agreement)
    tx.record(now, "service.agreement", service_id, operator_id=agreement.operator_id, state=agreement.state)


def enter(tx: Tx, now: int, name: str, origin: Origin, listed_from: int, listed_to: int | None = None) -> None:
    """Enter a name in the public register from an instant on; of any service, not only of those that are here."""
    row = {"name": name, "origin": origin, "listed_from": listed_from, "listed_to": listed_to}
    tx.conn.execute(insert(store.listings).values(row))
    tx.record(now, "register.entered", _subject(name), name=name, origin=origin, listed_from=iso(listed_from))


def remove(tx: Tx, now: int, name: str) -> None:
    """Take a name out of the public register at `now`; that it was there stays known. Raises NotListedError."""
    if not store.is_listed(tx, now, name):
        raise NotListedError("the public register does not have this name")
    open_ended = (store.listings.c.name == name) & (
        store.listings.c.listed_to.is_(None) | (store.listings.c.listed_to > now)
    )
    tx.conn.execute(update(store.listings).where(open_ended).values(listed_to=now))
    tx.record(now, "register.removed", _subject(name), name=name)


def _subject(name: str) -> str:
    return name[:64]


def _drop_listings(tx: Tx, name: str) -> None:
    tx.conn.execute(store.listings.delete().where(store.listings.c.name == name))


def _add_listing(tx: Tx, name: str, listed: ListingSettings) -> None:
    row = {
        "name": name,
        "origin": listed.origin,
        "listed_from": _instant(listed.listed_from),
        "listed_to": _instant(listed.listed_to),
    }
    tx.conn.execute(insert(store.listings).values(row))


def _service(settings: ServiceSettings) -> Service:
    features = settings.features
    return Service(
        settings.id,
        settings.name,
        settings.residency,
        settings.kind,
        settings.mode,
        Features(features.user_to_user, features.sender_picks_recipients, features.public_posting),
        any_operator=settings.agreements is None,
    )


def _agreement(settings: AgreementSettings) -> Agreement:
    return Agreement(
        settings.operator_id,
        settings.state,
        _instant(settings.grace_until),
        _instant(settings.valid_from),
        _instant(settings.valid_to),
        settings.exchange_mode,
        settings.payer,
    )


def _instant(moment: datetime | None) -> int | None:
    return None if moment is None else instant(moment.isoformat())
