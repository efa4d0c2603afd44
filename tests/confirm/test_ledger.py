"""The ledger: exact amounts, nothing charged twice, totals that add up."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from asking import memory
from hypothesis import given, settings
from hypothesis import strategies as st

from confirm import ledger
from confirm.ledger import Cost, Ledger, Total
from confirm.settings import TariffSettings
from smsc_emulator.base.database import Tx

NOW = 1_767_268_800_000


@pytest.fixture
def tx() -> Iterator[Tx]:
    with memory() as tx:
        yield tx


def charge(book: Ledger, tx: Tx, reference: str, kind: Any = "sms", **members: Any) -> bool:
    values = {"service_id": "demo", "subject_id": "cnf_1", **members}
    return book.charge(tx, NOW, kind=kind, reference=reference, **values)


def test_a_charge_costs_what_the_tariff_says(tx: Tx) -> None:
    book = Ledger(TariffSettings())
    charge(book, tx, "sms:1", quantity=3)
    charge(book, tx, "call:1", "call")
    charge(book, tx, "call:1:seconds", "call", quantity=0, billable_seconds=7)
    charge(book, tx, "query:1", "query")
    assert [(one.kind, one.quantity, one.billable_seconds, one.amount) for one in book.entries(tx, "demo")] == [
        ("sms", 3, 0, 150_000),
        ("call", 1, 0, 10_000),
        ("call", 0, 7, 14_000),
        ("query", 1, 0, 20_000),
    ]
    assert book.total(tx, "cnf_1").snapshot() == {"amount": "0.194", "currency": "XTS", "billable_seconds": 7}


def test_a_charge_that_is_repeated_changes_nothing(tx: Tx) -> None:
    book = Ledger(TariffSettings())
    assert charge(book, tx, "sms:1")
    assert not charge(book, tx, "sms:1", quantity=5, subject_id="cnf_2")
    assert book.total(tx, "cnf_1") == Cost(50_000, "XTS", 0)
    assert book.total(tx, "cnf_2") == Cost(0, "XTS", 0)


def test_what_nothing_was_charged_for_has_cost_nothing(tx: Tx) -> None:
    assert Ledger(TariffSettings(currency="EUR")).total(tx, "cnf_9").snapshot() == {
        "amount": "0",
        "currency": "EUR",
        "billable_seconds": 0,
    }


def test_things_of_several_parts_cost_their_sum(tx: Tx) -> None:
    book = Ledger(TariffSettings())
    charge(book, tx, "query:1", "query", subject_id="idn_1")
    charge(book, tx, "sms:1")
    assert book.total(tx, "idn_1", "cnf_1").amount == 70_000


def test_a_tariff_that_was_changed_leaves_what_was_charged_before(tx: Tx) -> None:
    charge(Ledger(TariffSettings()), tx, "sms:1")
    dearer = Ledger(TariffSettings(sms=Decimal("0.5")))
    charge(dearer, tx, "sms:2")
    assert dearer.total(tx, "cnf_1").amount == 550_000


def test_currencies_are_never_added_up(tx: Tx) -> None:
    charge(Ledger(TariffSettings()), tx, "sms:1")
    euros = Ledger(TariffSettings(currency="EUR"))
    charge(euros, tx, "sms:2")
    assert euros.total(tx, "cnf_1") == Cost(50_000, "EUR", 0)
    assert euros.totals(tx, "demo") == [Total("sms", "EUR", 1, 0, 50_000), Total("sms", "XTS", 1, 0, 50_000)]


def test_entries_are_those_of_one_service_page_by_page(tx: Tx) -> None:
    book = Ledger(TariffSettings())
    for n in range(5):
        charge(book, tx, f"sms:{n}")
        charge(book, tx, f"other:{n}", service_id="shop")
    first = book.entries(tx, "demo", limit=3)
    rest = book.entries(tx, "demo", after=first[-1].ordinal, limit=3)
    assert [one.reference for one in [*first, *rest]] == [f"sms:{n}" for n in range(5)]
    assert book.entries(tx, "demo", after=rest[-1].ordinal) == []


@settings(deadline=None)  # each example makes a database of its own
@given(
    st.lists(
        st.tuples(st.sampled_from(["sms", "call", "query"]), st.integers(0, 9), st.integers(0, 99), st.integers(0, 5)),
        max_size=20,
    )
)
def test_totals_add_up_to_the_entries_and_each_reference_counts_once(charges: Any) -> None:
    book = Ledger(TariffSettings(sms=Decimal("0.000001"), call_second=Decimal("0.123457")))
    with memory() as tx:
        charged = {}
        for kind, quantity, seconds, reference in charges:
            is_new = charge(book, tx, f"{reference}", kind, quantity=quantity, billable_seconds=seconds)
            assert is_new == (reference not in charged)
            charged.setdefault(reference, (kind, quantity, seconds))
        entries = book.entries(tx, "demo")
        assert [(one.kind, one.quantity, one.billable_seconds) for one in entries] == list(charged.values())
        assert sum(one.amount for one in book.totals(tx, "demo")) == sum(one.amount for one in entries)
        assert book.total(tx, "cnf_1").amount == sum(one.amount for one in entries)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0"), (1, "0.000001"), (50_000, "0.05"), (2_000_000, "2"), (10_000_000, "10"), (12_345_678, "12.345678")],
)
def test_an_amount_is_shown_as_a_decimal_number(amount: int, text: str) -> None:
    assert ledger.decimal(amount) == text
