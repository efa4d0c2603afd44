"""Reading messages takes little time whatever they say, and writing them gives what was read."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.sip.fields import quoted, read_party, read_uri, sip_uri, split_list, stamped, unquoted, user_of
from smsc_emulator.sip.messages import BadMessageError, Request, parse

HEAD = b"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nTo: <sip:b@a>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
LONG = 2_000


def invite(uri: bytes = b"sip:b@a", *fields: bytes, caller: bytes = b"<sip:a@a>;tag=1") -> bytes:
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"INVITE " + uri + b" SIP/2.0\r\n" + HEAD + b"From: " + caller + b"\r\n" + lines + b"\r\n"


@pytest.mark.parametrize(
    "data",
    [
        invite(b"a" + b" " * 60_000 + b"b"),
        invite(caller=b'"' * LONG),
        invite(caller=b"a" + b" " * LONG + b"b"),
        invite(caller=b'"' + b"\\" * LONG),
        invite(caller=b"<" * LONG),
        invite(caller=b";" * LONG),
        invite(caller=b"<sip:a@a>" + b";a=" * (LONG // 3)),
        invite(b"sip:b@a", *[b"X-A: 1"] * 20_000),
        invite(b"sip:b@a", *[b" folded"] * 8_000),
    ],
)
def test_no_message_takes_long_to_read(data: bytes) -> None:
    began = time.process_time()
    with suppress(BadMessageError):
        parse(data)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "uri",
    [
        "sip:" + "a" * LONG,
        "sip:" + "a." * (LONG // 2) + "!",
        "sip:" + "a-" * (LONG // 2) + "_",
        "sip:a@" + "a-" * (LONG // 2) + "!",
        "sip:a@[" + "1:" * (LONG // 2) + "!",
        "sip:a@b" + ";a=b" * (LONG // 4) + "!",
        "tel:+" + "1" * LONG + "!",
        "tel:" + "-1" * (LONG // 2) + "!",
        "sip:" + "%41" * (LONG // 3) + "!",
    ],
)
def test_no_uri_takes_long_to_read(uri: str) -> None:
    began = time.process_time()
    with suppress(ValueError):
        user_of(uri)
    assert time.process_time() - began < 0.5


@given(st.text())
def test_what_is_quoted_reads_back_without_control_characters(said: str) -> None:
    read = unquoted(quoted(said))
    assert read == said or any(ord(letter) < 32 or ord(letter) == 127 for letter in said)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x4FF, exclude_characters=";"), min_size=1))
def test_a_user_reads_back_from_its_uri(user: str) -> None:
    assert user_of(sip_uri(user, "127.0.0.1", 5060)) == user
    assert read_uri(sip_uri(user, "::1", 5060, tcp=True)).port == 5060


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ('"a,b" <sip:a@b;x=1,2>;q=1, <sip:c@d>', ['"a,b" <sip:a@b;x=1,2>;q=1', "<sip:c@d>"]),
        ('"a\\",b" <sip:a@b>', ['"a\\",b" <sip:a@b>']),
        (",, a ,", ["a"]),
        ('"a, b', ['"a', "b"]),
        ("", []),
    ],
)
def test_a_list_is_split_outside_of_quotes_and_brackets(value: str, items: list[str]) -> None:
    assert split_list(value) == items


@pytest.mark.parametrize(
    ("value", "uri", "name", "tag"),
    [
        ("sip:a@b;tag=1", "sip:a@b", "", "1"),
        ("<sip:a@b;tag=2>;TAG=1", "sip:a@b;tag=2", "", "1"),
        ('"A <B>" <sip:a@b> ; tag = 1', "sip:a@b", "A <B>", "1"),
        ("Alice In Chains <sip:a@b>;tag=a%2Bb", "sip:a@b", "Alice In Chains", "a%2Bb"),
        ("tel:+7-000;tag=1", "tel:+7-000", "", "1"),
    ],
)
def test_a_party_is_read_in_every_spelling(value: str, uri: str, name: str, tag: str) -> None:
    party = read_party(value)
    assert (party.uri, party.name, party.tag) == (uri, name, tag)


def test_a_via_comes_back_as_it_was_but_for_what_the_receiver_adds() -> None:
    via = "SIP / 2.0 / UDP  Host_1:5070 ;branch=z9hG4bK|%7c+~;rport ; x"
    assert (
        stamped(via, "192.0.2.1", 9)
        == "SIP / 2.0 / UDP  Host_1:5070 ;branch=z9hG4bK|%7c+~;rport=9; x;received=192.0.2.1"
    )
    assert stamped("SIP/2.0/UDP 192.0.2.1;received=9;branch=1", "192.0.2.1", 9).count("received") == 1
    assert stamped("SIP/2.0/UDP [2001:db8::1]", "2001:db8::1", 9) == "SIP/2.0/UDP [2001:db8::1]"


@given(st.binary(max_size=400))
def test_any_octets_are_a_message_or_a_bad_one(data: bytes) -> None:
    for said in (data, invite() + data, invite(b"sip:b@a", b"X-A: " + data), invite(caller=data)):
        try:
            parse(said)
        except BadMessageError:
            continue


def test_a_message_that_is_read_and_written_is_the_same() -> None:
    data = invite(b"sip:b@a;x", b"X-A: 1", b"x-a: 2", b"Content-Length: 0")
    message = parse(data)
    assert isinstance(message, Request)
    assert parse(bytes(message)).fields() == message.fields()
