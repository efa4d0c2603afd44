"""A server of HTTP whose answers are octets: whole, in pieces, cut short or none; and that ends connections at will."""

import asyncio
from contextlib import suppress
from types import TracebackType


class HttpPeer:
    """Answers each request with the next of `answers`, in pieces, and with `usual` where there are no more.

    An answer of no pieces ends the connection; None is silence.
    """

    def __init__(self, usual: bytes) -> None:
        self.usual = usual
        self.answers: list[list[bytes] | None] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""
        self._serving: set[asyncio.Task[None] | None] = set()

    async def __aenter__(self) -> "HttpPeer":
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait until all connections, which the clients have closed by now, have ended."""
        self._server.close()
        await asyncio.gather(*filter(None, self._serving))

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._serving.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # the other side has closed it
            while pieces := await self._answer(reader):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> list[bytes]:
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        self.requests.append(head + await reader.readexactly(int(length)))
        answer = self.answers.pop(0) if self.answers else [self.usual]
        if answer is None:
            await reader.read()
        return answer or []
