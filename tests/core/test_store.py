from smsc_emulator.base.database import Database
from smsc_emulator.core.message import Message
from smsc_emulator.core.outbound import Kind, Outbound
from smsc_emulator.core.store import Changes, SqlStore, _runs
from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.pdus import SubmitSm, Tlv


def message(number: int) -> Message:
    pdu = SubmitSm(
        service_type="vma",
        source_addr="été",
        destination_addr="70000000001",
        esm_class=0x43,
        short_message=bytes(range(254)),
        tlvs=[Tlv(0x1400, b"vendor"), Tlv(0x1400, b"twice")],
    )
    return Message(number, str(number), "alice", 12, pdu)


async def test_a_message_comes_back_as_it_was(database: Database) -> None:
    store = SqlStore(database)
    kept = message(7)
    kept.move(MessageState.DELIVERED, 13, error=5)
    kept.kept = True
    await store.save(Changes(accepted=[kept]))
    stored = await store.load()
    (loaded,) = stored.over
    assert stored.last_message == 7
    for name in Message.__slots__:
        assert getattr(loaded, name) == getattr(kept, name)


async def test_what_waits_for_an_esme_comes_back_with_its_message(database: Database) -> None:
    store = SqlStore(database)
    first, second = message(1), message(2)
    waiting = [Outbound(n, Kind.MESSAGE, "", first) for n in (1, 2)] + [Outbound(3, Kind.RECEIPT, "alice", second)]
    await store.save(Changes(accepted=[first, second], queued=waiting))
    waiting[1].account, waiting[1].attempts, waiting[1].due_at = "bob", 2, 99
    first.move(MessageState.UNDELIVERABLE, 14, 3)
    await store.save(Changes(moved=[first], retried=[waiting[1]], gone=[waiting[0]]))
    stored = await store.load()
    assert [(o.id, o.kind, o.account, o.message.id, o.attempts, o.due_at) for o in stored.outbound] == [
        (2, Kind.MESSAGE, "bob", 1, 2, 99),
        (3, Kind.RECEIPT, "alice", 2, 0, None),
    ]
    assert (stored.outbound[0].message.state, stored.outbound[0].message.error) == (MessageState.UNDELIVERABLE, 3)
    assert stored.last_outbound == 3


async def test_an_empty_store_has_nothing(database: Database) -> None:
    stored = await SqlStore(database).load()
    assert (stored.last_message, stored.last_outbound) == (0, 0)
    assert not [*stored.pending, *stored.over, *stored.outbound, *stored.handsets]


def test_numbers_without_a_gap_are_one_run() -> None:
    assert list(_runs([])) == []
    assert list(_runs([7])) == [(7, 7)]
    assert list(_runs([5, 1, 2, 9, 3, 6])) == [(1, 3), (5, 6), (9, 9)]
