"""`confirmlab demo`: one identification through a running lab, each step printed as it happens, then a refusal.

With `--method`, one confirmation by that method instead: see `demo_methods`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli.options import DEFAULT_KEY, Data, Json, Key, Url, fail, run
from gateway.cli.story import NUMBER, PATIENCE, Story, Teller, first, follow

if TYPE_CHECKING:
    import asyncio

    from gateway.client import LabClient

OPERATOR = "alpha"
SERVICE = "demo"

Method = Literal["sms_code", "flash_call", "call_in", "mo_sms"]


def _queue() -> "asyncio.Queue[dict[str, Any]]":
    import asyncio

    return asyncio.Queue()


@dataclass
class Receiver:
    """A webhook receiver of our own on loopback, which verifies what it gets."""

    url: str = ""
    secret: str = ""
    events: "asyncio.Queue[dict[str, Any]]" = field(default_factory=_queue)

    async def wait_for(self, kind: str, subject: str) -> dict[str, Any]:
        """Return the verified event of this type about `subject`."""
        import asyncio

        async with asyncio.timeout(PATIENCE):
            while True:
                event = await self.events.get()
                if event["type"] == kind and event["data"].get("id") == subject:
                    return event


def demo(
    method: Annotated[
        Method | None, typer.Option("--method", help="Show one confirmation by this method, and what it costs.")
    ] = None,
    url: Url = None,
    data: Data = None,
    key: Key = DEFAULT_KEY,
    json: Json = False,
) -> None:
    """Walk one identification through the running lab, then one that the operator's silence refuses."""
    from gateway.cli import demo_methods
    from gateway.client import LabClient, find

    teller = Teller(json)

    async def walk() -> None:
        async with LabClient(find(url, data), key=key) as lab:
            if method is not None:
                await demo_methods.confirmed(lab, method, teller)
                return
            async with _receiver(lab) as receiver, _behaviour_kept(lab):
                await identified(lab, receiver, teller)
                teller.pause()
                await refused(lab, receiver, teller)

    try:
        run(walk())
    except TimeoutError:
        fail(f"the next step did not happen within {PATIENCE:g} s; `confirmlab doctor` looks for the cause")


async def identified(lab: "LabClient", receiver: Receiver, teller: Teller) -> None:
    """Show the whole chain: the operator has the subscriber, and the user is identified."""
    teller.say(f"A user registers with {NUMBER}; the operator {OPERATOR} answers by its subscriber database.")
    await _behave(lab, {"answer": "truth", "delay": "0s"})
    story = Story(teller)
    attempt, seq = await _confirm(lab, story)
    seen: dict[str, Mapping[str, Any]] = {}
    async for event in follow(lab, seq, partial(_is_ours, attempt=attempt)):
        kind, at, data = event["type"], event["at"], event["data"]
        seen[kind] = event
        if kind == "operator.query_received":
            story.tell(at, "operator asked", f"{data['operator_id']}: is there such a subscriber?")
        elif kind == "operator.answered":
            story.tell(at, "verdict", str(data["result"]))
        elif kind == "identification.refused":
            fail(f"{attempt} was refused: {data['identification']['reason']}")
        elif kind == "identification.identified":
            break
    # The service is told its code when all is done; it was made, and entered in the register, before.
    found = await lab.get(f"/v1/identifications/{attempt}")
    story.tell(seen["identification.registering"]["at"], "identification code", str(found["identification_code"]))
    entry = seen["register.opened"]
    story.tell(entry["at"], "register entry", await _entry(lab, entry["data"]["operator_id"], entry["subject"]))
    await _tell_webhook(receiver, story, "identification.identified", attempt)


async def refused(lab: "LabClient", receiver: Receiver, teller: Teller) -> None:
    """Show a refusal by silence: the operator does not answer in its 20 minutes, which pass on the lab clock."""
    teller.say(f"Another user registers with {NUMBER}; the operator {OPERATOR} stays silent.")
    await _behave(lab, {"answer": "silent", "delay": "0s"})
    story = Story(teller)
    attempt, seq = await _confirm(lab, story)
    async for event in follow(lab, seq, partial(_is_ours, attempt=attempt)):
        if event["type"] == "operator.query_received":
            story.tell(event["at"], "operator asked", f"{event['data']['operator_id']}: is there such a subscriber?")
            story.tell(event["at"], "lab clock turned", "20 minutes forward, firing each deadline at its instant")
            await lab.post("/lab/clock/advance", {"by": "20m"})
        elif event["type"] == "identification.refused":
            reason = event["data"]["identification"]["reason"]
            story.tell(event["at"], "verdict", f"none in time: REFUSED({reason})")
            break
    await _tell_webhook(receiver, story, "identification.refused", attempt)


