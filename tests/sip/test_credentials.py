"""A softswitch that wants to know who calls: our INVITE is challenged, and sent again with our credentials."""

import pytest
from sip_pair import INVITATION, tokens

from smsc_emulator.sip.agent import Agent
from smsc_emulator.sip.calls import Answered, Ended, Peer, Progress
from smsc_emulator.sip.digest import Credentials, authorization
from smsc_emulator.sip.messages import Request, Response, parse
from smsc_emulator.sip.open_call import SentAgain
from smsc_emulator.sip.respond import response_to

SWITCH = Peer("192.0.2.1", 5060)
MUFASA = Credentials("Mufasa", "Circle of Life")
CHALLENGE = 'Digest realm="softswitch", nonce="n1", qop="auth,auth-int", opaque="o,1"'
ASKS = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}


class Trunk:
    """Our agent, and a softswitch that a test plays."""

    def __init__(self, ours: Credentials | None = MUFASA) -> None:
        self.agent = Agent(Peer("192.0.2.9", 5060), tokens("a"), credentials=lambda peer: ours)
        self.agent.at(0.0).invite("one", SWITCH, INVITATION)
        (self.invite,) = self.sent()

    def sent(self) -> list[Request]:
        messages = [parse(data) for _, data in self.agent.data_to_send()]
        return [message for message in messages if isinstance(message, Request)]

    def answer(self, request: Request, status: int, challenge: str = CHALLENGE) -> list[Request]:
        """Answer a request; return what is sent thereupon."""
        response = response_to(request, status, "switch")
        if status in ASKS:
            response.headers.set(ASKS[status], challenge)
        return self.respond(response)

    def respond(self, response: Response) -> list[Request]:
        self.agent.receive(bytes(response), SWITCH, 0.0)
        return self.sent()


def test_the_proof_is_that_of_the_example_of_rfc_7616() -> None:
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    # As the RFC's cnonce has it; its nc is 1 as well.
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    proof = authorization([challenge], MUFASA, "GET", "/dir/index.html", cnonce) or ""
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in proof


def test_a_challenge_without_a_quality_is_met_as_rfc_2069_says() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    ours = Credentials("Mufasa", "CircleOfLife")
    proof = authorization([challenge], ours, "GET", "/dir/index.html", "c") or ""
    assert "qop" not in proof
    assert "nc=" not in proof
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in proof  # RFC 2069, as its erratum has it


@pytest.mark.parametrize(
    "challenge",
    [
        'Basic realm="softswitch"',
        'Digest realm="s", nonce="n", qop="auth-int"',
        'Digest realm="s", nonce="n", algorithm=SHA-512-256',
        "Digest",
    ],
)
def test_a_challenge_that_cannot_be_met_ends_the_call(challenge: str) -> None:
    trunk = Trunk()
    if challenge == "Digest":
        assert trunk.respond(response_to(trunk.invite, 407, "switch")), "the refusal is acknowledged"
    else:
        trunk.answer(trunk.invite, 407, challenge)
    assert trunk.agent.events() == [Ended("one", 407, None, answered=False, by_peer=True)]


def test_the_first_challenge_that_can_be_met_is() -> None:
    challenges = ['Digest realm="s", nonce="n", algorithm=SHA-512-256', 'Digest realm="s", nonce="n", algorithm=md5']
    assert "algorithm=md5" in (authorization(challenges, MUFASA, "INVITE", "sip:b@c", "c") or "")


@pytest.mark.parametrize(("status", "field"), [(401, "Authorization"), (407, "Proxy-Authorization")])
def test_a_challenged_invite_is_acknowledged_and_sent_again_with_credentials(status: int, field: str) -> None:
    trunk = Trunk()
    ack, again = trunk.answer(trunk.invite, status)
    assert ack.method == "ACK"
    assert ack.via.branch == trunk.invite.via.branch != again.via.branch
    assert again.cseq.sequence == trunk.invite.cseq.sequence + 1
    for same in ("Call-ID", "From", "To", "Max-Forwards", "Contact", "Content-Type"):
        assert again.headers[same] == trunk.invite.headers[same], same
    assert (again.uri, again.body) == (trunk.invite.uri, trunk.invite.body)
    proof = again.headers[field]
    expected = authorization([CHALLENGE], MUFASA, "INVITE", again.uri, proof.split('cnonce="')[1].split('"')[0])
    assert proof == expected
    assert 'username="Mufasa"' in proof
    assert 'opaque="o,1"' in proof
    assert MUFASA.password not in bytes(again).decode()
    assert trunk.agent.events() == [SentAgain("one")], "nobody but the list of open calls is told"


