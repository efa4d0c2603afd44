import codecs

import gsm0338 as oracle_package
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.smpp import gsm0338
from smsc_emulator.smpp.text import DATA_CODING, Alphabet, Coding, coding, decode, encode, octets

ORACLE = oracle_package.Codec()
GSM_CHARACTERS = "".join(sorted((set(gsm0338.DEFAULT) | set(gsm0338.EXTENSION.values())) - {"\x1b"}))
gsm_texts = st.text(GSM_CHARACTERS)
any_text = st.text(st.characters(exclude_categories=["Cs"]))


@given(gsm_texts)
def test_the_default_alphabet_is_written_as_the_independent_library_writes_it(text: str) -> None:
    assert gsm0338.encode(text) == ORACLE.encode(text)[0]


@given(gsm_texts)
def test_the_default_alphabet_is_read_back(text: str) -> None:
    septets = gsm0338.encode(text)
    assert gsm0338.decode(septets) == text == ORACLE.decode(septets)[0]


def test_the_alphabet_has_just_the_characters_of_the_independent_library() -> None:
    known = {character for character in map(chr, range(0x3000)) if ORACLE.encode(character, "ignore")[0]}
    assert known - {"\x1b"} == set(GSM_CHARACTERS)


def test_a_character_outside_the_alphabet_is_named_with_its_place() -> None:
    with pytest.raises(UnicodeEncodeError) as refused:
        gsm0338.encode("code ы")
    assert (refused.value.start, refused.value.end) == (5, 6)


@pytest.mark.parametrize(
    ("septets", "text"),
    [
        ("1b65", "€"),
        ("1b41", "A"),
        ("1b1b41", " A"),
        ("411b", "A\ufffd"),
        ("41ff42", "A\ufffdB"),
        ("1bff42", "\ufffdB"),
        ("000211", "@$_"),
    ],
)
def test_septets_are_shown_as_a_telephone_shows_them(septets: str, text: str) -> None:
    assert gsm0338.decode(bytes.fromhex(septets)) == text


def test_a_character_of_the_extension_table_counts_twice() -> None:
    assert gsm0338.septet_count("a€b") == 4


@pytest.mark.parametrize(
    ("text", "packed"),
    [("hello", "e8329bfd06"), ("hellohello", "e8329bfd4697d9ec37"), ("", ""), ("A", "41")],
)
def test_known_packed_samples(text: str, packed: str) -> None:
    assert gsm0338.pack(gsm0338.encode(text)).hex() == packed
    assert gsm0338.decode(gsm0338.unpack(bytes.fromhex(packed))) == text


