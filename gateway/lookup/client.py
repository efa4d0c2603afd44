"""The client of the operators: sends what the outbox holds, signed, and records who took it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gateway.lookup import numbering, outbox
from gateway.lookup.folder_link import FolderLink
from gateway.lookup.outbox import CODE, LISTING, QUERY, VOID, OperatorMessage
from gateway.lookup.routing import NumberingPlan
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.flights import Flights
from smsc_emulator.base.signed_http import Session, UnreachableError, post_signed
from smsc_emulator.base.takeover import TakeOver
from smsc_emulator.operator.settings import OperatorSettings

OnAck = Callable[[Tx, int, OperatorMessage, Mapping[str, Any]], None]
"""Called with (tx, now, message, the operator's answer) inside the unit that records a first acknowledgement."""

_PATHS = {QUERY: "queries", CODE: "codes", VOID: "voids", LISTING: "register/open"}


class OperatorClient:
    """The outbox's deadlines. An operator with a `url` is asked there, another at the lab's own face.

    `base_url` tells where this gateway listens: verdicts are to be sent to it, and the lab's own operators are there.
    `data` is the folder that the folders of those operators are in that exchange files.
    """

    gives_up = False

    def __init__(
        self,
        database: Database,
        clock: Clock,
        activity: Activity,
        session: Session,
        operators: Sequence[OperatorSettings],
        *,
        base_url: Callable[[], str],
        on_ack: OnAck,
        wake: Callable[[], None],
        data: Path | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._flights = Flights(activity)
        self._session = session
        self._operators = {operator.id: operator for operator in operators}
        self._base_url = base_url
        self._on_ack = on_ack
        self._wake = wake
        self._take_over = TakeOver(database, self._ask_again, wake)
        filing = operators if data is not None else ()
        self._link = FolderLink(filing, data or Path(), session, activity, base_url=base_url, on_answer=self._answered)

    async def start(self) -> None:
        """Ask again for the verdicts that are still waited for. Call it when verdicts can be received."""
        await self._take_over.begin()

    async def close(self) -> None:
        """Drop what is under way; the outbox keeps it for the next start."""
        await self._flights.close()
        await self._link.poll.close()

    async def next_due(self) -> int | None:
        """Return the instant of the earliest try, or of the next look for files."""
        await self._take_over.done()
        dues = await self._database.run(outbox.next_due), await self._link.poll.next_due()
        return min((due for due in dues if due is not None), default=None)

    async def fire(self, now: int) -> None:
        """Start sending what is due, and look for files where it is time."""
        await self._link.poll.fire(now)
        while claimed := await self._database.run(partial(outbox.claim, now=now)):
            for message in claimed:
                self._flights.launch(message.lane, partial(self._send, message))

    async def _ask_again(self) -> None:
        await self._database.run(partial(outbox.ask_again, now=self._clock.now()))

    async def _send(self, message: OperatorMessage) -> None:
        if self._link.serves(message.operator_id):
            await self._leave(message)
            return
        try:
            answer = await self._post(message)
        except UnreachableError as error:
            await self._not_taken(message, str(error))
        else:
            await self._taken(message, answer)

    async def _leave(self, message: OperatorMessage) -> None:
        """Leave a message as a file. A query is taken thereby; all others when they are answered."""
        try:
            self._link.put(message.operator_id, _PATHS[message.kind], message.id, message.body)
        except OSError as error:
            await self._not_taken(message, type(error).__name__)
        else:
            if message.kind == QUERY:
                await self._taken(message, {})
            else:
                await self._database.run(lambda tx: outbox.ended(tx, message))

    async def _answered(self, message_id: str, status: int, body: Mapping[str, Any]) -> None:
        """Take the answer that an operator left as a file; one that acknowledges nothing leaves the plan as it is."""
        message = await self._database.run(partial(outbox.find, message_id=message_id))
        if message is None:
            return
        try:
            answer = _read_answer(message.kind, status, body)
        except UnreachableError as error:
            await self._not_taken(message, str(error))
        else:
            await self._taken(message, answer)

    async def _taken(self, message: OperatorMessage, answer: Mapping[str, Any]) -> None:
        await self._database.run(partial(self._acknowledged, self._clock.now(), message, answer))
        self._wake()

    async def _not_taken(self, message: OperatorMessage, reason: str) -> None:
        await self._database.run(partial(self._failed, self._clock.now(), message, reason))

    def _failed(self, now: int, message: OperatorMessage, reason: str, tx: Tx) -> None:
        outbox.ended(tx, message)
        outbox.record_failure(tx, now, message, reason)

    def _acknowledged(self, now: int, message: OperatorMessage, answer: Mapping[str, Any], tx: Tx) -> None:
        outbox.ended(tx, message)
        acknowledged = outbox.acknowledge(tx, now, message.id, answer)
        if acknowledged is not None:
            self._on_ack(tx, now, acknowledged, answer)

    async def _post(self, message: OperatorMessage) -> Mapping[str, Any]:
        """Return the operator's answer; anything but 2xx with a JSON object counts as an outage of the operator."""
        operator = self._operators.get(message.operator_id)
        if operator is None:
            raise UnreachableError("operator_not_configured")
        face = operator.url or f"{self._base_url()}/operator/{operator.id}"
        url = f"{face.rstrip('/')}/{_PATHS[message.kind]}"
        status, raw = await post_signed(self._session, url, operator.secret, message.id, self._body(message))
        return _read_answer(message.kind, status, _read_json(raw) if 200 <= status < 300 else None)

    def _body(self, message: OperatorMessage) -> Mapping[str, Any]:
        if message.kind != QUERY:
            return message.body
        return {**message.body, "reply_to": f"{self._base_url()}/v1/operators/{message.operator_id}/verdicts"}


def _read_json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise UnreachableError("answer_not_json") from None


def _read_answer(kind: str, status: int, answer: Any) -> Mapping[str, Any]:
    if not 200 <= status < 300:
        raise UnreachableError(f"status_{status}")
    if not isinstance(answer, dict):
        raise UnreachableError("answer_not_an_object")
    if kind == CODE and not isinstance(answer.get("entry_id"), str):
        raise UnreachableError("answer_without_entry_id")
    return answer


def numbering_plan(operators: Sequence[OperatorSettings], files: Iterable[Path] = ()) -> NumberingPlan:
    """Return the plan of the operators' configured ranges and of the registry's files. Raises NumberingFileError."""
    return numbering.plan(operators, files)
