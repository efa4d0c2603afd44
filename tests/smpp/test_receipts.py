import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.smpp import receipts
from smsc_emulator.smpp.gsm0338 import decode
from smsc_emulator.smpp.receipts import APPENDIX_B, STAT, Receipt, build, excerpt, parse
from smsc_emulator.smpp.text import encode

SUBMITTED = 1_767_268_800_000  # 2026-01-01T12:00:00Z
DONE = SUBMITTED + 65_000
MINUTE = 60_000
minutes = st.integers(946_684_800_000 // MINUTE, 2_145_916_740_000 // MINUTE).map(lambda count: count * MINUTE)
"""Whole minutes from 2000 to the end of 2037, where years of two digits turn back."""


def test_a_delivered_message_is_reported_as_in_appendix_b() -> None:
    assert build("0000000001", 2, submit_date=SUBMITTED, done_date=DONE, text="Your code is 482913, keep it") == (
        "id:0000000001 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 "
        "text:Your code is 482913,"
    )


@pytest.mark.parametrize(
    ("message_state", "stat", "dlvrd"),
    [
        (1, "ENROUTE", "000"),
        (2, "DELIVRD", "001"),
        (3, "EXPIRED", "000"),
        (4, "DELETED", "000"),
        (5, "UNDELIV", "000"),
        (6, "ACCEPTD", "000"),
        (7, "UNKNOWN", "000"),
        (8, "REJECTD", "000"),
        (99, "UNKNOWN", "000"),
    ],
)
def test_each_state_has_its_word_and_only_delivery_counts_as_delivered(
    message_state: int, stat: str, dlvrd: str
) -> None:
    text = build("1", message_state, submit_date=SUBMITTED, done_date=DONE)
    assert f" stat:{stat} " in text
    assert f" dlvrd:{dlvrd} " in text


def test_a_layout_of_the_operator_takes_the_place_of_the_standard_one() -> None:
    layout = "stat:{stat} done date:{done_date:%y%m%d%H%M%S} id:{id} err:{err:0>3} Text:{text}"
    text = build("a1", 5, submit_date=SUBMITTED, done_date=DONE, err="7", text="Hi", layout=layout)
    assert text == "stat:UNDELIV done date:260101120105 id:a1 err:007 Text:Hi"


def test_the_quoted_text_has_only_characters_that_all_receivers_read_alike() -> None:
    assert excerpt("Код: 482913\n@_$ [x] tail") == "???: 482913???? ?x? "


@given(st.text(), st.sampled_from(sorted(STAT)), minutes, minutes)
def test_a_receipt_is_the_same_octets_in_ascii_and_in_the_default_alphabet(
    text: str, message_state: int, submit_date: int, done_date: int
) -> None:
    receipt = build("5f3a-01", message_state, submit_date=submit_date, done_date=done_date, text=text)
    assert encode(receipt) == (0, receipt.encode("ascii"))


@given(
    st.text("0123456789abcdef-", min_size=1, max_size=64),
    st.sampled_from(sorted(STAT)),
    minutes,
    minutes,
    st.text("0123456789AB", min_size=3, max_size=3),
    st.text("abc :123.", max_size=20).map(str.strip),
)
def test_a_receipt_is_read_as_it_was_written(
    message_id: str, message_state: int, submit_date: int, done_date: int, err: str, text: str
) -> None:
    written = build(message_id, message_state, submit_date=submit_date, done_date=done_date, err=err, text=text)
    assert parse(written) == Receipt(
        message_id=message_id,
        sub=1,
        dlvrd=int(message_state == 2),
        submit_date=submit_date,
        done_date=done_date,
        stat=STAT[message_state],
        message_state=message_state,
        err=err,
        text=text,
    )


LAYOUTS = [
    APPENDIX_B,
    "{id} {text}",
    "{text} {id}",
    "{id}{text}{id}",
    "{id:>40} {text}",
    "{id!r} {text}",
    "no id {text}",
    "{submit_date:%f} {id} {text}",
    "é {id} {text} é",
]


@given(
    st.text("0123456789abcdef-я", max_size=64),
    st.sampled_from(sorted(STAT)),
    minutes,
    minutes,
    st.binary(max_size=30) | st.text("abc @$_\x1b", max_size=30).map(str.encode),
    st.sampled_from(LAYOUTS),
)
def test_a_receipt_written_at_once_is_the_one_that_is_built(
    message_id: str, message_state: int, submit_date: int, done_date: int, septets: bytes, layout: str
) -> None:
    octets = receipts.octets(message_id, message_state, submit_date, done_date, "000", septets, layout)
    dates = {"submit_date": submit_date, "done_date": done_date}
    built = build(message_id, message_state, **dates, text=decode(septets), layout=layout)
    assert octets in (None, built.encode("ascii", "replace"))


def test_the_common_receipt_is_written_at_once() -> None:
    octets = receipts.octets("1000000001", 2, SUBMITTED, DONE, "000", b"Your code is 123456, do not tell", APPENDIX_B)
    assert octets is not None
    assert octets.endswith(b"text:Your code is 123456,")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Receipt()),
        ("Hello", Receipt()),
        ("id:7f", Receipt(message_id="7f")),
        ("id: sub:001", Receipt(sub=1)),
        ("ID:7 STAT:delivrd Text:Hi there", Receipt("7", stat="DELIVRD", message_state=2, text="Hi there")),
        ("stat:SKIPPED id:7", Receipt("7", stat="SKIPPED")),
        ("submit date:260101120005", Receipt(submit_date=SUBMITTED + 5_000)),
        ("done_date:2601011200", Receipt(done_date=SUBMITTED)),
        ("submit date:9901011200", Receipt(submit_date=915_192_000_000)),
        ("submit date:2613011200 done date:26010112", Receipt()),
        ("sub:x dlvrd:" + "9" * 30, Receipt()),
        ("err:0A1", Receipt(err="0A1")),
        ("text:", Receipt(text="")),
        ("text:Hi there id:7 stat:EXPIRED", Receipt("7", stat="EXPIRED", message_state=3, text="Hi there")),
        ("id:7 stat:EXPIRED text:id:8 id:9", Receipt("7", stat="EXPIRED", message_state=3, text="id:8 id:9")),
        ("id:7 id:8", Receipt("7")),
    ],
)
def test_a_receipt_of_any_shape_is_read_as_far_as_it_goes(text: str, expected: Receipt) -> None:
    assert parse(text) == expected


@given(st.text() | st.text("idsubtext:date 0123456789ERD", max_size=100))
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(parse(text), Receipt)


def test_the_tlvs_hold_the_id_as_a_c_octet_string_and_the_state_as_an_octet() -> None:
    assert receipts.tlvs("a1", 5) == ((0x001E, b"a1\0"), (0x0427, b"\5"))


def test_the_tlvs_count_more_than_the_text() -> None:
    written = build("1", 2, submit_date=SUBMITTED, done_date=DONE)
    read = parse(written, receipts.tlvs("a1", 5))
    assert (read.message_id, read.message_state, read.stat) == ("a1", 5, "DELIVRD")


@pytest.mark.parametrize(("value", "message_id"), [(b"a1", "a1"), (b"a1\0", "a1"), (b"\0", ""), (b"a\xff\0", "a\xff")])
def test_an_id_without_its_null_octet_is_read(value: bytes, message_id: str) -> None:
    assert parse("", [(0x001E, value)]).message_id == message_id


def test_an_empty_state_is_as_good_as_none() -> None:
    assert parse("stat:DELIVRD", [(0x0427, b"")]).message_state == 2
