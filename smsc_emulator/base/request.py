"""A request as the guards and handlers of routes see it, whichever server has read it."""

import asyncio
from collections.abc import Mapping
from typing import Protocol


class Request(Protocol):
    """What is looked at in a request; aiohttp's own requests are such, and so are plain ones."""

    @property
    def method(self) -> str:
        """GET, POST and so on."""

    @property
    def path(self) -> str:
        """The path without its escapes."""

    @property
    def match_info(self) -> Mapping[str, str]:
        """The parameters of the path."""

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters behind the path."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, in whatever case they are asked for."""

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies."""

    @property
    def host(self) -> str:
        """For whom the request is."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection; None if it is gone."""

    async def read(self) -> bytes:
        """Return the body."""
