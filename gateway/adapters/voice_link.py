"""The gateway's own SIP user agent: the calls that it places, those that it takes, and the switch that it trusts."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from confirm.ports import CallReport, CallUnavailableError, InboundCall
from confirm.settings import CallInSettings
from gateway.adapters.calls import SipCalls
from gateway.adapters.inbound import InboundCalls
from gateway.adapters.intake import Intake
from gateway.settings import VoiceLinkSettings
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.leadership import Leadership
from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.sip.calls import CallEvent, Incoming, Peer


class Route:
    """Where the voice switch is: the lab's own, or the configured one, whose name is looked up for each call.

    `listens_on` is the gateway's own address, which can reach addresses of its own family alone.
    """

    def __init__(self, link: VoiceLinkSettings, own: Peer | None, listens_on: str) -> None:
        self._link = link
        self._peer = own
        self._family = socket.AF_INET6 if ":" in listens_on else socket.AF_INET

    async def find(self) -> Peer:
        """Return where to call. Raises CallUnavailableError if its name cannot be looked up."""
        link = self._link
        if link.host is not None:
            try:
                found = await asyncio.get_running_loop().getaddrinfo(link.host, link.port, family=self._family)
            except OSError as error:
                raise CallUnavailableError(f"the voice switch {link.host} cannot be found: {error}") from None
            self._peer = Peer(str(found[0][4][0]), link.port, link.transport)
        if self._peer is None:
            raise CallUnavailableError("the gateway has no voice switch")
        return self._peer

    def trusts(self, peer: Peer) -> bool:
        """Return whether what `peer` asserts of a caller counts.

        Without configured networks the switch alone is trusted: over UDP by its address and port, over TCP by its
        address, since its connections come from any port.
        """
        networks, known = self._link.trusted_peers, self._peer
        if networks is not None:
            address = ip_address(peer.host)
            return any(address in network for network in networks)
        if known is None or (peer.host, peer.transport) != (known.host, known.transport):
            return False
        return peer.transport == "tcp" or peer.port == known.port


class VoiceLink:
    """Places calls as `calls` and takes those to the access numbers; `await start()` listens."""

    def __init__(
        self,
        link: VoiceLinkSettings,
        call_in: CallInSettings,
        route: Route,
        intake: Intake,
        *,
        token: Callable[[int], str],
        open_calls: Path,
        on_report: Callable[[Tx, int, CallReport], object],
        on_call: Callable[[Tx, int, InboundCall], object],
    ) -> None:
        self._route = route
        self.endpoint = SipEndpoint(
            token, self._take, open_calls=open_calls, credentials=lambda _peer: link.credentials
        )
        self.calls = SipCalls(self.endpoint, route.find, intake, on_report)
        self._inbound = InboundCalls(
            self.endpoint,
            intake,
            on_call,
            access_numbers=frozenset(call_in.access_numbers),
            reject_with=call_in.reject_with,
            plan=link.dial_plan(),
            is_trusted=route.trusts,
            holds=lambda: self.held,
        )
        self.held = True
        """Whether this node is the one that places and takes calls."""
        self._lead: Leadership | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen, and end the calls that an earlier run left open. Raises OSError for a port that is taken."""
        with suppress(CallUnavailableError):  # a name that cannot be looked up now may be at the first call
            await self._route.find()
        await self.endpoint.start(host, port)

    def share(self, database: Database, name: str, wake: Callable[[], None]) -> None:
        """Hold the trunk only while this node leads in `name`, of those that share the database."""

        def turn(held: bool) -> None:
            self.held = held
            if held:
                wake()
            else:
                self.calls.hang_up_all()

        self.held = False
        self._lead = Leadership(database, name, turn)

    async def close(self) -> None:
        """Take the calls back and stop listening; then another node may hold the trunk."""
        await self.endpoint.close()
        if self._lead is not None:
            self._lead.resign()

    def _take(self, event: CallEvent) -> None:
        if isinstance(event, Incoming):
            self._inbound.take(event)
        else:
            self.calls.on_event(event)
