"""Idempotency-Key: a POST that is sent again gets the answer of the first time and creates nothing more.

The key is written in the unit that creates the resource, with the resource's id; the answer is added when it is made.
A process that dies in between leaves a key that tells what was created, and the next request is answered from that. So
a key never locks, and never stands for two resources. Keys are kept for a day of lab time, each service has its own.

Nothing secret is kept: a request may bring a code of its own, so it is known again by a keyed hash; and what an answer
shows of secrets is left out of the kept one and made anew.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import delete, insert, select, update

from confirm.store import idempotency_keys
from gateway.api.errors import KEY_IN_FLIGHT, KEY_REUSED
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import DAY
from smsc_emulator.base.web import BAD_REQUEST, Call, Model, ProblemError, Reply
from smsc_emulator.frozen import frozen

HEADER = "Idempotency-Key"
HEADERS: Mapping[str, str] = {HEADER: "Makes a repeated request harmless: the same key and body give the same answer."}
"""For the `headers` of a route that uses `Idempotency`."""

PROBLEMS = (KEY_IN_FLIGHT, KEY_REUSED)
"""For the `problems` of such a route."""

_KEY = re.compile(r"[!-~]{1,255}")

_keys = idempotency_keys.c


@frozen
class _Kept:
    """What is known under a key: the resource, and the answer if it was given."""

    resource_id: str
    answer: Reply | None = None


class Idempotency:
    """Wraps the handlers of POST requests that create something. `secret` keys the hashes of the requests."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret
        self._in_flight: dict[tuple[str, str], str] = {}

    async def run(
        self,
        call: Call,
        create: Callable[[Tx], str],
        answer: Callable[[str], Awaitable[Reply]],
        *,
        unkept: Callable[[Any], set[str]] | None = None,
    ) -> Reply:
        """Answer `call`, by what was kept for its key or else anew.

        `create` is a unit of work that creates the resource and returns its id; what it raises is kept nowhere.
        `answer` makes the answer for the resource with that id, whose body is a model. `unkept` names the members of a
        body that must not be stored; a repeated request gets them as they are then.
        Raises ProblemError: BAD_REQUEST for a key that is none, KEY_REUSED, KEY_IN_FLIGHT.
        """
        key = call.request.headers.get(HEADER)
        if key is None:
            return await answer(await self._database.run(create))
        if not _KEY.fullmatch(key):
            raise ProblemError(BAD_REQUEST, f"{HEADER} must be 1 to 255 visible ASCII characters.")
        slot, fingerprint = (call.caller, key), self._fingerprint(call)
        if slot in self._in_flight:
            if self._in_flight[slot] != fingerprint:
                raise _reused(key)
            raise ProblemError(KEY_IN_FLIGHT, f"The first request with the key {key} has not been answered yet.")
        self._in_flight[slot] = fingerprint
        try:
            kept = await self._database.run(
                lambda tx: _find_or_create(tx, call.received_at, *slot, fingerprint, create)
            )
            if kept.answer is None:
                return await self._keep(slot, await answer(kept.resource_id), unkept)
            return kept.answer if unkept is None else _completed(kept.answer, await answer(kept.resource_id))
        finally:
            del self._in_flight[slot]

    async def _keep(self, slot: tuple[str, str], reply: Reply, unkept: Callable[[Any], set[str]] | None) -> Reply:
        """Keep the answer, and return it."""
        assert isinstance(reply.body, Model)
        body = reply.body.model_dump_json(by_alias=True, exclude=None if unkept is None else unkept(reply.body))
        await self._database.run(lambda tx: _save(tx, *slot, reply.status, body))
        return reply

    def _fingerprint(self, call: Call) -> str:
        """Return what tells requests apart: the address and the body as it was understood."""
        body = call.body.model_dump_json() if call.body is not None else ""
        told = f"{call.request.method} {call.request.path}\n{body}".encode()
        return hmac.new(self._secret, told, hashlib.sha256).hexdigest()


def _completed(kept: Reply, anew: Reply) -> Reply:
    """Return the kept answer with the members that were not kept as the new answer has them."""
    assert isinstance(kept.body, bytes)
    assert isinstance(anew.body, Model)
    body = {**anew.body.model_dump(mode="json", by_alias=True), **json.loads(kept.body)}
    return Reply(json.dumps(body, ensure_ascii=False).encode(), kept.status)


def _reused(key: str) -> ProblemError:
    return ProblemError(KEY_REUSED, f"The key {key} was used with another request; take a new one.")


def _find_or_create(
    tx: Tx, now: int, service_id: str, key: str, fingerprint: str, create: Callable[[Tx], str]
) -> _Kept:
    tx.conn.execute(delete(idempotency_keys).where(_keys.created_at <= now - DAY))
    row = tx.conn.execute(select(idempotency_keys).where(_keys.service_id == service_id, _keys.key == key)).first()
    if row is None:
        resource_id = create(tx)
        tx.conn.execute(
            insert(idempotency_keys).values(
                service_id=service_id, key=key, fingerprint=fingerprint, resource_id=resource_id, created_at=now
            )
        )
        return _Kept(resource_id)
    if row.fingerprint != fingerprint:
        raise _reused(key)
    return _Kept(row.resource_id, None if row.body is None else Reply(row.body.encode(), row.status))


def _save(tx: Tx, service_id: str, key: str, status: int, body: str) -> None:
    of_key = update(idempotency_keys).where(_keys.service_id == service_id, _keys.key == key)
    tx.conn.execute(of_key.values(status=status, body=body))
