"""A trace joins what belongs together, and nothing else."""

from typing import Any

from gateway.reports import pdus
from gateway.reports.trace import masked, trace
from smsc_emulator.base.journal import Event
from smsc_emulator.smpp.constants import Tag
from smsc_emulator.smpp.pdus import SubmitSm, Tlv

NUMBER = "+70000000001"


def journal(*told: tuple[str, str, dict[str, Any]]) -> list[Event]:
    return [Event(1_000 * seq, kind, subject, data, seq) for seq, (kind, subject, data) in enumerate(told, 1)]


def confirmation(id_: str, message_id: str | None = None) -> dict[str, Any]:
    return {"confirmation": {"id": id_, "method": "sms_code", "code_sent": {"message_id": message_id}}}


def types(events: list[Event], id_: str) -> list[str]:
    return [step.type for step in trace(events, id_).steps]


EVENTS = journal(
    ("confirmation.created", "cnf_1", confirmation("cnf_1")),
    ("identification.confirming", "idn_1", {"identification": {"confirmation": {"id": "cnf_1"}}}),
    ("http.request", "rqs_1", {"about": ["idn_1"], "first_seq": 1, "received_at": "1970-01-01T00:00:00.500Z"}),
    ("confirmation.created", "cnf_2", confirmation("cnf_2")),
    ("smpp.submit_sm", "1001", {"account": "gateway", "to": "70000000001", "command_status": 0}),
    ("handset.received", NUMBER, {"message_id": "1001", "from": "confirmlab"}),
    ("confirmation.code_sent", "cnf_1", confirmation("cnf_1", "1001")),
    ("handset.received", NUMBER, {"message_id": "1002", "from": "confirmlab"}),
    ("webhook.delivered", "evt_1", {"event_subject": "cnf_1", "event_type": "confirmation.created"}),
    ("binding.active", "bnd_1", {"binding": {"identification_id": "idn_1", "entry_id": "ent_1"}}),
    ("register.opened", "ent_1", {"operator_id": "alpha", "phone_number": NUMBER}),
    ("binding.active", "bnd_1", {"binding": {"identification_id": "idn_9"}}),
    ("identification.created", "idn_9", {"identification": {}}),
)
WHOLE = [
    "http.request",
    "confirmation.created",
    "identification.confirming",
    "smpp.submit_sm",
    "handset.received",
    "confirmation.code_sent",
    "webhook.delivered",
    "binding.active",
    "register.opened",
]


def test_each_id_of_a_story_finds_the_whole_of_it_with_its_request_first() -> None:
    for id_ in ("cnf_1", "idn_1", "1001", "rqs_1", "evt_1"):
        assert types(EVENTS, id_) == WHOLE, id_


def test_another_confirmation_of_the_same_number_is_another_story() -> None:
    assert types(EVENTS, "cnf_2") == ["confirmation.created"]


def test_a_binding_does_not_bring_the_story_of_another_identification() -> None:
    assert "identification.created" not in types(EVENTS, "idn_1")
    assert "identification.created" in types(EVENTS, "bnd_1")


def test_a_call_is_joined_to_its_handset_by_the_call_id_of_sip() -> None:
    events = journal(
        ("confirmation.call_placed", "cnf_1", {"call": "cll_1"}),
        ("call.placed", "cll_1", {"sip_call_id": "abc"}),
        ("call.started", NUMBER, {"call_id": "7", "direction": "in", "sip_call_id": "abc"}),
        ("call.ringing", NUMBER, {"call_id": "7", "direction": "in"}),
        ("call.ringing", "+70000000002", {"call_id": "7", "direction": "in"}),
        ("call.ended", NUMBER, {"call_id": "8", "direction": "in"}),
    )
    assert types(events, "cnf_1") == ["confirmation.call_placed", "call.placed", "call.started", "call.ringing"]


def test_an_id_that_nobody_names_has_no_steps() -> None:
    assert trace(EVENTS, "cnf_none").steps == ()
    assert trace(EVENTS, NUMBER).steps == (), "a number brings unrelated things together"


def test_numbers_are_masked_unless_they_are_to_be_seen() -> None:
    hidden, open_ = trace(EVENTS, "cnf_1"), trace(EVENTS, "cnf_1", reveal=True)
    assert "70000000001" not in str(hidden)
    steps = {step.type: step for step in hidden.steps}
    assert (steps["handset.received"].subject, steps["smpp.submit_sm"].told["to"]) == ("+7000*****01", "+7000*****01")
    assert steps["smpp.submit_sm"].subject == "1001", "a message_id is no number, whatever its digits"
    assert {step.subject for step in open_.steps if step.type == "handset.received"} == {NUMBER}


def test_a_pdu_is_shown_by_its_fields_without_its_text() -> None:
    tlvs = [Tlv(Tag.MESSAGE_PAYLOAD, b"code 4815"), Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\2"), Tlv(0x1400, b"\1")]
    pdu = SubmitSm(sequence_number=3, destination_addr="70000000001", short_message=b"code 4815", tlvs=tlvs)
    found = pdus.shown(pdu, masked)
    assert (found["command"], found["sequence_number"]) == ("submit_sm", 3)
    assert (found["destination_addr"], found["short_message"]) == ("+7000*****01", "9 octets")
    assert (found["message_payload"], found["sar_total_segments"], found["0x1400"]) == ("9 octets", "02", "01")
    assert "4815" not in str(found)