@given(st.binary(max_size=200).map(lambda data: bytes(octet & 0x7F for octet in data)), st.integers(0, 6))
def test_packing_loses_nothing_when_the_count_is_told(septets: bytes, fill: int) -> None:
    packed = gsm0338.pack(septets, fill)
    assert len(packed) == -(-(len(septets) * 7 + fill) // 8)
    assert gsm0338.unpack(packed, fill, len(septets)) == septets


@given(st.binary(max_size=200).map(lambda data: bytes((octet & 0x7F) | 1 for octet in data)), st.integers(0, 6))
def test_packing_without_a_count_loses_nothing_before_an_at_sign(septets: bytes, fill: int) -> None:
    assert gsm0338.unpack(gsm0338.pack(septets, fill), fill) == septets


@given(st.binary(), st.integers(0, 6))
def test_any_octets_unpack(octets: bytes, fill: int) -> None:
    assert len(gsm0338.unpack(octets, fill)) <= len(octets) * 8 // 7


def test_text_after_a_header_begins_on_a_septet_boundary() -> None:
    assert [gsm0338.fill_bits(length) for length in (0, 6, 7, 12)] == [0, 1, 0, 2]


@pytest.mark.parametrize(
    ("data_coding", "meaning"),
    [
        (0x00, Coding(Alphabet.GSM)),
        (0x01, Coding(Alphabet.ASCII)),
        (0x02, Coding(Alphabet.BINARY)),
        (0x03, Coding(Alphabet.LATIN1)),
        (0x04, Coding(Alphabet.BINARY)),
        (0x06, Coding(Alphabet.CYRILLIC)),
        (0x07, Coding(Alphabet.HEBREW)),
        (0x08, Coding(Alphabet.UCS2)),
        (0x0F, Coding(Alphabet.GSM)),
        (0x10, Coding(Alphabet.GSM, 0)),
        (0x11, Coding(Alphabet.GSM, 1)),
        (0x15, Coding(Alphabet.BINARY, 1)),
        (0x18, Coding(Alphabet.UCS2, 0)),
        (0x1B, Coding(Alphabet.UCS2, 3)),
        (0x20, Coding(Alphabet.BINARY, None, compressed=True)),
        (0x48, Coding(Alphabet.UCS2)),
        (0x80, Coding(Alphabet.GSM)),
        (0xC8, Coding(Alphabet.GSM)),
        (0xD8, Coding(Alphabet.GSM)),
        (0xE0, Coding(Alphabet.UCS2)),
        (0xF0, Coding(Alphabet.GSM, 0)),
        (0xF1, Coding(Alphabet.GSM, 1)),
        (0xF6, Coding(Alphabet.BINARY, 2)),
    ],
)
def test_data_coding_is_read_by_its_group(data_coding: int, meaning: Coding) -> None:
    assert coding(data_coding) == meaning


@given(st.binary(), st.integers(0, 255))
def test_any_octets_decode_in_any_coding(data: bytes, data_coding: int) -> None:
    assert isinstance(decode(data, data_coding), str)


@pytest.mark.parametrize(
    ("data", "data_coding", "text"),
    [
        ("436f646500", 0x00, "Code@"),
        ("1b65", 0xF0, "€"),
        ("00", 0x01, "\0"),
        ("e9", 0x03, "é"),
        ("0aff", 0x04, "0a ff"),
        ("bad6d4", 0x06, "Кжд"),
        ("f9ec", 0x07, "של"),
        ("041a043e0434", 0x08, "Код"),
        ("041a043e0434", 0x18, "Код"),
        ("d83dde00", 0x08, "😀"),
        ("d83d0041", 0x08, "\ufffdA"),
        ("004100", 0x08, "A\ufffd"),
    ],
)
def test_known_octets_decode(data: str, data_coding: int, text: str) -> None:
    assert decode(bytes.fromhex(data), data_coding) == text


@given(any_text)
def test_every_text_has_an_encoding_that_decodes_to_it(text: str) -> None:
    data_coding, data = encode(text)
    assert decode(data, data_coding) == text


def test_the_default_alphabet_is_preferred_and_ucs2_takes_the_rest() -> None:
    assert encode("Code 1234 €") == (0x00, b"Code 1234 \x1b\x65")
    assert encode("Код") == (0x08, bytes.fromhex("041a043e0434"))
    assert encode("😀") == (0x08, bytes.fromhex("d83dde00"))


def test_latin1_is_taken_on_request() -> None:
    wanted = (Alphabet.LATIN1, Alphabet.UCS2)
    assert encode("déjà", wanted) == (0x03, "déjà".encode("latin-1"))
    assert encode("Код", wanted)[0] == 0x08


def test_a_text_that_fits_no_alphabet_is_refused() -> None:
    with pytest.raises(ValueError, match="none of the alphabets"):
        encode("Код", (Alphabet.GSM, Alphabet.LATIN1))
    with pytest.raises(ValueError, match="none of the alphabets"):
        encode("0a ff", (Alphabet.BINARY,))


def test_a_lone_surrogate_never_reaches_the_wire() -> None:
    assert octets("A\ud83d", Alphabet.UCS2) == "A?".encode("utf-16-be")


def test_every_alphabet_has_a_data_coding_that_means_it_and_a_codec() -> None:
    for alphabet in Alphabet:
        assert coding(DATA_CODING[alphabet]) == Coding(alphabet)
        if alphabet not in (Alphabet.GSM, Alphabet.BINARY):
            assert codecs.lookup(alphabet)
