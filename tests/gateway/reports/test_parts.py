"""The parts of one text are found by what the telephone finds them by, and by nothing else."""

from typing import Any

import pytest

from gateway.reports import parts
from gateway.reports.trace import trace
from smsc_emulator.base.journal import Event
from smsc_emulator.smpp.pdus import SubmitSm, Tlv
from smsc_emulator.smpp.segments import Scheme, split

TEXT = "x" * 400


def sent(scheme: Scheme, reference: int, sender: str = "shop", to: str = "70000000001") -> list[SubmitSm]:
    """Return the three submit_sm of a long text."""
    return [
        SubmitSm(
            source_addr=sender,
            destination_addr=to,
            short_message=part.short_message,
            esm_class=part.esm_class,
            tlvs=[Tlv(tag, value) for tag, value in part.tlvs],
        )
        for part in split(TEXT, reference, scheme)
    ]


def numbered(*pdus: SubmitSm) -> dict[str, SubmitSm]:
    return {str(1001 + number): pdu for number, pdu in enumerate(pdus)}


@pytest.mark.parametrize("scheme", list(Scheme))
def test_parts_between_those_of_another_text_make_a_text_each(scheme: Scheme) -> None:
    one, two = sent(scheme, 7), sent(scheme, 8)
    kept = numbered(one[2], two[0], one[0], two[1], SubmitSm(short_message=b"whole"), two[2], one[1])
    assert parts.texts(kept, kept) == [{"1001", "1003", "1007"}, {"1002", "1004", "1006"}]


def test_a_reference_that_is_used_again_begins_another_text() -> None:
    kept = numbered(*sent(Scheme.SAR, 7), *sent(Scheme.SAR, 7))
    assert parts.texts(kept, kept) == [{"1001", "1002", "1003"}, {"1004", "1005", "1006"}]


def test_a_text_to_somebody_else_is_another_text() -> None:
    one, two = sent(Scheme.UDH8, 7), sent(Scheme.UDH8, 7, to="70000000002")
    kept = numbered(one[0], two[0], one[1], two[1])
    assert parts.texts(kept, kept) == [{"1001", "1003"}, {"1002", "1004"}]


def test_a_message_that_the_smsc_has_not_kept_and_one_that_is_whole_are_no_parts() -> None:
    assert parts.texts(["1", "2"], {"2": SubmitSm(short_message=b"whole")}) == []
    assert not parts.is_part(SubmitSm(short_message=b"whole"))


def accepted(seq: int, account: str, **told: Any) -> Event:
    return Event(seq, "message.accepted", str(seq), {"account": account, **told}, seq)


def test_messages_are_near_that_the_same_sender_has_sent_to_the_same_address_lately() -> None:
    many = [accepted(seq, "a" if seq % 2 else "b", to="70000000001") for seq in range(10_000)]
    [found] = parts.near(many, {"5001"})
    assert found == [str(seq) for seq in range(5001 - 2 * parts.NEAR, 5001 + 2 * parts.NEAR + 1, 2)]
    [far] = parts.near(many, {"1", "9999"})
    assert len(far) < 12 * parts.NEAR
    handset = [accepted(1, "", **{"from": "70000000002", "to": "3434"}), accepted(2, "", **{"from": "7", "to": "3434"})]
    assert parts.near(handset, {"1"}) == [["1"]]


def test_a_trace_goes_from_a_part_to_the_others_and_to_what_names_them() -> None:
    events = [accepted(seq, "a", to="70000000001") for seq in (1, 2, 3)]
    events.append(Event(4, "handset.received", "+70000000001", {"message_id": "2"}, 4))
    assert [step.seq for step in trace(events, "1").steps] == [1]
    assert [step.seq for step in trace(events, "1", [frozenset({"1", "2"})]).steps] == [1, 2, 4]
