"""What the user does with his telephone: the lab's handsets answer by themselves, or a test number's code is known."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import quote

Ask = Callable[[str, str, Any], Awaitable[Any]]
"""Sends a request with a JSON body (or None) to the handsets' lab; returns what is answered."""

WAIT: Final = "10s"
"""How long one look into an inbox or a call log waits; it is repeated until the attempt's own time is over."""


class Handsets(Protocol):
    """Does what an attempt's instructions ask the user for."""

    async def prepare(self, number: str) -> None:
        """Note what has come to a number before the run."""

    async def prove(self, number: str, instructions: Mapping[str, Any]) -> str | None:
        """Return what is to be given back; None if what the user did is all."""


class KnownCode:
    """Numbers whose code is always the same, such as a gateway's test numbers."""

    def __init__(self, code: str) -> None:
        self._code = code

    async def prepare(self, number: str) -> None:
        """See Handsets."""

    async def prove(self, number: str, instructions: Mapping[str, Any]) -> str | None:
        """See Handsets."""
        return self._code


class LabHandsets:
    """The handsets of a lab, by its routes under /lab/handsets.

    One attempt at a time uses a number; only what has come since the one before is looked at.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._texts: dict[str, str] = {}
        self._calls: dict[str, str] = {}

    async def prepare(self, number: str) -> None:
        """See Handsets."""
        for kind, seen in (("messages", self._texts), ("calls", self._calls)):
            found = (await self._ask("GET", _path(number, kind), None))[kind]
            seen[number] = found[-1]["id"] if found else ""

    async def prove(self, number: str, instructions: Mapping[str, Any]) -> str | None:
        """See Handsets. Instructions that tell no method are those of a code by SMS."""
        method = instructions.get("method", "sms_code")
        if method == "call_in":
            await self._ask("POST", _path(number, "calls"), {"to": instructions["access_number"]})
            return None
        if method == "mo_sms":
            told = {"to": instructions["short_code"], "text": instructions["text"]}
            await self._ask("POST", _path(number, "messages"), told)
            return None
        if method == "flash_call":
            return await self._read(number, "calls", self._calls, f"digits={instructions['digits']}")
        return await self._read(number, "messages", self._texts, "extract=code")

    async def _read(self, number: str, kind: str, seen: dict[str, str], query: str) -> str:
        while True:
            path = f"{_path(number, kind)}?wait={WAIT}&after={seen[number]}&{query}"
            found = await self._ask("GET", path, None)
            if found["code"]:
                seen[number] = found[kind][-1]["id"]
                return str(found["code"])


def _path(number: str, kind: str) -> str:
    return f"/lab/handsets/{quote(number, safe='')}/{kind}"
