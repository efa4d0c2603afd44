"""What an agent answers to requests as they come from anybody: right, strange, repeated and malformed."""

import re
from collections.abc import Iterator

import pytest
from sip_bench import BODY, PHONE, TCP_PHONE, Bench, text
from sip_pair import INVITATION

from smsc_emulator.sip.calls import Answered, Ended, Peer, Progress
from smsc_emulator.sip.messages import Request, parse


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    for later in range(0, 600, 4):  # whatever was done, no transaction and no timer stays for good
        bench.now = later * 1.0
        bench.agent.handle_deadline(bench.now)
        bench.agent.end_all()
        bench.sent()
    assert bench.agent.next_deadline() is None
    assert not bench.agent.busy


REFUSED = {
    "OPTIONS is answered": (text("OPTIONS"), 200),
    "an unknown method": (text("SLEEP"), 501),
    "a known method that is not served": (text("SUBSCRIBE"), 405),
    "REGISTER without a registrar": (text("REGISTER"), 405),
    "BYE of no dialog": (text("BYE", to_tag="x"), 481),
    "BYE without a tag": (text("BYE"), 481),
    "INVITE within no dialog": (text(to_tag="x"), 481),
    "CANCEL of nothing": (text("CANCEL"), 481),
    "an extension that is required": (text("INVITE", "Require: 100rel, gruu"), 420),
    "a newer version": (text().replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1), 505),
    "a scheme that is not known": (text().replace(b" sip:", b" gopher:", 1), 416),
    "no Call-ID, with a compact one beside": (text().replace(b"Call-ID:", b"i:"), 100),
    "two Call-IDs": (text("INVITE", "i: other"), 400),
    "another method in CSeq": (text("INVITE", "CSeq: 1 OPTIONS"), 400),
    "a CSeq that is out of range": (text("INVITE", "CSeq: 36893488147419103232 INVITE"), 400),
    "a Max-Forwards that is out of range": (text("INVITE", "Max-Forwards: 300"), 400),
    "a Content-Length that is too great": (text("INVITE", "Content-Length: 9999"), 400),
    "a Content-Length that is negative": (text("INVITE", "Content-Length: -999"), 400),
    "a From that ends in the middle": (text("INVITE", 'From: "Bell, <sip:a@127.0.0.1>;tag=1'), 400),
    "an Expires that is no time": (text("INVITE", "Expires: soon"), 400),
    "a line that is no field": (text("INVITE", "no field at all"), 400),
    "octets that are not UTF-8": (text("INVITE", "X-Odd: ?").replace(b"?", b"\xff\xfe"), 400),
    "a field that is too long": (text("INVITE", "X-Long: " + "x" * 5_000), 400),
    "more lines than anybody writes": (text("INVITE", *[f"X-{n}: 1" for n in range(400)]), 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_is_answered_as_rfc_3261_says(bench: Bench, name: str) -> None:
    data, status = REFUSED[name]
    bench.agent.receive(data, PHONE, 0.0)
    ((peer, answer),) = bench.agent.data_to_send()
    head, *lines = answer.decode().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines if line)
    assert int(head.split()[1]) == status
    assert peer == PHONE
    assert fields["Call-ID"] == "call-1"
    assert (status == 100) or ";tag=" in fields["To"]
    if status in (200, 405, 501):
        assert "INVITE" in fields["Allow"]
    if status == 420:
        assert fields["Unsupported"] == "100rel, gruu"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\x00" * 100,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        text().replace(b"Via:", b"Away:"),
        text().replace(b"From:", b"Fr:"),
        text("ACK", "CSeq: 1 INVITE"),
        text("ACK", "Content-Length: 9999"),
        text("ACK", to_tag="nobody"),
        text().partition(b"\r\n\r\n")[0],
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 4294967301 better not\r\n" + text().partition(b"\r\n")[2],
        b"SIP/2.0 200 OK\r\n" + text().partition(b"\r\n")[2],
        b"SIP/2.0 200 OK\r\n" + text("INVITE", "CSeq: one").partition(b"\r\n")[2],
    ],
)
def test_what_cannot_be_answered_and_what_answers_nothing_is_dropped(bench: Bench, data: bytes) -> None:
    assert not bench.take(data)
    assert not bench.agent.events()


