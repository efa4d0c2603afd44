"""The virtual handsets: read what they received, wait for the next text or its code, send from them."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.errors import as_problems
from gateway.api.types import Duration, Timestamp, Wait
from smsc_emulator.base import durations
from smsc_emulator.base.config import Whole
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.watch import read_until
from smsc_emulator.base.web import NOT_FOUND, Body, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.codes import find_code
from smsc_emulator.handsets.handset import FLASH, Changed, Handset, InboxMessage
from smsc_emulator.handsets.script import Script
from smsc_emulator.handsets.states import OUTCOMES, HandsetState
from smsc_emulator.smpp.part_report import PartReport

_ONE = "/lab/handsets/{number}"
_MESSAGES = "/lab/handsets/{number}/messages"
_TEXT = "/lab/handsets/{number}/messages/{message}"
_PATTERNS = {"number": r"^\+?[1-9][0-9]{6,14}$"}
_TEXT_PATTERNS = {**_PATTERNS, "message": r"^[0-9]{1,18}$"}
_STATES = "; ".join(f"{state.value}: {outcome.meaning}" for state, outcome in OUTCOMES.items())
_MEMORY = "How many short messages it can store, each part of a long one counted; null is any number."
_LONGEST_DELAY = 30 * durations.DAY

Short = Annotated[str, Field(pattern=r"^\+?[0-9]{1,20}$", max_length=20, examples=["1234"])]
"""A number or a short code."""


class ScriptBody(Model):
    """What a handset does by itself with a text that has come."""

    reply: Annotated[str, Field(min_length=1, max_length=1000, examples=["{code}"])] | None = Field(
        None,
        description="The text of its answer. {code} stands for the code found in the text, and a text without one is "
        "not answered; {text} stands for the text.",
    )
    to: Short | None = Field(None, description="Where the answer goes; by default to the sender of the text.")
    after: Duration = Field("0s", description="Lab time from the text to the answer, and to its deletion.")
    delete: bool = Field(False, description="Whether the text is deleted once it has been read.")


class HandsetBody(Model):
    """What a handset is to be like. What is left out stays as it is."""

    state: HandsetState | None = Field(None, description=_STATES + ".")
    memory: Annotated[int, Field(ge=0, le=100_000), Whole] | None = Field(None, description=_MEMORY)
    script: ScriptBody | None = None


class UnfinishedText(Body):
    """A long text of which parts are missing."""

    sender: str = Field(serialization_alias="from")
    reference: int = Field(description="The number that its parts have in common.")
    total: int = Field(description="How many parts it has.")
    received: list[int] = Field(description="The parts that have come, in the order of their arrival.")
    missing: list[int]
    duplicates: list[int] = Field(description="The parts that came again with the same content.")
    conflicts: list[int] = Field(description="The parts that came again with another content.")
    out_of_order: bool
    text: str = Field(description="What can be read so far.")
    findings: list[str] = Field(description="All that is wrong, as sentences.")


class HandsetShown(Body):
    """A handset."""

    phone_number: str
    messages: int = Field(description="How many texts its inbox holds.")
    state: HandsetState
    memory: int | None = Field(description=_MEMORY)
    memory_used: int | None = Field(description="How much of the memory is taken; null without a memory size.")
    waiting: int = Field(description="How many messages wait for it, or wait for it to send them.")
    unfinished: list[UnfinishedText] = Field(description="The long texts that still lack parts, oldest first.")
    script: ScriptBody | None


class HandsetList(Body):
    """The handsets, in the order they were added."""

    handsets: list[HandsetShown]


class InboxQuery(Model):
    """Which texts to return, and whether to wait for one."""

    after: Annotated[str, Field(pattern=r"^[0-9]{0,18}$", max_length=18)] = Field(
        "", description="The id of the last text seen; only later ones are returned."
    )
    extract: Literal["code"] | None = Field(
        None, description="With `code`, the confirmation code found in each text is told, and `wait` waits for one."
    )
    wait: Wait | None = None


class HandsetMessage(Body):
    """A text in an inbox, decoded, and put together if it was long."""

    id: str
    sender: str = Field(serialization_alias="from")
    to: str
    text: str
    code: str | None = Field(description="The confirmation code in the text, if it was asked for and there is one.")
    received_at: Timestamp
    flash: bool = Field(description="Whether it is of class 0: shown at once, and not stored.")
    replaces: str | None = Field(description="The id of the text whose place it took, by protocol_id 0x41 to 0x47.")


class Inbox(Body):
    """Texts, oldest first."""

    messages: list[HandsetMessage]
    code: str | None = Field(description="The code of the newest text that has one.")


class NewMessage(Model):
    """An SMS to send from the handset."""

    to: Short = Field(
        description="A number or a short code; it reaches the account that serves it, or else any bound receiver."
    )
    text: Annotated[str, Field(min_length=1, max_length=8000)]
    after: Duration = Field("0s", description="Lab time until it is sent, up to 30 days.")


class SentMessage(Body):
    """An SMS that the SMSC has taken over."""

    message_id: str = Field(description="The SMSC's id of the message, or of its first segment.")


def routes(smsc: Smsc, journal: Journal) -> Routes:
    """Return the routes of the handsets and of their messages."""
    group = Routes("lab: handsets")
    _add_handsets(group, smsc)
    _add_messages(group, smsc, journal)
    return group


def _add_handsets(group: Routes, smsc: Smsc) -> None:
    @group.add("GET", "/lab/handsets", "List the handsets", answers={200: HandsetList})
    async def list_them(_call: Call) -> Reply:
        return Reply(HandsetList(handsets=[_handset(smsc, handset) for handset in smsc.handsets.values()]))

    @group.add("GET", _ONE, "Show a handset", answers={200: HandsetShown}, patterns=_PATTERNS, problems=(NOT_FOUND,))
    async def show(call: Call) -> Reply:
        with as_problems():
            return Reply(_handset(smsc, smsc.handset(call.path["number"])))

    @group.add(
        "PUT",
        _ONE,
        "Change a handset's state, memory or script; what waits for it is tried at once",
        body=HandsetBody,
        answers={200: HandsetShown},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def change(call: Call) -> Reply:
        number = call.path["number"]
        with as_problems():
            changed = _changed(smsc.handset(number), call.body)
            return Reply(_handset(smsc, await smsc.change_handset(number, changed)))


def _add_messages(group: Routes, smsc: Smsc, journal: Journal) -> None:
    @group.add(
        "GET",
        _MESSAGES,
        "Read a handset's inbox; with `wait`, wait for a text, or for a code",
        query=InboxQuery,
        answers={200: Inbox},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def read(call: Call) -> Reply:
        number, query = call.path["number"], call.query

        async def inbox() -> Inbox:
            return _inbox(smsc.handset_messages(number), query)

        def has_come(inbox: Inbox) -> bool:
            return bool(inbox.messages if query.extract is None else inbox.code)

        def about(event: Event) -> bool:
            return event.type == "handset.received" and event.subject == number

        seconds = durations.parse(query.wait) / 1000 if query.wait else 0.0
        with as_problems():
            found = await read_until(journal, about, seconds, inbox, has_come)
        return Reply(found)

    @group.add(
        "POST",
        _MESSAGES,
        "Send an SMS from a handset",
        body=NewMessage,
        answers={202: SentMessage},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def send(call: Call) -> Reply:
        with as_problems():
            at = call.received_at + min(durations.parse(call.body.after), _LONGEST_DELAY)
            message_id = await smsc.send_from_handset(call.path["number"], call.body.to, call.body.text, at)
        return Reply(SentMessage(message_id=message_id), 202)

    @group.add(
        "DELETE",
        _TEXT,
        "Throw a text away; its place in the memory is free",
        answers={204: None},
        patterns=_TEXT_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def delete(call: Call) -> Reply:
        with as_problems():
            deleted = await smsc.delete_text(call.path["number"], int(call.path["message"]))
        if not deleted:
            raise ProblemError(NOT_FOUND, "The handset has no such text.")
        return Reply(None, 204)


def _handset(smsc: Smsc, handset: Handset) -> HandsetShown:
    script = handset.script
    return HandsetShown(
        phone_number=handset.number,
        messages=handset.received,
        state=handset.state,
        memory=handset.memory,
        memory_used=None if handset.memory is None else handset.used,
        waiting=len(smsc.life.waiting.of(handset.number)),
        unfinished=[_unfinished(told) for told in handset.unfinished],
        script=None
        if script is None
        else ScriptBody(reply=script.reply, to=script.to, after=durations.spell(script.after), delete=script.delete),
    )


def _unfinished(told: PartReport) -> UnfinishedText:
    return UnfinishedText(
        sender=told.source,
        reference=told.reference,
        total=told.total,
        received=list(told.received),
        missing=list(told.missing),
        duplicates=list(told.duplicates),
        conflicts=list(told.conflicts),
        out_of_order=told.out_of_order,
        text=told.text,
        findings=list(told.findings),
    )


def _changed(handset: Handset, body: HandsetBody) -> Changed:
    """Return what the handset is to be like, members that were left out being as they are."""
    given = body.model_fields_set
    script = handset.script
    if "script" in given:
        new = body.script
        script = None if new is None else Script(new.reply, new.to, durations.parse(new.after), new.delete)
    return Changed(
        handset.state if body.state is None else body.state,
        body.memory if "memory" in given else handset.memory,
        script,
    )


def _inbox(received: list[InboxMessage], query: InboxQuery) -> Inbox:
    messages = [_shown(message, query) for message in _later(received, int(query.after or 0))]
    return Inbox(messages=messages, code=next((m.code for m in reversed(messages) if m.code), None))


def _later(received: list[InboxMessage], after: int) -> list[InboxMessage]:
    """Return what came after the text `after`: a message that had to wait may have a smaller id than one before it."""
    place = next((place for place, message in enumerate(received, 1) if message.id == after), None)
    return [message for message in received if message.id > after] if place is None else received[place:]


def _shown(message: InboxMessage, query: InboxQuery) -> HandsetMessage:
    return HandsetMessage(
        id=str(message.id),
        sender=message.sender,
        to=message.to,
        text=message.text,
        code=None if query.extract is None else find_code(message.text),
        received_at=durations.iso(message.received_at),
        flash=message.message_class == FLASH,
        replaces=None if message.replaces is None else str(message.replaces),
    )
