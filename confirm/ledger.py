"""What confirming costs: a charge for each SMS segment, call and query, in a synthetic currency.

Amounts are whole millionths of the currency, so that sums are exact. Each charge has a reference of its own, made by
who charges of what it is for (`call:<its id>`; an SMS: the confirmation and which of its codes), so that a charge that
is repeated changes nothing.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Integer, bindparam, func, insert, select

from confirm.ledger_store import charges
from confirm.settings import TariffSettings
from smsc_emulator.base.database import Tx
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen

Kind = Literal["sms", "call", "query"]
MILLION = 1_000_000


@frozen
class Charge:
    """One charge. `amount` is in millionths of the currency, `at` is lab time."""

    ordinal: int
    reference: str
    at: int
    service_id: str
    subject_id: str
    kind: str
    quantity: int
    billable_seconds: int
    amount: int
    currency: str


@frozen
class Cost:
    """What something has cost so far. `amount` is in millionths of the currency."""

    amount: int
    currency: str
    billable_seconds: int

    def snapshot(self) -> dict[str, Any]:
        """Return what answers show: the amount as a decimal number in a text, as money is written in JSON."""
        return {
            "amount": decimal(self.amount),
            "currency": self.currency,
            "billable_seconds": self.billable_seconds,
        }


@frozen
class Total:
    """All charges of one kind and currency."""

    kind: str
    currency: str
    quantity: int
    billable_seconds: int
    amount: int


@lru_cache(maxsize=1024)
def decimal(amount: int) -> str:
    """Return millionths as a decimal number: 50000 is `0.05`, 2000000 is `2`."""
    text = f"{Decimal(amount).scaleb(-6):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_CHARGED = Statement(select(charges.c.ordinal).where(charges.c.reference == bindparam("reference")))
_CHARGE = Statement(insert(charges))
_MADE = "charge"
"""The kind of what is known of references: that they were charged."""
_TOTAL = Statement(
    select(func.sum(charges.c.amount), func.sum(charges.c.billable_seconds)).where(
        charges.c.subject_id == bindparam("subject"), charges.c.currency == bindparam("currency")
    )
)
_ENTRIES = (
    select(charges)
    .where(charges.c.service_id == bindparam("service_id"), charges.c.ordinal > bindparam("after"))
    .order_by(charges.c.ordinal)
    .limit(bindparam("most", type_=Integer))
)
_TOTALS = (
    select(
        charges.c.kind,
        charges.c.currency,
        func.sum(charges.c.quantity),
        func.sum(charges.c.billable_seconds),
        func.sum(charges.c.amount),
    )
    .where(charges.c.service_id == bindparam("service_id"))
    .group_by(charges.c.kind, charges.c.currency)
    .order_by(charges.c.kind, charges.c.currency)
)


class Ledger:
    """Charges by `tariffs`, and tells what was charged."""

    def __init__(self, tariffs: TariffSettings) -> None:
        self._currency = tariffs.currency
        self._prices = {"sms": _millionths(tariffs.sms), "call": _millionths(tariffs.call)}
        self._prices["query"] = _millionths(tariffs.query)
        self._second = _millionths(tariffs.call_second)

    def charge(
        self,
        tx: Tx,
        now: int,
        service_id: str,
        subject_id: str,
        kind: Kind,
        *,
        reference: str,
        quantity: int = 1,
        billable_seconds: int = 0,
    ) -> bool:
        """Charge `quantity` things and `billable_seconds` of an answered call; False if `reference` was charged before.

        The seconds of a call may be charged apart from it, with a reference of their own and quantity 0.
        """
        # A charge that waits to be written is known.
        if tx.known.get((_MADE, reference)) or _CHARGED.look_up(tx, {"reference": reference}) is not None:
            return False
        tx.known[_MADE, reference] = True
        before, amount = self._cost(tx, subject_id), quantity * self._prices[kind] + billable_seconds * self._second
        values = {
            "reference": reference,
            "at": now,
            "service_id": service_id,
            "subject_id": subject_id,
            "kind": kind,
            "quantity": quantity,
            "billable_seconds": billable_seconds,
            "amount": amount,
            "currency": self._currency,
        }
        _CHARGE.later(tx, values)
        seconds = before.billable_seconds + billable_seconds
        tx.known["cost", subject_id, self._currency] = Cost(before.amount + amount, self._currency, seconds)
        return True

    def begin(self, tx: Tx, subject_id: str) -> None:
        """Take that something new has cost nothing yet, so that its charges need not be looked for."""
        tx.known["cost", subject_id, self._currency] = Cost(0, self._currency, 0)

    def total(self, tx: Tx, *subject_ids: str) -> Cost:
        """Return what the subjects have cost together, in the currency of the tariffs."""
        costs = [self._cost(tx, subject_id) for subject_id in subject_ids]
        if len(costs) == 1:
            return costs[0]
        amount, seconds = sum(cost.amount for cost in costs), sum(cost.billable_seconds for cost in costs)
        return Cost(amount, self._currency, seconds)

    def _cost(self, tx: Tx, subject_id: str) -> Cost:
        key = "cost", subject_id, self._currency
        known: Cost | None = tx.known.get(key)
        if known is None:
            amount, seconds = _TOTAL.first(tx, subject=subject_id, currency=self._currency) or (0, 0)
            known = tx.known.own[key] = Cost(int(amount or 0), self._currency, int(seconds or 0))
        return known

    def entries(self, tx: Tx, service_id: str, after: int = 0, limit: int = 100) -> list[Charge]:
        """Return up to `limit` charges of the service that follow the one with the ordinal `after`, oldest first."""
        rows = tx.conn.execute(_ENTRIES, {"service_id": service_id, "after": after, "most": limit})
        return [Charge(**row._mapping) for row in rows]

    def totals(self, tx: Tx, service_id: str) -> list[Total]:
        """Return the service's charges added up, by kind and currency."""
        rows = tx.conn.execute(_TOTALS, {"service_id": service_id})
        return [Total(kind, currency, int(n), int(s), int(a)) for kind, currency, n, s, a in rows]


def _millionths(price: Decimal) -> int:
    return int(price * MILLION)