def test_the_torture_of_white_space_compact_forms_and_folding_is_read(bench: Bench) -> None:
    tortured = (
        b"INVITE sip:vivekg@127.0.0.1;unknownparam SIP/2.0\r\n"
        b"TO :\r\n sip:vivekg@127.0.0.1 ;   tag    = 1918181833n\r\n"
        b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
        b"MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 0\r\n"
        b"cseq: 0009\r\n  INVITE\r\n"
        b"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n"
        b"NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
        b"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n"
        b"Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
        b"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
        b" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
        b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n'
        b"  secondparam ; q = 0.33\r\n\r\n"
    )
    request = parse(tortured)
    assert isinstance(request, Request)
    assert (request.caller.name, request.caller.tag) == ('J Rosenberg \\"', "98asjd8")
    assert request.callee.tag == "1918181833n"
    assert (request.cseq.sequence, request.cseq.method) == (9, "INVITE")
    assert request.via.branch == "390skdjuw"
    assert len(request.vias) == 3
    assert bench.statuses(tortured) == [481]  # its To has a tag, and there is no such dialog


@pytest.mark.parametrize("damage", [b";self=1", b";a=b;a=c", b';x="a;b,c"', b";lr;LR"])
def test_a_parameter_that_sipmessage_cannot_take_does_no_harm(bench: Bench, damage: bytes) -> None:
    spoiled = text().replace(b"5999>", b"5999" + damage + b">").replace(b"tag=phone", b"tag=phone" + damage)
    assert bench.statuses(spoiled) == [100]


def test_a_host_name_with_an_underscore_is_taken(bench: Bench) -> None:
    data = (
        text().replace(b"UDP 127.0.0.1", b"UDP sip_phone").replace(b"+70001000001@127.0.0.1", b"+70001000001@sip_phone")
    )
    assert bench.incoming(data).invitation.caller == "+70001000001"


def test_a_request_that_comes_again_is_answered_again_and_told_once(bench: Bench) -> None:
    event = bench.incoming()
    assert bench.statuses(text()) == [100]
    bench.agent.progress(event.call, 180)
    bench.sent()
    first = bench.out
    bench.take(text())
    assert bench.out == first
    bench.agent.end(event.call, 486, 17)
    bench.sent()
    assert bench.statuses(text()) == [486]
    assert [type(event) for event in bench.agent.events()] == [Ended]


def test_the_same_request_by_another_way_is_refused_with_482(bench: Bench) -> None:
    bench.incoming()
    assert bench.statuses(text(branch="z9hG4bK2")) == [482]
    assert not bench.agent.events()


def test_a_peer_of_rfc_2543_is_told_apart_without_a_branch(bench: Bench) -> None:
    old = text("INVITE", "Via: SIP/2.0/UDP 127.0.0.1:5999")
    event = bench.incoming(old)
    assert bench.statuses(old) == [100]
    assert sorted(bench.statuses(text("CANCEL", "Via: SIP/2.0/UDP 127.0.0.1:5999"))) == [200, 487]
    bench.take(text("ACK", "Via: SIP/2.0/UDP 127.0.0.1:5999", "CSeq: 1 ACK", to_tag="any"))
    assert bench.agent.events() == [Ended(event.call, 487, None, False, True)]


@pytest.mark.parametrize(
    ("via", "source", "told", "answered_at"),
    [
        ("127.0.0.1:5070", PHONE, "127.0.0.1:5070", 5070),
        ("127.0.0.1", PHONE, "127.0.0.1", 5060),
        ("127.0.0.1:5070;rport", PHONE, "rport=5999;received=127.0.0.1", 5999),
        ("phone.example.com:5070", PHONE, "received=127.0.0.1", 5070),
        ("127.0.0.1:5070", TCP_PHONE, "127.0.0.1:5070", 45_999),
    ],
)
def test_a_response_goes_where_the_top_via_says(
    bench: Bench, via: str, source: Peer, told: str, answered_at: int
) -> None:
    host, _, rest = via.partition(";")
    value = f"SIP/2.0/{source.transport.upper()} {host};branch=z9hG4bK1" + (f";{rest}" if rest else "")
    (answer,) = bench.take(text("OPTIONS", f"Via: {value}"), source)
    assert told in answer.vias[0].replace(";branch=z9hG4bK1", "")
    assert bench.out[0][0].port == answered_at


