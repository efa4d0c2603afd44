"""Where numbers lead, whose calls come from where, and what the configuration may say."""

import gc
from typing import Any

import pytest
from pydantic import ValidationError

from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.digest import Credentials
from smsc_emulator.voice.agenda import Agenda, Alarm
from smsc_emulator.voice.routing import Contact, Routing, Trunk
from smsc_emulator.voice.settings import FirewallRuleSettings, PhoneSettings, TrunkSettings, VoiceSettings

ALICE, PHONE = "+70000000001", "+70000000050"


@pytest.fixture
def routing() -> Routing:
    phones = [PhoneSettings(phone_number=PHONE, contact="sip:bob@127.0.0.5:5070")]
    trunks = [
        TrunkSettings(name="wide", host="127.0.0.6", numbers=["+7999"]),
        TrunkSettings(name="narrow", host="127.0.0.7", transport="tcp", numbers=["+79990"]),
        TrunkSettings(name="other", host="127.0.0.7", port=5062),
    ]
    return Routing(Handsets([ALICE]), phones, trunks)


def name_of(target: Any) -> Any:
    return getattr(target, "name", None) or getattr(target, "number", None)


@pytest.mark.parametrize(
    ("number", "leads_to"),
    [(ALICE, ALICE), (PHONE, PHONE), ("+79991", "wide"), ("+79990", "narrow"), ("+7998", None), ("bank", None)],
)
def test_a_number_leads_to_its_line_or_to_the_trunk_with_the_longest_beginning(
    routing: Routing, number: str, leads_to: str | None
) -> None:
    assert name_of(routing.target(number)) == leads_to


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        (Peer("127.0.0.5", 5070), PHONE),
        (Peer("127.0.0.5", 5071), None),
        (Peer("127.0.0.6", 5060), "wide"),
        (Peer("127.0.0.6", 40000), None),
        (Peer("127.0.0.6", 40000, "tcp"), None),
        (Peer("127.0.0.7", 40000, "tcp"), "narrow"),
        (Peer("127.0.0.7", 5062), "other"),
        (Peer("127.0.0.8", 5060), None),
    ],
)
def test_a_caller_is_known_by_his_address_and_over_tcp_by_the_address_alone(
    routing: Routing, peer: Peer, source: str | None
) -> None:
    assert name_of(routing.source(peer)) == source


def test_several_phones_at_one_place_are_told_apart_by_their_numbers() -> None:
    both = [PhoneSettings(phone_number=f"+7000000005{n}", contact="sip:127.0.0.5:5070") for n in (1, 2)]
    routing = Routing({}, both, [])
    callers = ["+70000000052", "+70000000051", "+70000000077", None]
    found = [name_of(routing.source(Peer("127.0.0.5", 5070), caller)) for caller in callers]
    assert found == ["+70000000052", "+70000000051", "+70000000051", "+70000000051"]


def test_two_trunks_of_one_address_cannot_be_told_apart_over_tcp(routing: Routing) -> None:
    routing.trunks["second"] = Trunk("second", Peer("127.0.0.7", 5063, "tcp"), ())
    assert routing.source(Peer("127.0.0.7", 40000, "tcp")) is None


@pytest.mark.parametrize("uri", ["sip:bob@127.0.0.5:5070", "sip:127.0.0.5:5060;transport=tcp", "sip:b%20b@[::1]:5060"])
def test_a_contact_is_written_as_it_was_read(uri: str) -> None:
    assert str(Contact.parse(uri)) == uri


@pytest.mark.parametrize(
    "wrong",
    [
        {"trunks": [{"name": "a", "host": "example.org"}]},
        {"trunks": [{"name": "a", "host": "127.0.0.1"}, {"name": "a", "host": "127.0.0.2"}]},
        {"trunks": [{"name": "a", "host": "127.0.0.1", "numbers": ["7999"]}]},
        {"phones": [{"phone_number": PHONE}, {"phone_number": PHONE}]},
        {"phones": [{"phone_number": PHONE, "contact": "sip:bob@example.org"}]},
        {"firewall": [{"name": "a"}, {"name": "a"}]},
        {"firewall": [{"name": "a", "status": 200}]},
        {"transit": "backwards"},
    ],
)
def test_a_wrong_setting_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        VoiceSettings.model_validate(wrong)


def test_a_rule_without_conditions_holds_for_all_calls() -> None:
    assert FirewallRuleSettings(name="all").decision == "block"


def test_the_agenda_keeps_the_order_and_leaves_out_what_is_called_off() -> None:
    agenda, done = Agenda(), list[int]()
    for due in (30, 10, 20, 10):
        agenda.set(due, done.append)
    agenda.set(5, done.append).call_off()
    assert agenda.next_due() == 10
    agenda.fire(9)
    assert done == []
    agenda.fire(20)
    assert (done, agenda.next_due()) == ([20, 20, 20], 30)


def test_alarms_that_were_called_off_do_not_pile_up_while_the_clock_stands_still() -> None:
    agenda, done = Agenda(), list[int]()
    alarms = [agenda.set(1_000_000, done.append) for _ in range(10)]
    for due in range(20_000):
        agenda.set(due + 2, done.append).call_off()
    assert len([each for each in gc.get_objects() if type(each) is Alarm]) < 5_000
    assert len(alarms) == 10
    agenda.fire(1_000_000)
    assert done == [1_000_000] * 10


def test_a_trunk_that_asks_who_calls_is_told_and_no_other() -> None:
    asks = TrunkSettings(name="asks", host="192.0.2.1", username="lab", password="secret")
    routing = Routing(Handsets([]), [], [asks, TrunkSettings(name="other", host="192.0.2.2")])
    assert routing.credentials(Peer("192.0.2.1", 5060)) == Credentials("lab", "secret")
    assert routing.credentials(Peer("192.0.2.2", 5060)) is None
    assert routing.credentials(Peer("192.0.2.1", 5061)) is None
    assert "secret" not in repr(routing.trunks["asks"])


@pytest.mark.parametrize("half", [{"username": "lab"}, {"password": "secret"}])
def test_a_name_without_a_password_is_an_error_in_the_configuration(half: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="go together"):
        TrunkSettings(name="asks", host="192.0.2.1", **half)
