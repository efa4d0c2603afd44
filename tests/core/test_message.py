import pytest

from smsc_emulator.core.message import FINAL, TRANSITIONS, Message, TransitionError, message_id_text
from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.pdus import SubmitSm


def message(registered_delivery: int = 0, state: int = MessageState.ENROUTE) -> Message:
    return Message(1, "1", "alice", 0, SubmitSm(registered_delivery=registered_delivery), state)


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize("wanted", MessageState)
def test_a_final_state_is_never_left(state: int, wanted: int) -> None:
    over = message(state=state)
    with pytest.raises(TransitionError):
        over.move(wanted, 5)
    assert (over.state, over.final_at) == (state, None)


@pytest.mark.parametrize("state", sorted(TRANSITIONS))
def test_every_other_state_leads_to_every_final_one(state: int) -> None:
    for final in FINAL:
        moved = message(state=state)
        moved.move(final, 5, error=7)
        assert (moved.state, moved.final_at, moved.error) == (final, 5, 7)


@pytest.mark.parametrize(
    ("registered_delivery", "delivered", "failed"),
    [(0x00, False, False), (0x01, True, True), (0x02, False, True), (0x03, False, False), (0x1D, True, True)],
)
def test_a_receipt_is_due_as_bits_1_and_0_say(registered_delivery: int, delivered: bool, failed: bool) -> None:
    for state in FINAL:
        wanted = delivered if state == MessageState.DELIVERED else failed
        assert message(registered_delivery, state).receipt_due is wanted
    assert not message(registered_delivery).receipt_due


def test_a_3_3_peer_gets_an_id_of_eight_octets() -> None:
    assert message_id_text(1_000_000_001, 0x34) == "1000000001"
    assert message_id_text(1_000_000_001, 0x33) == "3B9ACA01"