def test_over_a_lost_connection_a_response_goes_to_where_the_sender_listens(bench: Bench) -> None:
    event = bench.incoming(text("INVITE", "Via: SIP/2.0/TCP 127.0.0.1:5999;branch=z9hG4bK1"), TCP_PHONE)
    bench.agent.transport_failed(TCP_PHONE, 1.0)
    bench.agent.end(event.call, 486)
    bench.sent()
    assert bench.out[0][0] == Peer("127.0.0.1", 5999, "tcp")


def test_the_answer_has_a_line_for_each_offered_media_and_takes_the_audio(bench: Bench) -> None:
    _, response = bench.answered(text("INVITE", "Content-Type: application/sdp", body=BODY))
    media = [line for line in response.body.decode().split("\r\n") if line.startswith("m=")]
    assert media == ["m=video 0 RTP/AVP 31", "m=audio 9 RTP/AVP 8 0"]


def test_a_dialog_follows_its_record_route_and_contact(bench: Bench) -> None:
    routes = "Record-Route: <sip:127.0.0.1:5081;lr>, <sip:127.0.0.1:5082;lr>"
    event, response = bench.answered(text("INVITE", routes, "Contact: <sip:phone@127.0.0.1:5090>"))
    assert len(response.list_of("Record-Route")) == 2
    bench.take(text("ACK", branch="z9hG4bK2", to_tag=response.callee.tag))
    bench.agent.end(event.call)
    (bye,) = bench.sent()
    assert isinstance(bye, Request)
    assert bye.uri == "sip:phone@127.0.0.1:5090"
    assert bye.list_of("Route") == ["<sip:127.0.0.1:5081;lr>", "<sip:127.0.0.1:5082;lr>"]
    assert bench.out[0][0].port == 5081


def test_a_route_that_is_strict_becomes_the_request_uri(bench: Bench) -> None:
    invite = bench.dialing()
    (ack,) = bench.respond(invite, 200, "x", "Contact: <sip:x@127.0.0.1:5090>", "Record-Route: <sip:127.0.0.1:5083>")
    assert isinstance(ack, Request)
    assert ack.uri == "sip:127.0.0.1:5083"
    assert ack.list_of("Route") == ["<sip:x@127.0.0.1:5090>"]
    assert bench.out[0][0].port == 5083


@pytest.mark.parametrize("contact", ["<sip:x@not.looked.up>", "<sip:x@127.0.0.1:99999>", "<>", '"x', "<sip:a b@c>", ""])
def test_a_contact_that_names_no_address_leaves_the_peer_as_it_was(bench: Bench, contact: str) -> None:
    invite = bench.dialing()
    (ack,) = bench.respond(invite, 200, "x", f"Contact: {contact}")
    assert isinstance(ack, Request)
    assert bench.out[0][0] == PHONE
    assert bench.agent.events() == [Answered("one")]


def test_of_several_phones_that_answer_the_first_has_the_call_and_all_others_are_hung_up(bench: Bench) -> None:
    invite = bench.dialing()
    bench.respond(invite, 180, "a")
    bench.respond(invite, 180, "b")
    assert [message.start_line().split()[0] for message in bench.respond(invite, 200, "b")] == ["ACK"]
    late = bench.respond(invite, 200, "a")
    assert [message.start_line().split()[0] for message in late] == ["ACK", "BYE"]
    assert [message.callee.tag for message in late] == ["a", "a"]
    again = bench.respond(invite, 200, "a")
    assert [message.start_line().split()[0] for message in again] == ["ACK"]
    assert bench.agent.events() == [Progress("one", 180), Answered("one")]


