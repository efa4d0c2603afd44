"""What a step may do: one function for each word of `script.When`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.scenarios.script import (
    Crowd,
    Identify,
    MakeCall,
    Message,
    Porting,
    Request,
    Sale,
    SendSms,
    TypeCode,
    Verdict,
    offset,
)
from gateway.scenarios.stage import Answer, Stage
from smsc_emulator.base import durations


class ActError(Exception):
    """Something could not be done at all; the message says why."""


@dataclass
class Cast:
    """Who is on the stage, and what is known of them."""

    stage: Stage
    zero: int
    """The instant that offsets count from."""
    known: dict[str, Any] = field(default_factory=dict)
    """Answers by their names."""
    services: dict[str, str | None] = field(default_factory=dict)
    """Which service each identification is of."""
    answer: Answer | None = None
    """The answer to the last act."""

    def named(self, name: str) -> Mapping[str, Any]:
        """Return the identification of a name. Raises ActError."""
        found = self.known.get(name)
        if not isinstance(found, Mapping) or "id" not in found:
            known = ", ".join(sorted(self.services)) or "none"
            raise ActError(f"no identification is known as {name!r}; known ones: {known}")
        return found

    async def ask(self, method: str, path: str, body: Any = None, *, service: str | None = None) -> Answer:
        """Ask the lab; the answer is the last act's."""
        self.answer = await self.stage.ask(method, path, body, service=service)
        return self.answer

    async def about(self, name: str, method: str = "GET", below: str = "", body: Any = None) -> Answer:
        """Ask about an identification that is known by a name."""
        path = f"/v1/identifications/{self.named(name)['id']}{below}"
        return await self.stage.ask(method, path, body, service=self.services.get(name))

    async def do(self, name: str, method: str, below: str, body: Any = None) -> None:
        """Do something with an identification that is known by a name."""
        self.answer = await self.about(name, method, below, body)


async def _identify(cast: Cast, word: Identify) -> None:
    body: dict[str, Any] = {"user_id": word.user, **word.more}
    body |= {} if word.number is None else {"phone_number": word.number}
    body |= {} if word.methods is None else {"methods": word.methods}
    answer = await cast.ask("POST", "/v1/identifications", body, service=word.service)
    if answer.status == 201:
        name = word.name or word.user
        cast.known[name], cast.services[name] = answer.body, word.service


async def _type_code(cast: Cast, word: TypeCode) -> None:
    number = cast.named(word.user)["phone_number"]
    code = word.code
    if code in ("newest", "oldest", "wrong"):
        seen = await _codes(cast, number, word.seen_in)
        if not seen:
            raise ActError(f"no {word.seen_in} with a code has come to {number}")
        code = seen[0] if code == "oldest" else seen[-1]
        if word.code == "wrong":
            code = f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
    await cast.do(word.user, "POST", "/check", {"code": code})


async def _join(cast: Cast, word: Identify) -> None:
    await _identify(cast, word)
    if cast.answer is not None and cast.answer.shown().get("state") == "CONFIRMING":
        await _type_code(cast, TypeCode(user=word.name or word.user))


async def _crowd(cast: Cast, word: Crowd) -> None:
    """Join the services one after the other, each going on around the crowd where the one before it ended."""
    first, joined = int(word.first), 0.0
    for service, share in word.shares.items():
        begins, joined = round(joined), joined + share * word.users / 100
        for place in range(begins, round(joined)):
            user = place % word.users
            await _join(cast, Identify(user=f"user{user}", number=f"+{first + user}", service=service))
            await cast.stage.settled()


async def _codes(cast: Cast, number: str, seen_in: str) -> list[str]:
    """Return the codes that a handset has seen, oldest first, once one is there."""
    if seen_in == "call":
        log = await cast.stage.ask("GET", f"/lab/handsets/{number}/calls?wait=5s")
        return [each["from"][-4:] for each in log.body["calls"] if each["direction"] == "in" and each["from"]]
    inbox = await cast.stage.ask("GET", f"/lab/handsets/{number}/messages?wait=5s&extract=code")
    return [each["code"] for each in inbox.body["messages"] if each["code"]]


async def _resend_code(cast: Cast, name: str) -> None:
    await cast.do(name, "POST", "/resend")


async def _next_method(cast: Cast, name: str) -> None:
    await cast.do(name, "POST", "/next")


async def _cancel(cast: Cast, name: str) -> None:
    await cast.do(name, "DELETE", "")


async def _instructions(cast: Cast, name: str | None) -> Mapping[str, Any]:
    told = {} if name is None else (await cast.about(name)).body["instructions"]
    if told is None:
        raise ActError(f"{name} has not been told to do anything")
    return dict(told)


