"""Who pays for what was charged (S95): each attempt has a payer, and its charges are his. Runs inside units of work.

The charges stay as they are, in the ledger; an attempt tells who pays, and which operator it asked last. So nothing can
be charged to two, and who pays can be told of a charge that was made before it was known whom the attempt would ask.
Charges of confirmations that belong to no attempt are the service's.
"""

from collections import defaultdict

from sqlalchemy import Table, func, select

from confirm.ledger_store import charges
from confirm.store import confirmations
from smsc_emulator.base.database import Tx
from smsc_emulator.frozen import frozen


@frozen
class Share:
    """What one payer owes for one kind of charge. `amount` is in millionths of the currency."""

    payer: str
    """service, operator or user; users are never told apart."""
    operator_id: str | None
    kind: str
    currency: str
    amount: int


def split(payer: str, operator_id: str | None, amount: int) -> list[tuple[str, str | None, int]]:
    """Return (payer, operator, amount) of those who pay: where it is split, the service and the operator half each.

    An odd millionth is the service's; so is everything that an operator would pay before any was asked.
    """
    if payer == "user":
        return [("user", None, amount)]
    if payer == "service" or operator_id is None:
        return [("service", None, amount)]
    half = amount if payer == "operator" else amount // 2
    return [("operator", operator_id, half), ("service", None, amount - half)]


def shares(tx: Tx, service_id: str, attempts: Table) -> list[Share]:
    """Return what each payer owes for a service's charges, by kind and currency.

    `attempts` has the columns id, payer and operator_id; it is declared above this package.
    """
    payer = func.coalesce(attempts.c.payer, "service")
    about = func.coalesce(confirmations.c.owner, charges.c.subject_id)
    rows = tx.conn.execute(
        select(payer, attempts.c.operator_id, charges.c.kind, charges.c.currency, func.sum(charges.c.amount))
        .select_from(charges)
        .outerjoin(confirmations, confirmations.c.id == charges.c.subject_id)
        .outerjoin(attempts, attempts.c.id == about)
        .where(charges.c.service_id == service_id)
        .group_by(payer, attempts.c.operator_id, charges.c.kind, charges.c.currency)
    )
    owed: dict[tuple[str, str | None, str, str], int] = defaultdict(int)
    for who, operator_id, kind, currency, amount in rows:
        for paid_by, of_operator, part in split(who, operator_id, int(amount)):
            owed[paid_by, of_operator, kind, currency] += part
    found = [Share(*line, amount) for line, amount in owed.items() if amount]
    return sorted(found, key=lambda each: (each.payer, each.operator_id or "", each.kind, each.currency))
