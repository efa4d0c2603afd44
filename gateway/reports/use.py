"""The report on cost and use: aggregates alone, whose small cells are hidden (S71, S73, S96).

A cell that counts fewer than the profile's `stat_min_cell` is hidden. Where that leaves one hidden cell beside a total,
the smallest of the others is hidden with it, so that no subtraction shows it; a total that would show it is hidden too.
Nothing here is of one person: what would be has no table.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Table, func, select

from confirm.ledger import decimal
from confirm.ledger_store import charges
from confirm.store import confirmations
from gateway.reports.reading import attempts_table
from smsc_emulator.base.database import Tx, metadata
from smsc_emulator.frozen import frozen

PERSONS: Final = frozenset({"user", "number", "subscriber"})
"""What no table is ever of."""

Measure = Literal["cost", "use"]


@frozen
class Cell:
    """One line of a table. `count` is of attempts, confirmations, bindings or numbers; None where it is hidden."""

    key: str
    count: int | None
    quantity: int | None = None
    amount: int | None = None
    """In millionths of the currency."""
    currency: str | None = None


@frozen
class Aggregate:
    """A table of cells, with what they are counts of."""

    name: str
    title: str
    measure: Measure
    cells: tuple[Cell, ...]
    total: int | None
    """Of all cells, the hidden ones too; None where it would tell what they count."""


def hide(cells: list[Cell], least: int) -> tuple[Cell, ...]:
    """Return the cells with those hidden that count fewer than `least`, and one more if that were the only one."""
    small = {index for index, cell in enumerate(cells) if (cell.count or 0) < least}
    if len(small) == 1 and len(cells) > 1:
        small.add(min(set(range(len(cells))) - small, key=lambda index: cells[index].count or 0))
    return tuple(
        replace(cell, count=None, quantity=None, amount=None) if index in small else cell
        for index, cell in enumerate(cells)
    )


def report(tx: Tx, least: int, service_id: str | None) -> list[Aggregate]:
    """Return all tables, of all services or of one."""
    attempts = attempts_table()
    bindings = metadata.tables["bindings"]
    costs = {
        "kind": ("cost of each kind of charge", charges.c.kind),
        "service": ("cost of each service", charges.c.service_id),
        "operator": ("cost of asking each operator", attempts.c.operator_id),
        "payer": ("cost by who pays for the attempt", func.coalesce(attempts.c.payer, "service")),
    }
    uses = {
        "state": ("attempts by outcome", attempts, attempts.c.state),
        "reason": ("refused attempts by reason", attempts, attempts.c.reason),
        "cause": ("attempts by cause", attempts, attempts.c.cause),
        "profile": ("attempts by profile", attempts, attempts.c.profile),
        "asked": ("attempts by operator", attempts, attempts.c.operator_id),
        "bound": ("bindings by state", bindings, bindings.c.state),
        "basis": ("active bindings by what they stand on", bindings, bindings.c.basis),
    }
    tables = [_cost(tx, name, *line, least, service_id) for name, line in costs.items()]
    tables += [_use(tx, name, *line, least, service_id) for name, line in uses.items()]
    return [*tables, _services_of_numbers(tx, bindings, least, service_id)]


def _cost(tx: Tx, name: str, title: str, key: ColumnElement[Any], least: int, service_id: str | None) -> Aggregate:
    attempts = attempts_table()
    about = func.coalesce(confirmations.c.owner, charges.c.subject_id)
    query = (
        select(
            key,
            charges.c.currency,
            func.count(about.distinct()),
            func.sum(charges.c.quantity),
            func.sum(charges.c.amount),
        )
        .select_from(charges)
        .outerjoin(confirmations, confirmations.c.id == charges.c.subject_id)
        .outerjoin(attempts, attempts.c.id == about)
        .group_by(key, charges.c.currency)
        .order_by(key, charges.c.currency)
    )
    if name == "operator":
        query = query.where(charges.c.kind == "query")
    if service_id is not None:
        query = query.where(charges.c.service_id == service_id)
    found = [Cell(str(key), n, int(q), int(a), currency) for key, currency, n, q, a in tx.conn.execute(query)]
    return tabulate(name, title, "cost", found, least)


def _use(
    tx: Tx, name: str, title: str, table: Table, key: ColumnElement[Any], least: int, service_id: str | None
) -> Aggregate:
    query = select(key, func.count()).select_from(table).where(key.is_not(None)).group_by(key).order_by(key)
    if name == "basis":
        query = query.where(table.c.state == "ACTIVE")
    if service_id is not None:
        query = query.where(table.c.service_id == service_id)
    return tabulate(name, title, "use", [Cell(str(key), count) for key, count in tx.conn.execute(query)], least)


def _services_of_numbers(tx: Tx, bindings: Table, least: int, service_id: str | None) -> Aggregate:
    """Count the numbers by in how many services they are bound; a service sees that of nobody's."""
    title = "numbers by how many services they are bound in"
    if service_id is not None:
        return Aggregate("services", title, "use", (), 0)
    bound = (
        select(func.count(bindings.c.service_id.distinct()).label("services"))
        .where(bindings.c.state == "ACTIVE")
        .group_by(bindings.c.phone_number)
    )
    counts = Counter(int(row.services) for row in tx.conn.execute(bound))
    return tabulate("services", title, "use", [Cell(str(key), counts[key]) for key in sorted(counts)], least)


def tabulate(name: str, title: str, measure: Measure, cells: list[Cell], least: int) -> Aggregate:
    """Return the table with its small cells hidden, and its total where that tells nothing of them."""
    shown = hide(cells, least)
    total = sum(cell.count or 0 for cell in cells)
    hidden = [cell for cell in shown if cell.count is None]
    unseen = total - sum(cell.count or 0 for cell in shown)
    is_told = not hidden or (len(hidden) > 1 and unseen >= least)
    return Aggregate(name, title, measure, shown, total if is_told else None)


def snapshot(table: Aggregate) -> dict[str, Any]:
    """Return a table as plain JSON; what is hidden is null."""
    rows: list[Mapping[str, Any]] = []
    for cell in table.cells:
        row: dict[str, Any] = {"key": cell.key, "count": cell.count}
        if table.measure == "cost":
            amount = None if cell.amount is None else decimal(cell.amount)
            row |= {"quantity": cell.quantity, "amount": amount, "currency": cell.currency}
        rows.append(row)
    return {"name": table.name, "title": table.title, "measure": table.measure, "total": table.total, "cells": rows}


def text(tables: list[Aggregate], least: int) -> str:
    """Return the tables for people."""
    lines = [f"counts below {least} are hidden"]
    for table in tables:
        if not table.cells:
            continue
        lines.append(f"{table.title}:" if table.total is None else f"{table.title} ({table.total}):")
        for cell in table.cells:
            told = f"below {least}, or hidden with one that is" if cell.count is None else str(cell.count)
            cost = "" if cell.amount is None else f", {cell.quantity} charged at {decimal(cell.amount)} {cell.currency}"
            lines.append(f"  {cell.key:24}{told}{cost}")
    return "\n".join(lines) + "\n"
