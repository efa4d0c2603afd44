"""Who pays: each charge once, the parts of a split charge adding up to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, String, Table, delete, insert

from confirm.ledger import Ledger
from confirm.settings import TariffSettings
from confirm.store import confirmations
from gateway.services import payers
from gateway.services.payers import Share

ODD = 33_333
ATTEMPTS = Table(
    "attempts_that_pay",
    MetaData(),
    Column("id", String, primary_key=True),
    Column("payer", String, nullable=False),
    Column("operator_id", String),
)


@given(st.sampled_from(["service", "operator", "user", "split"]), st.sampled_from([None, "alpha"]), st.integers(0))
def test_the_parts_of_an_amount_add_up_to_it(payer, operator_id, amount):
    assert sum(part for _, _, part in payers.split(payer, operator_id, amount)) == amount


@pytest.mark.parametrize(
    ("payer", "operator_id", "parts"),
    [
        ("service", "alpha", [("service", None, ODD)]),
        ("user", "alpha", [("user", None, ODD)]),
        ("operator", "alpha", [("operator", "alpha", ODD), ("service", None, 0)]),
        ("operator", None, [("service", None, ODD)]),
        ("split", "alpha", [("operator", "alpha", ODD // 2), ("service", None, ODD - ODD // 2)]),
        ("split", None, [("service", None, ODD)]),
    ],
)
def test_an_operator_pays_its_part_once_it_was_asked_and_the_service_what_nobody_else_does(payer, operator_id, parts):
    assert payers.split(payer, operator_id, ODD) == parts


@pytest.fixture
def ledger():
    return Ledger(TariffSettings())


@pytest.fixture
def charge(database, ledger, now):
    """Return a function that charges something once, however often it is called."""

    async def charge(kind, subject_id, service_id="demo"):
        reference = f"{kind}:{subject_id}"
        return await database.run(lambda tx: ledger.charge(tx, now, service_id, subject_id, kind, reference=reference))

    return charge


@pytest.fixture
async def pays(database):
    """Return a function that says who pays for an attempt, and whom it has asked."""
    await database.run(lambda tx: ATTEMPTS.create(tx.conn, checkfirst=True))
    await database.run(lambda tx: tx.conn.execute(delete(ATTEMPTS)))

    async def pays(attempt_id, payer, operator_id):
        row = {"id": attempt_id, "payer": payer, "operator_id": operator_id}
        await database.run(lambda tx: tx.conn.execute(insert(ATTEMPTS).values(row)))

    return pays


async def shares(database, service_id="demo"):
    return await database.run(lambda tx: payers.shares(tx, service_id, ATTEMPTS))


async def own(database, confirmation_id, owner):
    """Write a confirmation with no more than the columns that must be there."""
    needed = [column for column in confirmations.c if not column.nullable]
    filled = {column.name: [] if column.name == "steps" else column.type.python_type() for column in needed}
    filled |= {"id": confirmation_id, "owner": owner}
    await database.run(lambda tx: tx.conn.execute(insert(confirmations).values(**filled)))


async def test_an_attempts_query_and_its_confirmations_sms_are_its_payers_and_others_are_the_services(
    database, charge, pays
):
    await own(database, "cnf_1", "idn_1")
    await own(database, "cnf_2", None)
    await pays("idn_1", "split", "alpha")
    for kind, subject in (("sms", "cnf_1"), ("sms", "cnf_2"), ("query", "idn_1"), ("query", "idn_2")):
        assert await charge(kind, subject)
        assert not await charge(kind, subject)
    assert await shares(database) == [
        Share("operator", "alpha", "query", "XTS", 10_000),
        Share("operator", "alpha", "sms", "XTS", 25_000),
        Share("service", None, "query", "XTS", 10_000 + 20_000),
        Share("service", None, "sms", "XTS", 25_000 + 50_000),
    ]


async def test_an_attempt_that_asked_nobody_is_the_services_whoever_was_to_pay(database, charge, pays):
    await charge("sms", "idn_1")
    await pays("idn_1", "operator", None)
    assert await shares(database) == [Share("service", None, "sms", "XTS", 50_000)]


async def test_users_are_never_told_apart_and_a_service_sees_its_own_costs_alone(database, charge, pays):
    for attempt in ("idn_1", "idn_2"):
        await charge("query", attempt)
        await pays(attempt, "user", "alpha")
    await charge("query", "idn_3", "other")
    assert await shares(database) == [Share("user", None, "query", "XTS", 40_000)]
