from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.smpp import gsm0338
from smsc_emulator.smpp.constants import Tag
from smsc_emulator.smpp.segments import (
    Concatenation,
    Part,
    Reassembler,
    Scheme,
    Segment,
    join,
    read_header,
    read_part,
    split,
)
from smsc_emulator.smpp.text import Alphabet

FROM, TO = "79990000001", "70000000001"
gsm_characters = st.sampled_from(sorted((set(gsm0338.DEFAULT) | set(gsm0338.EXTENSION.values())) - {"\x1b"}))
gsm_texts = st.text(gsm_characters, max_size=700)
any_text = st.text(st.sampled_from("aё€😀ж@{"), max_size=400)
schemes = st.sampled_from(Scheme)


def part_of(segment: Segment, *, packed: bool = False) -> Part:
    return read_part(segment.short_message, segment.esm_class, segment.data_coding, segment.tlvs, packed=packed)


def part(data: str, data_coding: int, reference: int, total: int, sequence: int) -> Part:
    return Part(bytes.fromhex(data), data_coding, Concatenation(reference, total, sequence))


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize(("text", "most"), [("a" * 160, 160), ("ж" * 70, 140), ("😀" * 35, 140), ("€" * 80, 160)])
def test_a_text_that_fits_is_one_segment_without_a_header(scheme: Scheme, text: str, most: int) -> None:
    [segment] = split(text, 7, scheme)
    assert (len(segment.short_message), segment.esm_class, segment.tlvs) == (most, 0, ())


def test_an_empty_text_is_one_empty_segment() -> None:
    assert split("") == [Segment(b"", 0)]


@pytest.mark.parametrize(
    ("text", "scheme", "lengths"),
    [
        ("a" * 161, Scheme.UDH8, [153, 8]),
        ("a" * 161, Scheme.UDH16, [152, 9]),
        ("a" * 161, Scheme.SAR, [152, 9]),
        ("ж" * 71, Scheme.UDH8, [134, 8]),
        ("ж" * 71, Scheme.UDH16, [132, 10]),
        ("a" * 152 + "€" * 5, Scheme.UDH8, [152, 10]),
        ("ж" * 66 + "😀" * 3, Scheme.UDH8, [132, 12]),
    ],
)
def test_segments_hold_what_a_telephone_takes_and_no_character_is_cut(
    text: str, scheme: Scheme, lengths: list[int]
) -> None:
    assert [len(part_of(segment).data) for segment in split(text, 7, scheme)] == lengths


def test_latin1_segments_hold_134_octets() -> None:
    segments = split("ê" * 141, alphabets=(Alphabet.LATIN1,))
    assert [(len(part_of(segment).data), segment.data_coding) for segment in segments] == [(134, 3), (7, 3)]


def test_each_scheme_marks_the_place_in_its_own_way() -> None:
    text = "a" * 161
    [_, narrow] = split(text, 0x1234, Scheme.UDH8)
    assert (narrow.short_message[:6].hex(), narrow.esm_class) == ("050003340202", 0x40)
    [_, wide] = split(text, 0x1234, Scheme.UDH16)
    assert (wide.short_message[:7].hex(), wide.esm_class) == ("06080412340202", 0x40)
    [_, sar] = split(text, 0x1234, Scheme.SAR)
    assert (sar.short_message, sar.esm_class) == (b"a" * 9, 0)
    assert sar.tlvs == (
        (Tag.SAR_MSG_REF_NUM, b"\x12\x34"),
        (Tag.SAR_TOTAL_SEGMENTS, b"\2"),
        (Tag.SAR_SEGMENT_SEQNUM, b"\2"),
    )


def test_a_text_of_more_than_255_segments_is_refused() -> None:
    assert len(split("a" * 153 * 255)) == 255
    with pytest.raises(ValueError, match="256 segments"):
        split("a" * (153 * 255 + 1))


@given(any_text, schemes, st.integers(0, 0xFFFF))
def test_no_segment_ends_inside_a_character(text: str, scheme: Scheme, reference: int) -> None:
    parts = [part_of(segment) for segment in split(text, reference, scheme)]
    assert "".join(join([each]) for each in parts) == text
    assert all(not each.problems for each in parts)


@given(gsm_texts.filter(lambda text: not text.endswith("@")), schemes)
def test_packed_segments_are_read_back_and_fill_a_telephone_to_the_brim(text: str, scheme: Scheme) -> None:
    segments = split(text, 7, scheme, packed=True)
    assert all(len(segment.short_message) <= 140 for segment in segments)
    reassembler = Reassembler()
    for segment in segments:
        assembly = reassembler.add(FROM, TO, part_of(segment, packed=True))
    # an @ that ends a segment of 8n septets looks like padding; at most these are lost
    assert assembly.text is not None
    assert assembly.text.replace("@", "") == text.replace("@", "")


