"""Calling ESMEs: the SMSC connects, sends outbind, and the ESME binds as a receiver on the same connection (2.2.1).

An account that has an address to call is called when the lab is told to, and by itself when messages wait for it and
no receiver is bound.
"""

import asyncio
from functools import partial

import structlog

from smsc_emulator.core.accounts import Account
from smsc_emulator.net.smpp_server import ServerLink, SmppServer
from smsc_emulator.smpp.pdus import Outbind

BACK_OFF = (0.1, 1.0, 5.0, 30.0, 60.0)
"""Real seconds between calls to an ESME for which messages wait; the last one repeats."""

log = structlog.get_logger(__name__)


class NoSuchAccountError(LookupError):
    """There is no account with this system_id."""


class NoOutbindError(Exception):
    """The account has no address to call."""


class CallFailedError(Exception):
    """Nobody listens at the account's address."""


class CalledLink(ServerLink):
    """A connection that the SMSC has opened. After outbind it is like any other."""

    by_peer = False

    __slots__ = ("_outbind", "over")

    def __init__(self, server: SmppServer, outbind: Outbind) -> None:
        super().__init__(server)
        self._outbind = outbind
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the bind."""
        super().connection_made(transport)
        self.send(self._outbind)
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits for the end."""
        super().connection_lost(exc)
        if not self.over.done():
            self.over.set_result(None)


class Caller:
    """Calls the accounts' ESMEs on behalf of a server."""

    def __init__(self, server: SmppServer) -> None:
        self._server = server
        self._calling: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """From now on call the accounts for which messages wait, at once where some wait already."""
        for account in self._server.smsc.accounts.values():
            if account.settings.outbind is not None:
                account.on_waiting = partial(self._wanted, account)
                if account.ready and not account.receivers:
                    self._wanted(account)

    async def call(self, system_id: str) -> CalledLink:
        """Connect to an account's ESME and send outbind; return the link.

        Raises NoSuchAccountError, NoOutbindError and CallFailedError.
        """
        account = self._server.smsc.accounts.get(system_id)
        if account is None:
            raise NoSuchAccountError(f"there is no account {system_id}")
        return await self._call(account)

    async def close(self) -> None:
        """Call nobody any more. Links that are open are the server's to close."""
        for account in self._server.smsc.accounts.values():
            account.on_waiting = None
        calling, self._calling = list(self._calling.values()), {}
        for task in calling:
            task.cancel()
        await asyncio.gather(*calling, return_exceptions=True)

    async def _call(self, account: Account) -> CalledLink:
        settings = account.settings
        if settings.outbind is None:
            raise NoOutbindError(f"the account {account.system_id} has no address to call")
        host, _, port = settings.outbind.rpartition(":")
        outbind = Outbind(system_id=self._server.smsc.settings.system_id, password=settings.outbind_password)
        loop = asyncio.get_running_loop()
        try:
            _, link = await loop.create_connection(
                lambda: CalledLink(self._server, outbind), host.strip("[]"), int(port)
            )
        except OSError as error:
            raise CallFailedError(f"cannot connect to {settings.outbind}: {error}") from None
        return link

    def _wanted(self, account: Account) -> None:
        if account.system_id not in self._calling:
            task = asyncio.get_running_loop().create_task(self._keep_calling(account))
            self._calling[account.system_id] = task

    async def _keep_calling(self, account: Account) -> None:
        """Call until the account has a receiver or nothing waits for it."""
        attempt = 0
        try:
            while account.ready and not account.receivers:
                try:
                    link = await self._call(account)
                except CallFailedError as error:
                    log.warning("an outbind failed", account=account.system_id, reason=str(error))
                else:
                    await asyncio.shield(link.over)
                if account.ready and not account.receivers:
                    await asyncio.sleep(BACK_OFF[min(attempt, len(BACK_OFF) - 1)])
                    attempt += 1
        finally:
            self._calling.pop(account.system_id, None)
