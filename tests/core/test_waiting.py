import pytest

from smsc_emulator.core import waiting
from smsc_emulator.core.message import Address, Message
from smsc_emulator.core.waiting import Waiting, matches
from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.pdus import SubmitSm


def message(number: int, due_at: int | None, to: str = "70000000001", message_id: str = "") -> Message:
    pdu = SubmitSm(source_addr="bank", source_addr_ton=5, destination_addr=to)
    return Message(number, message_id or str(number), "alice", 0, pdu, due_at=due_at)


def filled(*dues: int) -> tuple[Waiting, list[Message]]:
    found, messages = Waiting(), [message(number, due) for number, due in enumerate(dues, 1)]
    for each in messages:
        found.add(each)
    return found, messages


def test_what_is_due_comes_by_instant_then_by_age_and_in_batches() -> None:
    found, _ = filled(30, 10, 20, 10)
    assert found.next_due() == 10
    assert [m.id for m in found.take_due(20, 2)] == [2, 4]
    assert [m.id for m in found.take_due(20, 2)] == [3]
    assert [m.id for m in found.take_due(20, 2)] == []
    assert (found.next_due(), len(found)) == (30, 4)


def test_a_message_that_is_due_at_another_instant_is_due_then_only() -> None:
    found, (one,) = filled(10)
    one.due_at = 50
    found.add(one)
    assert (found.next_due(), found.take_due(49, 9)) == (50, [])
    assert found.take_due(50, 9) == [one]
    found.end(one)
    assert found.next_due() is None


def test_stale_instants_do_not_pile_up() -> None:
    found, (one,) = filled(1)
    for instant in range(2, 20_000):
        one.due_at = instant
        found.add(one)
    assert len(found._heap) < 2_000
    assert found.next_due() == 19_999


def test_messages_are_found_by_id_number_and_addresses_until_they_are_forgotten() -> None:
    found = Waiting()
    one, other = message(1, 5, "70000000001", "x"), message(2, 5, "+70000000002", "x")
    found.add(one)
    found.add(other)
    assert found.get("x") == (one, other)
    assert found.of("+70000000002") == [other]
    one.move(MessageState.DELIVERED, 3)
    found.end(one)
    assert (found.get("x"), found.of("+70000000001"), len(found)) == ((one, other), [], 1)
    found.forget(other)
    assert (found.get("x"), found.of("+70000000002"), len(found)) == ((one,), [], 0)


def test_of_those_that_are_over_the_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "HISTORY", 2)
    found, messages = filled(1, 1, 1)
    for each in messages:
        found.end(each)
    assert [bool(found.get(str(number))) for number in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize(
    ("source", "destination", "service_type", "same"),
    [
        (Address(5, 0, "bank"), Address(0, 0, "70000000001"), None, True),
        (Address(5, 0, "bank"), Address(0, 0, "70000000001"), "", True),
        (Address(5, 0, "bank"), Address(0, 0, "70000000001"), "CMT", False),
        (Address(0, 0, "bank"), Address(0, 0, "70000000001"), None, False),
        (Address(5, 1, "bank"), Address(0, 0, "70000000001"), None, False),
        (Address(5, 0, ""), Address(0, 0, "70000000001"), None, False),
        (Address(5, 0, "bank"), Address(1, 0, "70000000001"), None, False),
    ],
)
def test_all_of_both_addresses_must_be_the_same(
    source: Address, destination: Address, service_type: str | None, same: bool
) -> None:
    assert matches(message(1, 5), source, destination, service_type) is same
