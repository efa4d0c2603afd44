"""What packets are about: message_ids that a response tells of its request, Call-IDs, and nothing of garbage."""

from smsc_emulator.capture.notes import SmppNotes, sip_notes
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import Tag
from smsc_emulator.smpp.pdus import CancelSm, CancelSmResp, DeliverSm, EnquireLink, SubmitSm, SubmitSmResp, Tlv

RECEIPT = b"id:77 sub:001 dlvrd:001 submit date:2601011200 done date:2601011200 stat:DELIVRD err:000 text:"


def test_a_request_gets_its_message_id_from_the_response_that_comes_in_pieces() -> None:
    notes = SmppNotes()
    (asked,) = notes.hear(encode(SubmitSm(sequence_number=5, short_message=b"hello")), outbound=False)
    assert asked.id == ""
    answer = encode(SubmitSmResp(sequence_number=5, message_id="1000000001"))
    assert notes.hear(answer[:10], outbound=True) == []
    assert notes.hear(answer[10:], outbound=True) == [asked]
    assert (asked.kind, asked.id) == ("message_id", "1000000001")


def test_an_answer_of_the_same_side_is_not_taken_for_the_response() -> None:
    notes = SmppNotes()
    (asked,) = notes.hear(encode(SubmitSm(sequence_number=5)), outbound=False)
    assert notes.hear(encode(SubmitSmResp(sequence_number=5, message_id="9")), outbound=False) == []
    assert asked.id == ""


def test_a_receipt_tells_its_message_by_tlv_or_by_text() -> None:
    by_tlv = DeliverSm(sequence_number=1, esm_class=4, tlvs=[Tlv(Tag.RECEIPTED_MESSAGE_ID, b"88\0")])
    by_text = DeliverSm(sequence_number=2, esm_class=4, short_message=RECEIPT)
    found = SmppNotes().hear(encode(by_tlv) + encode(by_text), outbound=True)
    assert [note.id for note in found] == ["88", "77"]


def test_a_response_without_an_id_leaves_the_one_of_its_request() -> None:
    notes = SmppNotes()
    (asked,) = notes.hear(encode(CancelSm(sequence_number=1, message_id="12")), outbound=False)
    notes.hear(encode(CancelSmResp(sequence_number=1)), outbound=True)
    assert asked.id == "12"


def test_garbage_is_not_listened_to_any_more_and_harms_nobody() -> None:
    notes = SmppNotes()
    assert notes.hear(b"GET / HTTP/1.1\r\n\r\n", outbound=False) == []
    assert notes.hear(encode(SubmitSm(sequence_number=1)), outbound=False) == []
    unknown = b"\0\0\0\x10\0\0\xff\xff\0\0\0\0\0\0\0\1"
    assert [note.id for note in notes.hear(unknown + encode(EnquireLink(sequence_number=1)), outbound=True)] == ["", ""]


def test_each_call_of_a_datagram_is_noted_once_in_long_and_compact_form() -> None:
    found = sip_notes(
        b"INVITE sip:a SIP/2.0\r\nCall-ID: one@a\r\nX: 1\r\n\r\nBYE sip:a SIP/2.0\r\ni:two\r\nCall-ID:one@a\r\n"
    )
    assert [(note.kind, note.id) for note in found] == [("Call-ID", "one@a"), ("Call-ID", "two")]