def test_a_call_that_was_challenged_rings_is_answered_and_hung_up_with_the_credentials_where_they_belong() -> None:
    trunk = Trunk()
    _, again = trunk.answer(trunk.invite, 407)
    trunk.answer(again, 180)
    (ack,) = trunk.answer(again, 200)
    assert ack.headers["Proxy-Authorization"] == again.headers["Proxy-Authorization"], "RFC 3261, 13.2.2.4"
    assert ack.cseq.sequence == again.cseq.sequence
    assert trunk.agent.events() == [SentAgain("one"), Progress("one", 180), Answered("one")]
    trunk.agent.end("one", cause=16)
    (bye,) = trunk.sent()
    assert bye.cseq.sequence > again.cseq.sequence
    (bye_again,) = trunk.answer(bye, 407)
    assert bye_again.method == "BYE"
    assert bye_again.cseq.sequence > bye.cseq.sequence
    assert bye_again.headers.get("Proxy-Authorization")
    assert not trunk.answer(bye_again, 200)
    assert [type(event) for event in trunk.agent.events()] == [Ended]


def test_a_call_that_was_challenged_is_cancelled_as_it_was_sent_last() -> None:
    trunk = Trunk()
    _, again = trunk.answer(trunk.invite, 401)
    trunk.agent.end("one")
    assert not trunk.sent(), "nothing has come for it yet (9.1)"
    (cancel,) = trunk.answer(again, 100)
    assert (cancel.via.branch, cancel.cseq.sequence) == (again.via.branch, again.cseq.sequence)
    assert not trunk.answer(cancel, 401), "a CANCEL cannot be sent again (22.1)"
    assert cancel.headers.get("Authorization") is None


def test_a_call_that_is_to_end_is_not_made_again() -> None:
    trunk = Trunk()
    trunk.agent.end("one")
    (ack,) = trunk.answer(trunk.invite, 401)
    assert ack.method == "ACK"
    assert [type(event) for event in trunk.agent.events()] == [Ended]


@pytest.mark.parametrize("ours", [MUFASA, None])
def test_wrong_or_no_credentials_end_the_call_with_the_challenge(ours: Credentials | None) -> None:
    trunk = Trunk(ours)
    invite = trunk.invite
    if ours is not None:
        _, invite = trunk.answer(invite, 401)
        trunk.agent.events()
    (ack,) = trunk.answer(invite, 401)
    assert ack.method == "ACK"
    assert trunk.agent.events() == [Ended("one", 401, None, answered=False, by_peer=True)]


def test_a_stale_nonce_is_followed_but_not_for_ever() -> None:
    trunk = Trunk()
    stale = CHALLENGE.replace("n1", "n2") + ", stale=TRUE"
    _, again = trunk.answer(trunk.invite, 407)
    _, third = trunk.answer(again, 407, stale)
    assert 'nonce="n2"' in third.headers["Proxy-Authorization"]
    rounds = 2
    while len(sent := trunk.answer(third, 407, stale)) == 2:
        third, rounds = sent[1], rounds + 1
    assert rounds == 4


def test_a_proxy_and_the_switch_behind_it_may_both_ask() -> None:
    trunk = Trunk()
    _, again = trunk.answer(trunk.invite, 407)
    _, both = trunk.answer(again, 401)
    assert {"Authorization", "Proxy-Authorization"} <= set(both.headers.keys())


def test_what_is_written_of_an_open_call_is_that_of_the_invite_sent_last() -> None:
    trunk = Trunk()
    _, again = trunk.answer(trunk.invite, 407)
    left = trunk.agent.open_call("one")
    assert left is not None
    assert (left.sequence, left.invite().via.branch) == (again.cseq.sequence, again.via.branch)
    later = Agent(Peer("192.0.2.9", 5060), tokens("l"))
    later.at(0.0).take_over(left)
    (cancel,) = [parse(data) for _, data in later.data_to_send()]
    assert (cancel.cseq.sequence, cancel.cseq.method) == (again.cseq.sequence, "CANCEL")
