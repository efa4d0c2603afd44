"""Who calls, whom and who says so, in all the ways in which softswitches and phones write it; and who registers."""

import pytest

from smsc_emulator.sip.calls import Invitation, Peer
from smsc_emulator.sip.incoming import invitation_of
from smsc_emulator.sip.messages import Request, parse
from smsc_emulator.sip.registering import Registering, registering_of

NUMBER = "+70001000001"


def request(method: str, *lines: str, uri: str = "sip:+70000000001@127.0.0.1") -> Request:
    given = {line.partition(":")[0] for line in lines}
    fields = ["Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1", f"From: <sip:{NUMBER}@h>;tag=1", "To: <sip:bob@h>"]
    fields += ["Call-ID: 1", f"CSeq: 1 {method}"]
    kept = [line for line in fields if line.partition(":")[0] not in given]
    message = parse("\r\n".join([f"{method} {uri} SIP/2.0", *kept, *lines, "", ""]).encode())
    assert isinstance(message, Request)
    return message


def invitation(*lines: str, **more: str) -> Invitation:
    return invitation_of(request("INVITE", *lines, **more))


@pytest.mark.parametrize(
    ("sender", "caller", "name"),
    [
        (f"<sip:{NUMBER}@h;user=phone>;tag=1", NUMBER, ""),
        (f"<sip:{NUMBER};npdi;rn=+79990000000@h>;tag=1", NUMBER, ""),
        ("<sip:70001000001@h>;tag=1", "70001000001", ""),
        ("<sip:%2B70001000001@h>;tag=1", NUMBER, ""),
        ("<tel:+7-000-100-0001>;tag=1", "+7-000-100-0001", ""),
        (f"sip:{NUMBER}@h;tag=1", NUMBER, ""),
        (f'"O\'Neil, \\"Jo\\" <x>" <sip:{NUMBER}@h>;tag=1', NUMBER, 'O\'Neil, "Jo" <x>'),
        (f'"Юрий" <sip:{NUMBER}@h>;tag=1', NUMBER, "Юрий"),
        (f"Jo Ann<sip:{NUMBER}@h>;tag=1", NUMBER, "Jo Ann"),
        (f"<sip:{NUMBER}@h>", NUMBER, ""),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', "anonymous", "Anonymous"),
        ("<sip:Anonymous@192.0.2.1>;tag=1", "anonymous", ""),
        ("<sip:c8oqz84zk7z@ANONYMOUS.invalid:5060>;tag=1", "anonymous", ""),
        ("<sip:%00a%0d%0ab@h>;tag=1", " a b", ""),
    ],
)
def test_the_caller_is_the_user_in_from(sender: str, caller: str, name: str) -> None:
    told = invitation(f"From: {sender}")
    assert (told.caller, told.display_name) == (caller, name)


@pytest.mark.parametrize(
    ("lines", "asserted"),
    [
        ([f"P-Asserted-Identity: <sip:{NUMBER}@h>"], NUMBER),
        ([f'P-Asserted-Identity: "Cullen Jennings" <sip:fluffy@h>, <tel:{NUMBER}>'], NUMBER),
        (['P-Asserted-Identity: "Cullen Jennings" <sip:fluffy@h>', f"P-Asserted-Identity: tel:{NUMBER}"], NUMBER),
        ([f"P-Asserted-Identity: tel:{NUMBER}, <sip:fluffy@h>"], NUMBER),
        (["P-Asserted-Identity: <sip:fluffy@h>"], "fluffy"),
        (["P-Asserted-Identity: <sip:h>"], None),
        (["P-Asserted-Identity: <urn:service:sos>"], None),
        (["P-Asserted-Identity: <broken", f"P-Asserted-Identity: <tel:{NUMBER}>"], NUMBER),
        (["P-Asserted-Identity: "], None),
        ([f"P-Preferred-Identity: <tel:{NUMBER}>"], None),
    ],
)
def test_of_the_asserted_identities_the_one_with_a_number_counts(lines: list[str], asserted: str | None) -> None:
    assert invitation(*lines).asserted == asserted


@pytest.mark.parametrize(
    ("privacy", "private"),
    [
        ("id", True),
        ("ID;critical", True),
        ("header; user", True),
        ("id, critical", True),
        ("none", False),
        ("header;session", False),
        ("identity", False),
    ],
)
def test_a_caller_is_withheld_who_asks_for_privacy_of_his_identity(privacy: str, private: bool) -> None:
    assert invitation(f"Privacy: {privacy}").private is private


@pytest.mark.parametrize(
    ("uri", "called"),
    [
        ("tel:+70000000001", "+70000000001"),
        ("tel:0000001;phone-context=+7000", "0000001"),
        ("sip:+70000000001:secret@h", "+70000000001"),
        ("SIPS:+70000000001@[::1]:5061;transport=tcp", "+70000000001"),
        ("sip:127.0.0.1", ""),
    ],
)
def test_the_called_is_the_user_in_the_request_uri(uri: str, called: str) -> None:
    assert invitation(uri=uri).called == called


def registering(*lines: str, source: str = "192.0.2.9") -> Registering:
    return registering_of(request("REGISTER", *lines), "r", Peer(source, 5060))


@pytest.mark.parametrize(
    "contacts",
    [
        ["<sip:new@h>;expires=60, <sip:old@h>;expires=0"],
        ["<sip:old@h>;expires=0", "<sip:new@h>;expires=60"],
        ["<sip:old@h>;expires=0, <sip:new@h>"],
    ],
)
def test_a_phone_that_moved_is_where_it_says_that_it_is_and_not_where_it_was(contacts: list[str]) -> None:
    told = registering(*(f"Contact: {contact}" for contact in contacts), "Expires: 60")
    assert (told.contact, told.expires) == ("sip:new@h", 60)


def test_a_registration_with_a_strange_time_lasts_as_long_as_its_request_says() -> None:
    assert registering("Contact: <sip:a@h>;expires=²", "Expires: 60").expires == 60


def test_a_phone_behind_a_nat_is_told_by_its_via() -> None:
    assert not registering("Contact: <sip:a@h>").behind_nat
    assert registering("Contact: <sip:a@h>", source="198.51.100.1").behind_nat