async def _call(cast: Cast, word: MakeCall) -> None:
    to = word.to or (await _instructions(cast, word.user)).get("access_number")
    body = {"to": to, "asserted": word.asserted} | ({} if word.shown is None else {"shown": word.shown})
    await cast.ask("POST", f"/lab/handsets/{word.handset}/calls", body)


async def _send_sms(cast: Cast, word: SendSms) -> None:
    told = await _instructions(cast, word.user)
    body = {"to": word.to or told.get("short_code"), "text": word.text or told.get("text")}
    await cast.ask("POST", f"/lab/handsets/{word.handset}/messages", body)


async def _operator(cast: Cast, changes: Mapping[str, Mapping[str, Any]]) -> None:
    for operator, change in changes.items():
        await _change(cast, f"/lab/operators/{operator}/behaviour", change, keep=True)


async def _handset(cast: Cast, changes: Mapping[str, Mapping[str, Any]]) -> None:
    for number, change in changes.items():
        await _change(cast, f"/lab/handsets/{number}", change)


async def _voice(cast: Cast, changes: Mapping[str, Mapping[str, Any]]) -> None:
    for number, change in changes.items():
        await _change(cast, f"/lab/handsets/{number}/voice", change)


async def _change(cast: Cast, path: str, change: Mapping[str, Any], *, keep: bool = False) -> None:
    """Change something of the lab; with `keep`, what the change does not name stays as it is."""
    before = (await cast.stage.ask("GET", path)).body if keep else {}
    answer = await cast.ask("PUT", path, {**before, **change})
    if answer.status != 200:
        raise ActError(f"PUT {path} was answered with {answer.status}: {answer.body}")


async def _verdict(cast: Cast, word: Verdict) -> None:
    asked = _query(cast, word)
    request_id = word.request_id or asked["request_id"]
    as_of = cast.stage.now if word.as_of is None else _instant(cast, word.as_of)
    body = {
        "request_id": request_id,
        "phone_number": word.number or asked["phone_number"],
        "result": word.result,
        "as_of": durations.iso(as_of),
        **word.more,
    }
    cast.answer = await cast.stage.send_signed(word.operator, "verdicts", request_id, body, word.signed_by)


def _query(cast: Cast, word: Verdict) -> Mapping[str, Any]:
    """Return the id and the number of the query that is answered."""
    if word.user is None:
        if word.request_id is None or word.number is None:
            raise ActError("a verdict needs a user, or both a request_id and a number")
        return {"request_id": word.request_id, "phone_number": word.number}
    attempt = cast.named(word.user)
    sent = [
        event.subject
        for event in cast.stage.events()
        if event.type == "lookup.query_sent" and event.data.get("attempt_id") == attempt["id"]
    ]
    if not sent:
        raise ActError(f"no operator was asked about {word.user}")
    return {"request_id": sent[-1], "phone_number": attempt["phone_number"]}


def _instant(cast: Cast, text: str) -> int:
    return cast.zero + offset(text) if text.startswith("+") else durations.instant(text)


async def _message(cast: Cast, word: Message) -> None:
    cast.answer = await cast.stage.send_signed(word.operator, word.to, word.id, word.body, word.signed_by)


async def _sell(cast: Cast, word: Sale) -> None:
    body = {"phone_number": word.number, "operator_id": word.operator, **word.more}
    await cast.ask("POST", "/lab/subscribers", body)


async def _end_contract(cast: Cast, number: str) -> None:
    await cast.ask("DELETE", f"/lab/subscribers/{number}")


async def _port(cast: Cast, word: Porting) -> None:
    await cast.ask("POST", f"/lab/subscribers/{word.number}/port", {"operator_id": word.to})


async def _request(cast: Cast, word: Request) -> None:
    answer = await cast.ask(word.method, word.path, word.body, service=word.service)
    if word.name is not None:
        cast.known[word.name] = answer.body


async def _kill(cast: Cast, down: str) -> None:
    await cast.stage.again(durations.parse(down), killed=True)


async def _restart(cast: Cast, down: str) -> None:
    await cast.stage.again(durations.parse(down), killed=False)


async def _wall_clock(cast: Cast, by: str) -> None:
    cast.stage.wall.jump(offset(by) if by.startswith("+") else -offset(by.replace("-", "+", 1)))


ACTS: Final[dict[str, Callable[[Cast, Any], Awaitable[None]]]] = {
    "identify": _identify,
    "join": _join,
    "crowd": _crowd,
    "type_code": _type_code,
    "resend_code": _resend_code,
    "next_method": _next_method,
    "cancel": _cancel,
    "call": _call,
    "send_sms": _send_sms,
    "operator": _operator,
    "handset": _handset,
    "voice": _voice,
    "verdict": _verdict,
    "message": _message,
    "sell": _sell,
    "end_contract": _end_contract,
    "port": _port,
    "request": _request,
    "kill": _kill,
    "restart": _restart,
    "wall_clock": _wall_clock,
}
"""What is done for each word."""
