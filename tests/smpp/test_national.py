"""The national language tables of TS 23.038, Annex A, against samples, each other, and an independent table."""

import gsm0338 as oracle_package
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.smpp import gsm0338, segments
from smsc_emulator.smpp.constants import EsmClass
from smsc_emulator.smpp.national import LOCKING, SINGLE, Language, Shift
from smsc_emulator.smpp.segments import Scheme
from smsc_emulator.smpp.text import best_shift, coding, decode, header_septets, with_class

SPANISH = Shift(single=Language.SPANISH)
ORACLE = oracle_package.Codec(single_shift_decode_map=oracle_package.SINGLE_SHIFT_CHARACTER_SET_SPANISH)
shifts = st.builds(Shift, st.sampled_from([0, *LOCKING]), st.sampled_from([0, *SINGLE]))


def characters(shift: Shift) -> str:
    plain = set(LOCKING.get(shift.locking, gsm0338.DEFAULT)) | set(SINGLE.get(shift.single, gsm0338.EXTENSION).values())
    return "".join(sorted(plain - {"\x1b"}))


shifted = shifts.flatmap(lambda shift: st.tuples(st.just(shift), st.text(characters(shift), max_size=400)))


@given(st.text(characters(SPANISH)))
def test_spanish_is_written_and_read_as_the_independent_library_does(text: str) -> None:
    septets = gsm0338.encode(text, SPANISH)
    assert septets == ORACLE.encode(text)[0]
    assert gsm0338.decode(septets, SPANISH) == text


@given(shifted)
def test_every_pair_of_tables_reads_what_it_has_written(case: tuple[Shift, str]) -> None:
    shift, text = case
    assert gsm0338.decode(gsm0338.encode(text, shift), shift) == text


@pytest.mark.parametrize("language", LOCKING, ids=lambda language: Language(language).name)
def test_a_locking_table_has_128_places_and_no_character_twice(language: int) -> None:
    table = LOCKING[language]
    shown = [character for character in table if character != " "]
    assert len(table) == 128
    assert len(set(shown)) == len(shown)
    assert (table[0x0A], table[0x0D], table[0x1B], table[0x20]) == ("\n", "\r", "\x1b", " ")
    assert table[0x30:0x3A] == "0123456789"
    assert table[0x61:0x7B] == "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("language", SINGLE, ids=lambda language: Language(language).name)
def test_every_single_shift_table_keeps_the_default_extensions(language: int) -> None:
    table = SINGLE[language]
    assert all(table[place] == "\f^{}\\[~]|€"[index] for index, place in enumerate(BASIC_PLACES))
    assert all(0 <= place < 0x80 and place not in (0x0D, 0x1B) for place in table)


BASIC_PLACES = (0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65)


@pytest.mark.parametrize(
    ("shift", "septets", "text"),
    [
        (Shift(single=1), "1b47 1b49 1b53 1b63 1b65 1b67 1b69 1b73", "ĞİŞç€ğış"),
        (Shift(locking=1), "04 07 0b 0c 1c 1d 40 60", "€ıĞğŞşİç"),
        (Shift(locking=3), "04 05 06 07 08 09 12 15 16 1a 60 7d", "êéúíóçª∞^|~`"),
        (Shift(single=3), "1b05 1b0b 1b12 1b1f 1b5b 1b7f", "êÔΦÊÃâ"),
        (Shift(locking=4), "00 0b 2c 46 60 7b 7f", "\u0981\u098c,\u09b2\u09ce\u09d7\u09f1"),
        (Shift(locking=5), "0c 42 60 7f", "\u0a8d\u0aae\u0ad0\u0af1"),
        (Shift(locking=6), "00 1a 3c 4e 5f 60 7f", "\u0901\u091a\u0929\u093c\u094d\u0950\u097f"),
        (Shift(locking=7), "01 4e 60", "\u0c82\u0cbc\u0cd5"),
        (Shift(locking=8), "01 47 48 7f", "\u0d02\u0d33\u0d34\u0d79"),
        (Shift(locking=9), "00 48 60 7b", "\u0b01 \u0b56\u0b57"),
        (Shift(locking=10), "09 4b 4c 60 7f", "  \u0a38\u0a51\u0a74"),
        (Shift(locking=11), "3c 3d 42 60 7f", "\u0ba9\u0baa\u0bae\u0bd0\u0bf9"),
        (Shift(locking=12), "47 4e 4f 7b", "\u0c33 \u0c3d\u0c56"),
        (Shift(locking=13), "00 1c 2e 60 7f", "\u0627\u068c.\u0654\u0670"),
        (Shift(single=4), "1b19 1b1a 1b1c 1b24 1b2a 1b34", "\u09e6\u09e7\u09e8\u09df\u09e3\u09fa"),
        (Shift(single=6), "1b19 1b1c 1b25 1b26 1b30 1b3a", "\u0964\u0966\u096f\u0951\u095b\u0971"),
        (Shift(single=8), "1b2e 1b30 1b34", "\u0d7a\u0d7b\u0d7f"),
        (Shift(single=12), "1b19 1b1c 1b26 1b32", "Θ\u0c66\u0c58\u0c7f"),
        (Shift(single=13), "1b19 1b1c 1b3b 1b3f 1b41", "\u0600\u06f0\u06cd\u06d4A"),
    ],
)
def test_known_places_of_the_tables(shift: Shift, septets: str, text: str) -> None:
    assert gsm0338.decode(bytes.fromhex(septets), shift) == text


