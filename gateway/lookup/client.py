"""The client of the operators: sends what the outbox holds, signed, and records who took it."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import ClientSession

from gateway.lookup import outbox
from gateway.lookup.outbox import CODE, QUERY, VOID, OperatorMessage
from gateway.lookup.routing import NumberingPlan, NumberRange
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.flights import Flights
from smsc_emulator.base.signed_http import UnreachableError, post_signed
from smsc_emulator.operator.settings import OperatorSettings

OnAck = Callable[[Tx, int, OperatorMessage, Mapping[str, Any]], None]
"""Called with (tx, now, message, the operator's answer) inside the unit that records a first acknowledgement."""

_PATHS = {QUERY: "queries", CODE: "codes", VOID: "voids"}


class OperatorClient:
    """The outbox's deadlines. An operator with a `url` is asked there, another at the lab's own face.

    `base_url` tells where this gateway listens: verdicts are to be sent to it, and the lab's own operators are there.
    """

    gives_up = False

    def __init__(
        self,
        database: Database,
        clock: Clock,
        activity: Activity,
        session: ClientSession,
        operators: Sequence[OperatorSettings],
        *,
        base_url: Callable[[], str],
        on_ack: OnAck,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._flights = Flights(activity)
        self._session = session
        self._operators = {operator.id: operator for operator in operators}
        self._base_url = base_url
        self._on_ack = on_ack
        self._wake = wake

    async def start(self) -> None:
        """Ask again for the verdicts that are still waited for. Call it when verdicts can be received."""
        self._database.on_departure.append(self._take_over)
        await self._ask_again()

    async def close(self) -> None:
        """Drop what is under way; the outbox keeps it for the next start."""
        await self._flights.close()

    async def next_due(self) -> int | None:
        """Return the instant of the earliest try."""
        return await self._database.run(outbox.next_due)

    async def fire(self, now: int) -> None:
        """Start sending what is due."""
        while claimed := await self._database.run(partial(outbox.claim, now=now)):
            for message in claimed:
                self._flights.launch(message.lane, partial(self._send, message))

    def _take_over(self) -> None:
        self._flights.launch("ask again", self._ask_again)

    async def _ask_again(self) -> None:
        await self._database.run(partial(outbox.ask_again, now=self._clock.now()))
        self._wake()

    async def _send(self, message: OperatorMessage) -> None:
        try:
            answer = await self._post(message)
        except UnreachableError as error:
            await self._database.run(partial(self._failed, self._clock.now(), message, str(error)))
        else:
            await self._database.run(partial(self._acknowledged, self._clock.now(), message, answer))
            self._wake()

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
        if not 200 <= status < 300:
            raise UnreachableError(f"status_{status}")
        return _read_answer(message.kind, raw)

    def _body(self, message: OperatorMessage) -> Mapping[str, Any]:
        if message.kind != QUERY:
            return message.body
        return {**message.body, "reply_to": f"{self._base_url()}/v1/operators/{message.operator_id}/verdicts"}


def _read_answer(kind: str, raw: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(raw)
    except ValueError:
        raise UnreachableError("answer_not_json") from None
    if not isinstance(answer, dict):
        raise UnreachableError("answer_not_an_object")
    if kind == CODE and not isinstance(answer.get("entry_id"), str):
        raise UnreachableError("answer_without_entry_id")
    return answer


def numbering_plan(operators: Sequence[OperatorSettings]) -> NumberingPlan:
    """Return the plan that the operators' configured ranges make."""
    return NumberingPlan(
        NumberRange(int(block.first), int(block.last), operator.id)
        for operator in operators
        for block in operator.ranges
    )
