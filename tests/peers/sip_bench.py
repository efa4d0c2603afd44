"""An agent of SIP without sockets, and requests as they come from anybody."""

from sip_pair import INVITATION, tokens

from smsc_emulator.sip.agent import Agent
from smsc_emulator.sip.calls import Incoming, Peer
from smsc_emulator.sip.messages import Request, Response, parse

LOCAL = Peer("127.0.0.1", 5060)
PHONE = Peer("127.0.0.1", 5999)
TCP_PHONE = Peer("127.0.0.1", 45_999, "tcp")
BODY = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 4000 RTP/AVP 31\r\nm=audio 4002 RTP/AVP 0\r\n"


def text(method: str = "INVITE", *more: str, branch: str = "z9hG4bK1", to_tag: str = "", body: str = "") -> bytes:
    """Return a request; a line of `more` takes the place of the line of the same name."""
    fields = {
        "Via": f"SIP/2.0/UDP 127.0.0.1:5999;branch={branch}",
        "Max-Forwards": "70",
        "From": "<sip:+70001000001@127.0.0.1>;tag=phone",
        "To": "<sip:+70000000001@127.0.0.1>" + (f";tag={to_tag}" if to_tag else ""),
        "Call-ID": "call-1",
        "CSeq": f"1 {method}",
        "Contact": "<sip:phone@127.0.0.1:5999>",
        "Content-Length": str(len(body)),
    }
    lines = [line for line in more if line.partition(":")[0] not in fields]
    for line in more:
        name, _, value = line.partition(": ")
        if name in fields:
            fields[name] = value
    head = [f"{method} sip:+70000000001@127.0.0.1 SIP/2.0", *(f"{n}: {v}" for n, v in fields.items() if v), *lines]
    return "\r\n".join([*head, "", body]).encode()


class Bench:
    """An agent, and what it sends and tells."""

    def __init__(self, *, registrar: bool = False) -> None:
        self.agent = Agent(LOCAL, tokens("b"), registrar=registrar)
        self.now = 0.0

    def take(self, data: bytes, peer: Peer = PHONE) -> list[Request | Response]:
        self.agent.receive(data, peer, self.now)
        return self.sent()

    def sent(self) -> list[Request | Response]:
        self.out = self.agent.data_to_send()
        return [parse(data) for _, data in self.out]

    def statuses(self, data: bytes, peer: Peer = PHONE) -> list[int]:
        return [message.status for message in self.take(data, peer) if isinstance(message, Response)]

    def incoming(self, data: bytes | None = None, peer: Peer = PHONE) -> Incoming:
        assert self.statuses(text() if data is None else data, peer) == [100]
        (event,) = self.agent.events()
        assert isinstance(event, Incoming)
        return event

    def answered(self, data: bytes | None = None) -> tuple[Incoming, Response]:
        event = self.incoming(data)
        self.agent.answer(event.call)
        (response,) = self.sent()
        assert isinstance(response, Response)
        return event, response

    def dialing(self) -> Request:
        self.agent.invite("one", PHONE, INVITATION)
        (invite,) = self.sent()
        assert isinstance(invite, Request)
        return invite

    def respond(self, invite: Request, status: int, tag: str, *more: str) -> list[Request | Response]:
        lines = [f"SIP/2.0 {status} X", *(f"Via: {via}" for via in invite.vias), f"From: {invite.headers['From']}"]
        lines += [f"To: {invite.headers['To']};tag={tag}", f"Call-ID: {invite.call_id}", "CSeq: 1 INVITE", *more]
        return self.take("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode())