@given(st.data(), any_text, schemes)
def test_parts_make_the_text_in_any_order_and_with_duplicates(data: st.DataObject, text: str, scheme: Scheme) -> None:
    segments = split(text, 7, scheme)
    extra = data.draw(st.lists(st.sampled_from(segments), max_size=3))
    reassembler = Reassembler()
    arrivals = data.draw(st.permutations(segments + extra))
    texts = [reassembler.add(FROM, TO, part_of(segment)).text for segment in arrivals]
    assert {each for each in texts if each is not None} == {text}
    assert reassembler.pending() == {}


def test_a_surrogate_pair_cut_by_the_sender_is_made_whole() -> None:
    assert join([part("0041d83d", 8, 1, 2, 1), part("de000042", 8, 1, 2, 2)]) == "A😀B"


def test_an_escape_cut_by_the_sender_is_made_whole() -> None:
    assert join([part("411b", 0, 1, 2, 1), part("6542", 0, 1, 2, 2)]) == "A€B"


def test_parts_of_different_codings_are_decoded_each_in_its_own() -> None:
    assert join([part("4142", 0, 1, 2, 1), part("0436", 8, 1, 2, 2)]) == "ABж"


@pytest.mark.parametrize(
    ("data", "elements", "length", "problem"),
    [
        ("050003010201" + "41", ((0x00, b"\1\2\1"),), 6, ""),
        ("00" + "41", (), 1, ""),
        ("0b0504158a0000000301020141", ((0x05, b"\x15\x8a\0\0"), (0x00, b"\1\2\1")), 12, ""),
        ("", (), 0, "UDHI is set on an empty message"),
        ("0541", (), 0, "UDHL 5 reaches beyond the 1 octets that follow it"),
        ("0600030102010541", ((0x00, b"\1\2\1"),), 7, "the information element at octet 6 reaches beyond UDHL 6"),
        ("0300ff0141", (), 4, "the information element at octet 1 reaches beyond UDHL 3"),
    ],
)
def test_a_header_is_read_as_far_as_it_goes(data: str, elements: object, length: int, problem: str) -> None:
    header = read_header(bytes.fromhex(data))
    assert (header.elements, header.octets) == (elements, length)
    assert header.problems == ((problem,) if problem else ())


@pytest.mark.parametrize("value", ["0003010200", "0003010203", "0003010000", "00020102", "08030102" + "01", "0000"])
def test_an_impossible_place_is_reported_and_ignored(value: str) -> None:
    header = bytes.fromhex(value)
    read = read_part(bytes([len(header)]) + header + b"text", 0x40, 0)
    assert (read.concatenation, read.data, len(read.problems)) == (None, b"text", 1)


@pytest.mark.parametrize(
    ("tlvs", "problem"),
    [
        ([(Tag.SAR_MSG_REF_NUM, b"\0\1")], "the three SAR TLVs must come together, of 2, 1 and 1 octets"),
        (
            [(Tag.SAR_MSG_REF_NUM, b"\1"), (Tag.SAR_TOTAL_SEGMENTS, b"\2"), (Tag.SAR_SEGMENT_SEQNUM, b"\1")],
            "the three SAR TLVs must come together, of 2, 1 and 1 octets",
        ),
        (
            [(Tag.SAR_MSG_REF_NUM, b"\0\1"), (Tag.SAR_TOTAL_SEGMENTS, b"\2"), (Tag.SAR_SEGMENT_SEQNUM, b"\3")],
            "SAR TLVs tell the impossible place 3 of 2",
        ),
    ],
)
def test_bad_sar_tlvs_are_reported_and_ignored(tlvs: list[tuple[int, bytes]], problem: str) -> None:
    read = read_part(b"text", 0, 0, tlvs)
    assert (read.concatenation, read.data, read.problems) == (None, b"text", (problem,))


def test_a_header_beside_sar_tlvs_counts_and_is_reported() -> None:
    sar = [(Tag.SAR_MSG_REF_NUM, b"\0\1"), (Tag.SAR_TOTAL_SEGMENTS, b"\3"), (Tag.SAR_SEGMENT_SEQNUM, b"\3")]
    read = read_part(bytes.fromhex("050003070201"), 0x40, 0, sar)
    assert read.concatenation == Concatenation(7, 2, 1)
    assert read.problems == ("UDHI and SAR TLVs exclude each other",)


def test_a_text_in_message_payload_is_read_with_its_header() -> None:
    read = read_part(b"", 0x40, 0, [(Tag.MESSAGE_PAYLOAD, bytes.fromhex("05000307020141"))])
    assert (read.data, read.concatenation) == (b"A", Concatenation(7, 2, 1))


