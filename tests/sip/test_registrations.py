"""What an agent answers to registrations."""

import pytest
from sip_bench import PHONE, Bench, text

from smsc_emulator.sip.messages import Response
from smsc_emulator.sip.registering import Registering


def registering(bench: Bench, *more: str) -> Registering:
    assert not bench.take(text("REGISTER", *more))
    (event,) = bench.agent.events()
    assert isinstance(event, Registering)
    return event


def test_a_registration_is_handed_out_and_answered() -> None:
    bench = Bench(registrar=True)
    asked = registering(bench, "Contact: <sip:phone@127.0.0.1:5999>;expires=120", "Authorization: Digest x")
    assert (asked.user, asked.contact, asked.expires) == ("+70000000001", "sip:phone@127.0.0.1:5999", 120)
    assert (asked.peer, asked.authorization) == (PHONE, "Digest x")
    assert not bench.take(text("REGISTER")), "a retransmission is not told again"
    bench.agent.accept_registration(asked.request, asked.contact, 60)
    (answer,) = bench.sent()
    assert isinstance(answer, Response)
    assert (answer.status, answer.headers["Contact"]) == (200, "<sip:phone@127.0.0.1:5999>;expires=60")
    assert bench.statuses(text("REGISTER")) == [200]


def test_a_registration_is_challenged_or_refused() -> None:
    bench = Bench(registrar=True)
    bench.agent.challenge(registering(bench).request, ["Digest a", "Digest b"])
    (answer,) = bench.sent()
    assert isinstance(answer, Response)
    assert answer.headers.getlist("WWW-Authenticate") == ["Digest a", "Digest b"]
    bench.agent.refuse_registration(
        registering(bench, "CSeq: 2 REGISTER", "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK9").request, 403
    )
    assert [answer.start_line()[8:11] for answer in bench.sent()] == ["403"]


@pytest.mark.parametrize(
    ("more", "contact", "expires"),
    [
        (("Contact: *", "Expires: 0"), "*", 0),
        (("Contact: ",), None, 3600),
        (("Contact: <sip:a@127.0.0.1>", "Expires: 30"), "sip:a@127.0.0.1", 30),
    ],
)
def test_registrations_are_taken_away_and_asked_for(more: tuple[str, ...], contact: str | None, expires: int) -> None:
    asked = registering(Bench(registrar=True), *more)
    assert (asked.contact, asked.expires) == (contact, expires)


def test_a_star_goes_with_expires_0_alone() -> None:
    bench = Bench(registrar=True)
    assert bench.statuses(text("REGISTER", "Contact: *")) == [400]
