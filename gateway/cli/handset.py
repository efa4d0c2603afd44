"""`confirmlab handset`: a phone in the terminal, which shows what arrives and does what its user types."""

import json as jsons
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from gateway.cli.options import Data, Json, Url, fail, millis, run

if TYPE_CHECKING:
    import asyncio

    from gateway.client import LabClient

HELP = """\
reply TEXT      answer the last text        answer   answer the call that rings
send TO TEXT    send a text                 hang     reject the call, take it back, or hang up
call NUMBER     call somebody               off, on  switch the handset off and on
state STATE     off, out_of_coverage, memory_full, roaming and others
show            show inbox and calls        quit     end (Ctrl-D, Ctrl-C)"""

Show = Callable[[str, dict[str, Any]], None]


def handset(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The handset's number: +70000000001.")],
    once: Annotated[bool, typer.Option("--once", help="Show the first text or call that arrives, and end.")] = False,
    any_: Annotated[bool, typer.Option("--any", help="With --once: or the newest one that is already there.")] = False,
    wait: Annotated[str, typer.Option("--wait", help="With --once: how long to wait, in real time.")] = "30s",
    url: Url = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Be a phone: see texts and calls as they come, and reply, call, answer or switch it off; `help` lists how.

    Commands are read from standard input, so that a script may write them; with its end the command ends too.
    """
    show = print_line if json else print_card
    seconds = millis(wait) / 1000
    try:
        if once:
            run(_once(number, show, url, data, seconds=seconds, already=any_))
        else:
            run(_live(number, show, url, data))
    except KeyboardInterrupt:
        return
    except TimeoutError:
        fail(f"nothing came to {number} within {wait}")


@dataclass
class Phone:
    """One handset of a lab, and what its user has seen last."""

    lab: "LabClient"
    number: str
    show: Show
    last_sender: str = ""
    last_text: str = ""
    last_call: str = ""

    @property
    def path(self) -> str:
        """Where the lab has it."""
        return f"/lab/handsets/{quote(self.number, safe='')}"

    async def texts(self) -> list[dict[str, Any]]:
        """Return the texts that were not seen yet, with their codes."""
        page = await self.lab.get(f"{self.path}/messages", extract="code", after=self.last_text)
        for message in page["messages"]:
            self.last_text, self.last_sender = message["id"], message["from"]
        return list(page["messages"])

    async def calls(self) -> list[dict[str, Any]]:
        """Return the log of calls."""
        found: list[dict[str, Any]] = (await self.lab.get(f"{self.path}/calls"))["calls"]
        self.last_call = found[-1]["id"] if found else ""
        return found

    async def see(self, event: dict[str, Any]) -> bool:
        """Show what an event of the journal means for this handset; return whether something has arrived."""
        kind = event["type"]
        if kind == "handset.received":
            fresh = await self.texts()
            for message in fresh:
                self.show("text", message)
            return bool(fresh)
        if kind == "handset.changed":
            self.show("state", {"state": event["data"]["state"]})
        elif kind in ("call.started", "call.ringing", "call.answered", "call.ended"):
            self.last_call = event["data"]["call_id"]
            call = await self.lab.get(f"{self.path}/calls/{self.last_call}")
            self.show("call", call | {"event": kind.partition(".")[2]})
            return kind == "call.ringing" and str(call["direction"]) == "in"
        return False


async def act(phone: Phone, line: str) -> bool:
    """Do what the user types; False if he wants to end."""
    word, _, rest = line.strip().partition(" ")
    if word in ("quit", "exit"):
        return False
    if word in ("", "help"):
        typer.echo(HELP)
    elif word in ACTS:
        await ACTS[word](phone, rest.strip())
    else:
        typer.echo(f"there is no command {word!r}; `help` lists them", err=True)
    return True


async def _reply(phone: Phone, text: str) -> None:
    if not phone.last_sender:
        typer.echo("no text has come that could be answered", err=True)
    else:
        await _send(phone, f"{phone.last_sender} {text}")


async def _send(phone: Phone, rest: str) -> None:
    to, _, text = rest.partition(" ")
    sent = await phone.lab.post(f"{phone.path}/messages", {"to": to, "text": text})
    phone.show("sent", {"to": to, **sent})


async def _call(phone: Phone, to: str) -> None:
    phone.last_call = (await phone.lab.post(f"{phone.path}/calls", {"to": to}))["id"]


async def _answer(phone: Phone, _rest: str) -> None:
    await phone.lab.post(f"{phone.path}/calls/{phone.last_call or '0'}/answer")


async def _hang(phone: Phone, _rest: str) -> None:
    await phone.lab.delete(f"{phone.path}/calls/{phone.last_call or '0'}")


async def _state(phone: Phone, state: str) -> None:
    await phone.lab.put(phone.path, {"state": state})


async def _off(phone: Phone, _rest: str) -> None:
    await _state(phone, "off")


async def _on(phone: Phone, _rest: str) -> None:
    await _state(phone, "on")


async def _show(phone: Phone, _rest: str) -> None:
    phone.last_text = ""
    for message in await phone.texts():
        phone.show("text", message)
    for call in await phone.calls():
        phone.show("call", call)


ACTS: dict[str, Callable[[Phone, str], Awaitable[None]]] = {
    "reply": _reply,
    "send": _send,
    "call": _call,
    "answer": _answer,
    "hang": _hang,
    "state": _state,
    "off": _off,
    "on": _on,
    "show": _show,
}
"""What the user can type. Each may raise LabRefusedError."""


async def _once(number: str, show: Show, url: str | None, data: Path | None, *, seconds: float, already: bool) -> None:
    import asyncio

    from gateway.cli.following import events
    from gateway.client import LabClient, find

    async with LabClient(find(url, data)) as lab, asyncio.timeout(seconds):
        seq = int((await lab.get("/lab/journal", limit=1))["newest_seq"])
        phone = Phone(lab, number, show)
        texts, calls = await phone.texts(), [call for call in await phone.calls() if call["direction"] == "in"]
        there = [(each["received_at"], "text", each) for each in texts]
        there += [(each["started_at"], "call", each) for each in calls]
        if already and there:
            show(*max(there, key=lambda one: one[0])[1:])
            return
        async with events(url, data, seq, subject=number) as journal:
            async for event in journal:
                if await phone.see(dict(event)):
                    return


async def _live(number: str, show: Show, url: str | None, data: Path | None) -> None:
    import asyncio

    from gateway.cli.following import events
    from gateway.client import LabClient, find

    async with LabClient(find(url, data)) as lab:
        seq = int((await lab.get("/lab/journal", limit=1))["newest_seq"])
        phone = Phone(lab, number, show)
        state = await lab.get(phone.path)
        await phone.texts()
        await phone.calls()
        show("state", {"state": state["state"], "messages": state["messages"]})
        lines = _typed()

        async def follow() -> None:
            async with events(url, data, seq, subject=number) as journal:
                async for event in journal:
                    await phone.see(dict(event))

        following = asyncio.create_task(follow())
        try:
            await _obey(phone, lines, following)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def _obey(phone: Phone, lines: "asyncio.Queue[str | None]", following: "asyncio.Task[None]") -> None:
    """Do what is typed until the end of the input, or of the following."""
    import asyncio

    from gateway.client import LabRefusedError

    while True:
        typed = asyncio.ensure_future(lines.get())
        await asyncio.wait((typed, following), return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            typed.cancel()
            following.result()
            return
        line = typed.result()
        if line is None:
            return
        try:
            if not await act(phone, line):
                return
        except LabRefusedError as error:
            typer.echo(str(error), err=True)


def _typed() -> "asyncio.Queue[str | None]":
    """Return the lines of standard input as they come, and None at its end."""
    import asyncio

    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def put(line: str | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lines.put_nowait, line)

    def read() -> None:
        for line in sys.stdin:
            put(line)
        put(None)

    # A thread of its own that nobody waits for: a terminal cannot be read without blocking.
    threading.Thread(target=read, name="standard input", daemon=True).start()
    return lines


def print_line(kind: str, what: dict[str, Any]) -> None:
    """Print one JSON object a line."""
    typer.echo(jsons.dumps({"kind": kind, **what}, ensure_ascii=False))


def print_card(kind: str, what: dict[str, Any]) -> None:
    """Print what has arrived as a phone shows it."""
    from rich.panel import Panel
    from rich.text import Text

    from gateway.cli.tables import console

    out = console()
    if kind == "text":
        body = Text(what["text"])
        if what["code"]:
            body.highlight_words([what["code"]], style="bold green")
        out.print(Panel(body, title=Text(f"{what['from']}  {what['received_at']}"), title_align="left", expand=False))
    elif kind == "call":
        other = f"from {what['from'] or 'a withheld number'}" if what["direction"] == "in" else f"to {what['to']}"
        state = what["outcome"] or what["state"]
        out.print(Text(f"call {what['id']} {other}: {state}", style="yellow"))
    else:
        out.print(Text("  ".join(f"{name} {value}" for name, value in what.items()), style="dim"))