def test_a_header_without_the_indicator_is_text() -> None:
    read = read_part(bytes.fromhex("05000307020141"), 0, 4)
    assert (len(read.data), read.concatenation) == (7, None)


@given(st.binary(max_size=300), st.integers(0, 255), st.integers(0, 255), st.booleans())
def test_any_octets_make_a_part_that_can_be_shown(data: bytes, esm_class: int, data_coding: int, packed: bool) -> None:
    assert isinstance(join([read_part(data, esm_class, data_coding, packed=packed)]), str)


@given(st.binary(min_size=1, max_size=3), st.binary(max_size=3), st.binary(max_size=3))
def test_any_sar_tlvs_make_a_part(reference: bytes, total: bytes, sequence: bytes) -> None:
    tlvs = [(Tag.SAR_MSG_REF_NUM, reference), (Tag.SAR_TOTAL_SEGMENTS, total), (Tag.SAR_SEGMENT_SEQNUM, sequence)]
    read = read_part(b"", 0, 0, tlvs)
    assert bool(read.concatenation) is not bool(read.problems)


def test_missing_duplicate_and_disordered_parts_are_reported() -> None:
    reassembler = Reassembler()
    third = part("43", 0, 7, 3, 3)
    reassembler.add(FROM, TO, third)
    reassembler.add(FROM, TO, part("41", 0, 7, 3, 1))
    assembly = reassembler.add(FROM, TO, third)
    assert (assembly.missing, assembly.duplicates, assembly.out_of_order) == ([2], {3}, True)
    assert (assembly.text, assembly.readable) == (None, "AC")
    assert list(reassembler.pending().values()) == [assembly]


def test_a_part_with_other_content_replaces_the_first_and_is_reported() -> None:
    reassembler = Reassembler()
    reassembler.add(FROM, TO, part("41", 0, 7, 2, 1))
    reassembler.add(FROM, TO, part("42", 0, 7, 2, 1))
    assembly = reassembler.add(FROM, TO, part("43", 0, 7, 2, 2))
    assert (assembly.text, assembly.conflicts) == ("BC", {1})


def test_messages_of_other_numbers_references_and_totals_are_kept_apart() -> None:
    first = part("41", 0, 7, 2, 1)
    second = part("42", 0, 7, 2, 2)
    others = [
        (FROM, "70000000002", second),
        ("79990000002", TO, second),
        (FROM, TO, part("42", 0, 8, 2, 2)),
        (FROM, TO, part("42", 0, 7, 3, 2)),
    ]
    for other in others:
        for arrivals in permutations([(FROM, TO, first), other]):
            reassembler = Reassembler()
            assert [reassembler.add(*arrival).text for arrival in arrivals] == [None, None]


def test_a_late_duplicate_is_no_message_with_missing_parts() -> None:
    reassembler = Reassembler()
    first, second = part("41", 0, 7, 2, 1), part("42", 0, 7, 2, 2)
    reassembler.add(FROM, TO, first)
    assert reassembler.add(FROM, TO, second).text == "AB"
    late = reassembler.add(FROM, TO, second)
    assert (late.text, late.duplicates) == (None, {2})
    assert reassembler.pending() == {}


def test_the_same_message_sent_again_whole_is_read_again() -> None:
    reassembler = Reassembler()
    parts = [part("41", 0, 7, 2, 1), part("42", 0, 7, 2, 2)]
    assert [reassembler.add(FROM, TO, each).text for each in parts * 2] == [None, "AB", None, "AB"]


def test_a_message_without_a_place_is_whole_at_once() -> None:
    assert Reassembler().add(FROM, TO, Part(b"AB", 0)).text == "AB"


def test_what_waits_too_long_is_given_up_and_told_once() -> None:
    reassembler = Reassembler()
    reassembler.add(FROM, TO, part("41", 0, 7, 2, 1), now=1_000)
    assert reassembler.forget(before=1_000) == {}
    [(key, given_up)] = reassembler.forget(before=1_001).items()
    assert (key.reference, given_up.missing) == (7, [2])
    assert reassembler.forget(before=1_001) == {}
    assert reassembler.add(FROM, TO, part("42", 0, 7, 2, 2), now=2_000).text is None


def test_a_completed_message_is_forgotten_too() -> None:
    reassembler = Reassembler()
    reassembler.add(FROM, TO, part("41", 0, 7, 2, 1), now=1)
    reassembler.add(FROM, TO, part("42", 0, 7, 2, 2), now=2)
    assert reassembler.forget(before=3) == {}
    assert reassembler.add(FROM, TO, part("42", 0, 7, 2, 2), now=4).duplicates == set()