def test_a_language_without_a_table_is_read_by_the_default_one() -> None:
    """TS 23.038, 6.2.1.2.1: a receiver that does not know the language ignores the element."""
    assert gsm0338.decode(b"\x04\x1b\x65", Shift(0x7F, 0x7F)) == "è€"
    assert gsm0338.decode(b"\x04", Shift(locking=Language.SPANISH)) == "è"


@given(shifted, st.sampled_from([Scheme.UDH8, Scheme.UDH16]), st.booleans(), st.integers(0, 0xFFFF))
def test_segments_name_their_tables_and_are_read_back(
    case: tuple[Shift, str], scheme: Scheme, packed: bool, reference: int
) -> None:
    shift, text = case
    parts = [
        segments.read_part(part.short_message, part.esm_class, part.data_coding, part.tlvs, packed=packed)
        for part in segments.split(text, reference, scheme, packed=packed, shift=shift)
    ]
    assert all(part.shift == shift for part in parts)
    read = segments.join(parts)
    # Seven spare bits at the end of packed septets and a character of septet 0 are the same: see `unpack`.
    assert read == text or (packed and len(read) == len(text) - 1 and read == text[:-1])


@given(shifted)
def test_no_segment_with_tables_is_longer_than_the_radio_side_takes(case: tuple[Shift, str]) -> None:
    shift, text = case
    for part in segments.split(text, packed=True, shift=shift):
        assert len(part.short_message) <= 140


def test_a_segment_that_names_tables_has_a_header() -> None:
    (part,) = segments.split("ğ", shift=Shift(single=Language.TURKISH))
    assert part == segments.Segment(bytes.fromhex("03 24 01 01 1b 67"), 0, EsmClass.UDHI)


def test_sar_and_tables_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="SAR"):
        segments.split("ğ" * 200, scheme=Scheme.SAR, shift=Shift(single=Language.TURKISH))


def test_the_shortest_tables_are_chosen_with_the_cost_of_the_header() -> None:
    assert best_shift("plain", [Language.TURKISH]) == Shift()
    assert best_shift("ığ", [Language.TURKISH]) == Shift(locking=Language.TURKISH)
    assert best_shift("não é possível", [Language.SPANISH, Language.PORTUGUESE]) == Shift(Language.PORTUGUESE)
    assert [header_septets(shift) for shift in (Shift(), Shift(1), Shift(1, 1))] == [0, 5, 8]
    with pytest.raises(ValueError, match="every character"):
        best_shift("щ", Language)


@pytest.mark.parametrize("message_class", range(4))
@pytest.mark.parametrize("data_coding", [0x00, 0x04, 0x08])
def test_a_class_leaves_the_alphabet_alone(data_coding: int, message_class: int) -> None:
    shown = coding(with_class(data_coding, message_class))
    assert (shown.alphabet, shown.message_class) == (coding(data_coding).alphabet, message_class)


def test_an_alphabet_of_smpp_alone_has_no_class() -> None:
    with pytest.raises(ValueError, match="0x06"):
        with_class(0x06, 0)


def test_tables_are_named_to_the_decoder() -> None:
    assert decode(b"\x1b\x67", 0x10, Shift(single=Language.TURKISH)) == "ğ"