async def _confirm(lab: "LabClient", story: Story) -> tuple[str, int]:
    """Start an attempt and type its code back; return its id, and the journal's number to follow it from."""
    import secrets

    user = f"demo-{secrets.token_hex(4)}"
    body = {"service_id": SERVICE, "user_id": user, "phone_number": NUMBER}
    attempt = (await lab.post("/v1/identifications", body))["id"]
    created = (await lab.get("/lab/journal", subject=attempt, wait="5s"))["events"][0]
    story.tell(created["at"], "registration", f"{attempt}: {user} claims {NUMBER}")
    seq = created["seq"]
    sent = received = None
    async for event in follow(lab, seq, partial(_is_ours, attempt=attempt)):
        # The SMSC's taking it over, which is what the submit_sm_resp says.
        sent = event if event["type"] == "message.accepted" else sent
        received = event if event["type"] == "handset.received" else received
        if sent and received:
            break
    assert sent is not None, "the journal is followed until both are there"
    assert received is not None, "the journal is followed until both are there"
    story.tell(sent["at"], "PDU sent", f"submit_sm of {sent['data']['account']}, message_id {sent['subject']}")
    inbox = await lab.get(f"/lab/handsets/{NUMBER}/messages", wait="10s", extract="code")
    message = inbox["messages"][-1]
    story.tell(received["at"], "handset received", f"{message['text']!r} from {message['from']}")
    checked = await lab.post(f"/v1/identifications/{attempt}/check", {"code": message["code"]})
    confirmed = await first(lab, seq, checked["confirmation"]["id"], "confirmation.confirmed")
    story.tell(confirmed["at"], "code typed back", f"{message['code']}: {checked['confirmation']['state']}")
    return attempt, max(sent["seq"], received["seq"])


def _is_ours(event: Mapping[str, Any], *, attempt: str) -> bool:
    data = event["data"]
    digits = NUMBER.removeprefix("+")
    return event["subject"] in (attempt, NUMBER) or data.get("phone_number") == NUMBER or data.get("to") == digits


async def _entry(lab: "LabClient", operator_id: str, entry_id: str) -> str:
    """Read an entry in the operator's register, as an auditor would."""
    page = await lab.get(f"/lab/operators/{operator_id}/register", phone_number=NUMBER)
    entry = next(entry for entry in page["entries"] if entry["entry_id"] == entry_id)
    return f"{entry_id} at {operator_id}: {entry['phone_number']}, {entry['service_name']}, {entry['state']}"


async def _tell_webhook(receiver: Receiver, story: Story, kind: str, attempt: str) -> None:
    event = await receiver.wait_for(kind, attempt)
    story.tell(event["created_at"], "webhook", f"{event['type']}, its signature verified")


async def _behave(lab: "LabClient", behaviour: Mapping[str, Any]) -> None:
    await lab.put(f"/lab/operators/{OPERATOR}/behaviour", behaviour)


@asynccontextmanager
async def _behaviour_kept(lab: "LabClient") -> AsyncIterator[None]:
    """Give the operator its behaviour back at the end, also after a failure."""
    before = await lab.get(f"/lab/operators/{OPERATOR}/behaviour")
    try:
        yield
    finally:
        await _behave(lab, {"answer": before["answer"], "delay": before["delay"]})


@asynccontextmanager
async def _receiver(lab: "LabClient") -> AsyncIterator[Receiver]:
    """Listen on a free port of loopback, have the lab send webhooks there, and take that back at the end."""
    from aiohttp import web

    from smsc_emulator.base.signature import SignatureError, verify

    receiver = Receiver()

    async def take(request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            verify(receiver.secret, request.headers, raw)
        except SignatureError as error:
            return web.Response(status=400, text=str(error))
        receiver.events.put_nowait(await request.json())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}/hook"
        endpoint = await lab.post("/v1/webhook-endpoints", {"url": receiver.url})
        receiver.secret = endpoint["secret"]
        try:
            yield receiver
        finally:
            await lab.delete(f"/v1/webhook-endpoints/{endpoint['id']}")
    finally:
        await runner.cleanup()
