"""`confirmlab demo --method`: one confirmation in a running lab, each SIP or SMPP step with its time, and the cost.

What happens is read from the journal; what the user does is done on his handset, as a tester would.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gateway.cli.options import fail
from gateway.cli.story import NUMBER, Story, Teller, first, follow
from smsc_emulator.frozen import frozen

if TYPE_CHECKING:
    from gateway.client import LabClient

Event = Mapping[str, Any]

STEPS: Final[dict[str, tuple[str, str]]] = {
    "confirmation.call_placed": ("INVITE", "the gateway calls its voice switch: {call}"),
    "call.started in": ("INVITE", "the switch calls the handset {subject}"),
    "call.ringing in": ("180 Ringing", "the handset {subject} rings and shows who calls"),
    "confirmation.code_sent flash_call": ("180 Ringing", "has reached the gateway: the user has seen the code"),
    "call.ended in": ("CANCEL", "the call is over: {outcome}, status {status}, Q.850 cause {cause}"),
    "call.started out": ("INVITE", "the handset {subject} calls the access number; the switch vouches for it"),
    "call.ended out": ("final response", "the gateway has rejected the call: status {status}, Q.850 cause {cause}"),
    "smpp.submit_sm": ("submit_sm", "of the account {account} to {to}, command_status {command_status}"),
    "message.accepted": ("accepted", "by the SMSC, message_id {subject}, to {to}"),
    "handset.received": ("handset received", "message_id {message_id} from {from}"),
    "smpp.deliver_sm receipt": ("deliver_sm", "the receipt goes to the account {account}"),
    "smpp.deliver_sm message": ("deliver_sm", "the user's text goes to the account {account}"),
    "message.delivered": ("delivered", "message_id {subject}, message_state {state}"),
    "confirmation.receipt": ("receipt", "message_id {subject}, stat {stat}, err {err}"),
    "confirmation.confirmed": ("confirmed", "{subject}"),
}
"""What is told of an event, by its type and, where that says more, its direction, kind or method."""


@dataclass
class Confirming:
    """A confirmation under way, and the names by which its events are known."""

    lab: "LabClient"
    story: Story
    started: Mapping[str, Any]
    subjects: set[str] = field(default_factory=set)

    def is_ours(self, event: Event) -> bool:
        """Return whether an event is about this confirmation, its number, or an SMS of theirs."""
        numbers = {NUMBER.removeprefix("+"), self.started["short_code"]} - {None}
        if event["type"] == "message.accepted" and event["data"]["to"] in numbers:
            self.subjects.add(event["subject"])
        return event["subject"] in self.subjects or event["data"].get("to") in numbers

    async def check(self, code: str, at: str) -> None:
        """Type a code back."""
        self.story.tell(at, "code typed back", code)
        await self.lab.post(f"/v1/confirmations/{self.started['id']}/check", {"code": code})


async def _type_code(one: Confirming, event: Event) -> None:
    inbox = await one.lab.get(f"/lab/handsets/{NUMBER}/messages", wait="10s", extract="code")
    message = inbox["messages"][-1]
    one.story.tell(event["at"], "handset shows", f"{message['text']!r} from {message['from']}")
    await one.check(message["code"], event["at"])


async def _type_caller(one: Confirming, event: Event) -> None:
    digits = one.started["call"]["digits"]
    log = await one.lab.get(f"/lab/handsets/{NUMBER}/calls", wait="10s", digits=digits)
    shown = log["calls"][-1]["from"]
    one.story.tell(event["at"], "handset shows", f"a call from {shown}; its last {digits} digits are the code")
    await one.check(log["code"], event["at"])


async def _call(one: Confirming, event: Event) -> None:
    number = one.started["instructions"]["access_number"]
    one.story.tell(event["at"], "user is asked", f"to call {number}")
    await one.lab.post(f"/lab/handsets/{NUMBER}/calls", {"to": number})


async def _write(one: Confirming, event: Event) -> None:
    told = one.started["instructions"]
    one.story.tell(event["at"], "user is asked", f"to send {told['text']!r} to {told['short_code']}")
    await one.lab.post(f"/lab/handsets/{NUMBER}/messages", {"to": told["short_code"], "text": told["text"]})


@frozen
class Walk:
    """How one method goes."""

    acts_on: str
    """The type of the event that the user acts upon."""
    act: Callable[[Confirming, Event], Awaitable[None]]
    last: frozenset[str]
    """The types of the events after all of which it is over."""


WALKS: Final = {
    "sms_code": Walk("handset.received", _type_code, frozenset({"confirmation.confirmed", "confirmation.receipt"})),
    "flash_call": Walk("confirmation.code_sent", _type_caller, frozenset({"confirmation.confirmed", "call.ended"})),
    "call_in": Walk("confirmation.created", _call, frozenset({"confirmation.confirmed", "call.ended"})),
    "mo_sms": Walk("confirmation.created", _write, frozenset({"confirmation.confirmed", "message.delivered"})),
}


async def confirmed(lab: "LabClient", method: str, teller: Teller) -> None:
    """Show one confirmation of NUMBER by `method`, and what it cost."""
    walk = WALKS[method]
    teller.say(f"A user proves by {method} that he holds {NUMBER}.")
    async with _behaviour_kept(lab):
        started = await lab.post("/v1/confirmations", {"phone_number": NUMBER, "method": method})
        created = await first(lab, 0, started["id"], "confirmation.created")
        one = Confirming(lab, Story(teller), started, {started["id"], NUMBER})
        left = set(walk.last)
        async for event in follow(lab, created["seq"] - 1, one.is_ours):
            _tell(one, event, method)
            if event["type"] == walk.acts_on:
                await walk.act(one, event)
            if event["type"] in ("confirmation.failed", "confirmation.expired"):
                fail(f"{started['id']} was not confirmed: {event['data']['confirmation']['reason']}")
            left.discard(event["type"])
            if not left:
                break
    found = await lab.get(f"/v1/confirmations/{started['id']}")
    proof, cost = found["proof"], found["cost"]
    trust = f", the number is {proof['trust']}" if proof["trust"] else ""
    teller.say(f"Proof: {proof['method']}, {proof['source']}{trust}.")
    teller.say(f"Cost: {cost['amount']} {cost['currency']}, {cost['billable_seconds']} billable seconds.")


def _tell(one: Confirming, event: Event, method: str) -> None:
    if event["type"] == "confirmation.created":
        one.story.tell(event["at"], "started", f"{event['subject']}: {method} for {NUMBER}")
        return
    data = event["data"]
    detail = data.get("direction") or data.get("kind") or (method if "confirmation" in data else "")
    step = STEPS.get(f"{event['type']} {detail}") or STEPS.get(event["type"])
    if step is not None:
        one.story.tell(event["at"], step[0], step[1].format_map({**data, "subject": event["subject"]}))


@asynccontextmanager
async def _behaviour_kept(lab: "LabClient") -> AsyncIterator[None]:
    """Have the handset ring as long as it is called, and give it its own behaviour back at the end."""
    path = f"/lab/handsets/{NUMBER}/voice"
    before = await lab.get(path)
    await lab.put(path, {"behaviour": "ringing", "delay": "0s"})
    try:
        yield
    finally:
        await lab.put(path, {"behaviour": before["behaviour"], "delay": before["delay"]})
