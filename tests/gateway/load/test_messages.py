"""What is submitted."""

from collections import Counter

import pytest

from gateway.load.messages import Frame, Wording, all_numbers, frames, numbers, told, wording
from smsc_emulator.smpp import codec, segments, text
from smsc_emulator.smpp.pdus import SubmitSm
from smsc_emulator.smpp.text import Alphabet


def read(frame: Frame, number: int = 7) -> SubmitSm:
    pdu = codec.decode(frame.head + number.to_bytes(4) + frame.tail)
    assert isinstance(pdu, SubmitSm)
    assert pdu.sequence_number == number
    return pdu


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("hello", Wording("hello")),
        ("ucs2:hello", Wording("hello", Alphabet.UCS2)),
        ("3*latin1:5*6", Wording("5*6", Alphabet.LATIN1, 3)),
        ("code: 1234", Wording("code: 1234")),
    ],
)
def test_a_text_may_have_a_weight_and_a_coding(spec: str, found: Wording) -> None:
    assert wording(spec) == found


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("", "at least one character"),
        ("0*hello", "a weight is at least 1"),
        ("latin1:Привет", "latin1 has no 'П'"),
        ("x" * 50_000, "is the most that can be told apart"),
    ],
)
def test_a_text_that_cannot_be_sent_is_told(spec: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        wording(spec)


def test_numbers_are_given_one_by_one_or_as_ranges() -> None:
    assert all_numbers(["+70000000009..+70000000011", "1234"]) == (
        "+70000000009",
        "+70000000010",
        "+70000000011",
        "1234",
    )
    for wrong in ("", "+7x", "5..4", "1..99999999"):
        with pytest.raises(ValueError, match="range"):
            numbers(wrong)


def test_the_mix_has_its_shares_codings_and_numbers() -> None:
    mix = [wording("3*hello"), wording("ucs2:hello")]
    pdus = [read(frame) for frame in frames(mix, ["+70000000001", "+70000000002"], "bank", receipts=True)]
    assert Counter(pdu.data_coding for pdu in pdus) == {0: 3, 8: 1}
    assert {text.decode(pdu.short_message, pdu.data_coding) for pdu in pdus} == {"hello"}
    assert {pdu.destination_addr for pdu in pdus} == {"70000000001", "70000000002"}
    assert {(pdu.source_addr, pdu.source_addr_ton, pdu.registered_delivery) for pdu in pdus} == {("bank", 5, 1)}


def test_segments_of_one_message_follow_each_other_and_two_messages_are_told_apart() -> None:
    found = frames([wording("x" * 200)], ["1", "3"], "2", receipts=False)
    pdus = [pdu for pdu in map(read, found) if pdu.destination_addr == "1"]
    marks = [segments.read_header(pdu.short_message).elements[0][1] for pdu in pdus]
    assert [tuple(mark) for mark in marks] == [(message, 2, part) for message in range(16) for part in (1, 2)]


def test_what_is_told_of_a_mix_has_no_text_in_it() -> None:
    assert told([wording("3*secret"), wording("ucs2:" + "ж" * 100)]) == [
        "75 % gsm, 6 characters",
        "25 % ucs2, 100 characters, 2 segments",
    ]