def test_a_repeated_2xx_is_acknowledged_again_with_the_same_ack(bench: Bench) -> None:
    invite = bench.dialing()
    bench.respond(invite, 200, "a")
    first = bench.out
    bench.respond(invite, 200, "a")
    assert bench.out == first
    bench.agent.end("one")
    bench.sent()
    bench.respond(invite, 200, "a")
    assert bench.out == first


def test_a_call_that_the_callee_has_forgotten_is_over_when_it_says_so(bench: Bench) -> None:
    invite = bench.dialing()
    bench.respond(invite, 180, "a")
    bench.agent.end("one")
    (cancel,) = bench.sent()
    data = bytes(cancel).replace(cancel.start_line().encode(), b"SIP/2.0 481 Gone")
    bench.take(data)
    assert bench.agent.events()[-1] == Ended("one", 481, None, False, False)


def test_a_bye_before_the_answer_ends_the_call_with_487(bench: Bench) -> None:
    event = bench.incoming()
    bench.agent.progress(event.call, 180)
    (ringing,) = bench.sent()
    bye = text(
        "BYE", "CSeq: 2 BYE", "Reason: SIP;cause=200, Q.850;cause=31", branch="z9hG4bK2", to_tag=ringing.callee.tag
    )
    assert bench.statuses(bye) == [200, 487]
    assert bench.agent.events() == [Ended(event.call, 487, 31, False, True)]


def test_within_a_dialog_a_late_sequence_is_refused_and_a_new_offer_too(bench: Bench) -> None:
    _, response = bench.answered()
    tag = response.callee.tag
    bench.take(text("ACK", branch="z9hG4bK2", to_tag=tag))
    assert bench.statuses(text("INVITE", "CSeq: 2 INVITE", branch="z9hG4bK3", to_tag=tag)) == [488]
    assert bench.statuses(text("OPTIONS", "CSeq: 3 OPTIONS", branch="z9hG4bK4", to_tag=tag)) == [200]
    assert bench.statuses(text("INFO", "CSeq: 4 INFO", branch="z9hG4bK5", to_tag=tag)) == [405]
    assert bench.statuses(text("BYE", "CSeq: 3 BYE", branch="z9hG4bK6", to_tag=tag)) == [500]
    foreign = text("BYE", "CSeq: 5 BYE", "From: <sip:x@127.0.0.1>;tag=other", branch="z9hG4bK7", to_tag=tag)
    assert bench.statuses(foreign) == [481]
    assert bench.statuses(text("BYE", "CSeq: 5 BYE", branch="z9hG4bK8", to_tag=tag)) == [200]


def test_a_cancel_after_the_final_response_changes_nothing(bench: Bench) -> None:
    event, response = bench.answered()
    assert bench.statuses(text("CANCEL")) == [200]
    bench.take(text("ACK", branch="z9hG4bK2", to_tag=response.callee.tag))
    assert bench.agent.events() == [Answered(event.call)]


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Q.850;cause=17", 17),
        ('q.850 ; text="a;b,c" ; cause = 21', 21),
        ('SIP;cause=600;text="Busy Everywhere", Q.850;cause=34', 34),
        ("SIP;cause=200", None),
        ("Q.850;cause=9999", None),
        ("Q.850", None),
    ],
)
def test_the_cause_is_read_from_any_reason(bench: Bench, reason: str, cause: int | None) -> None:
    bench.respond(bench.dialing(), 486, "x", f"Reason: {reason}")
    assert bench.agent.events() == [Ended("one", 486, cause, False, True)]


def test_tokens_make_no_two_calls_alike(bench: Bench) -> None:
    bench.agent.invite("one", PHONE, INVITATION)
    bench.agent.invite("two", PHONE, INVITATION)
    tags = re.findall(rb"branch=(\w+)|tag=(\w+)|Call-ID: (\w+)", b"".join(bytes(message) for message in bench.sent()))
    assert len(set(tags)) == len(tags) == 6
