"""What goes over the lab's own HTTP links, between the gateway and the operators, in both directions."""

from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from aiohttp import (
    ClientSession,
    TraceConfig,
    TraceRequestChunkSentParams,
    TraceRequestEndParams,
    TraceRequestStartParams,
    TraceResponseChunkReceivedParams,
)

_KINDS = {"queries", "codes", "voids", "register"}


@dataclass
class Exchange:
    """One request, and its answer as far as one came."""

    method: str
    path: str
    message_id: str
    body: bytes = b""
    status: int | None = None
    answer: bytes = b""


@dataclass
class Wire:
    """All requests of all labs on one stage, oldest first."""

    exchanges: list[Exchange] = field(default_factory=list)

    def to(self, operator: str) -> dict[str, int]:
        """Return how many messages of each kind went to an operator, and how many tries were further ones."""
        sent: Counter[tuple[str, str]] = Counter()
        for exchange in self.exchanges:
            _, face, whose, kind, *_ = [*exchange.path.split("/"), "", "", ""]
            if face == "operator" and whose == operator:
                sent[kind, exchange.message_id] += 1
        kinds = Counter(kind for kind, _ in sent)
        return {kind: kinds[kind] for kind in _KINDS | set(kinds)} | {"repeats": sum(sent.values()) - len(sent)}

    def trace(self) -> TraceConfig:
        """Return what has a client's requests noted here."""
        trace = TraceConfig()
        trace.on_request_start.append(self._started)
        trace.on_request_chunk_sent.append(_sent)
        trace.on_request_end.append(_answered)
        trace.on_response_chunk_received.append(_received)
        return trace

    async def _started(self, _session: ClientSession, context: SimpleNamespace, told: TraceRequestStartParams) -> None:
        context.exchange = Exchange(told.method, told.url.path, told.headers.get("webhook-id", ""))
        self.exchanges.append(context.exchange)


async def _sent(_session: ClientSession, context: Any, told: TraceRequestChunkSentParams) -> None:
    context.exchange.body += told.chunk


async def _answered(_session: ClientSession, context: Any, told: TraceRequestEndParams) -> None:
    context.exchange.status = told.response.status


async def _received(_session: ClientSession, context: Any, told: TraceResponseChunkReceivedParams) -> None:
    context.exchange.answer += told.chunk
