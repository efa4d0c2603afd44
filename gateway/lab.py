"""The composition root: every part of a lab is made here, joined to the others, started in order and closed in reverse.

Read `start` from top to bottom to see what a lab is. Nothing is shared between two labs of one process.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence

import structlog
from aiohttp import ClientSession, web

import gateway
from confirm.deadlines import CodeSending, Expiry
from confirm.service import ConfirmService
from gateway.adapters import SmppSms, receipts_to_journal
from gateway.api import auth, bindings, confirmations, health, identifications, openapi, operators, services, webhooks
from gateway.api.idempotency import Idempotency
from gateway.api.lab import clock as lab_clock
from gateway.api.lab import conduct as lab_conduct
from gateway.api.lab import faults as lab_faults
from gateway.api.lab import handsets as lab_handsets
from gateway.api.lab import journal as lab_journal
from gateway.api.lab import operators as lab_operators
from gateway.api.lab import outbind as lab_outbind
from gateway.api.lab import subscribers as lab_subscribers
from gateway.config import personalities
from gateway.folder import DataFolder
from gateway.identification import profiles
from gateway.identification.deadlines import AttemptDeadlines
from gateway.identification.service import IdentificationService
from gateway.lookup import porting
from gateway.lookup.client import OperatorClient, numbering_plan
from gateway.migrations import upgrade
from gateway.nodes import be_the_only_lab, share_key
from gateway.resources import config_path
from gateway.settings import Settings
from gateway.timekeeping import Timekeeper, restore
from gateway.webhooks.guard import Guard
from gateway.webhooks.sender import WebhookSender
from gateway.webhooks.service import WebhookService
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import utc_millis
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.randomness import Randomness, SecretRandomness, SeededRandomness
from smsc_emulator.base.signed_http import signature_guard
from smsc_emulator.base.watch import Watch
from smsc_emulator.base.web import Routes, application
from smsc_emulator.core import mobile_plans
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.net.outbind import Caller
from smsc_emulator.net.smpp_server import SmppServer
from smsc_emulator.net.tls import server_context
from smsc_emulator.operator import face
from smsc_emulator.operator.behaviour import Behaviours
from smsc_emulator.operator.lookups import Lookups
from smsc_emulator.operator.subscribers import ADDED, Subscribers

PORT_TRIES = 20
"""How many free UDP ports are tried before one is found whose TCP port is free too."""

HTTP_CLOSE = 0.25
"""Real seconds that open requests have to end when the lab stops, and then once more to be broken off."""

log = structlog.get_logger(__name__)


class Lab:
    """A gateway and, unless the settings say otherwise, the operator's side with all lab powers.

    `await start()` returns when every part listens; `ports` then has the keys smpp, http and sip. `await stop()` closes
    everything and may be called after a failed start too. `start` raises OSError for a port that is taken and
    FolderInUseError for a data folder that another lab uses.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ports: dict[str, int] = {}
        self._stack = contextlib.AsyncExitStack()
        self._groups: list[Routes] = []
        self._checks: dict[str, Callable[[], bool]] = {}

    async def start(self) -> None:
        """Start every part, each on those before it."""
        await self._open_storage()
        self.session = await self._stack.enter_async_context(ClientSession())
        if self.settings.lab.enabled:
            await self._start_operator_side()
        sip = _take_port(self.settings.server.host, self.settings.server.sip_port)
        self._stack.callback(_close_all, sip)
        self.ports["sip"] = sip[0].getsockname()[1]
        await self._start_gateway()

    async def stop(self) -> None:
        """Close every part, the last started first."""
        await self._stack.aclose()

    def wake(self) -> None:
        """Have the ticker look at the deadlines again."""
        self.time.ticker.wake()

    def randomness(self, part: str) -> Randomness:
        """Return the source of chance of one part: with a seed, each part has a sequence of its own."""
        seed = self.settings.lab.seed
        return SecretRandomness() if seed is None else SeededRandomness(f"{seed}/{part}")

    @property
    def base_url(self) -> str:
        """Where this lab's HTTP face is, for those who are on this machine."""
        host = f"[{self._near}]" if ":" in self._near else self._near
        return f"http://{host}:{self.ports['http']}"

    @property
    def _near(self) -> str:
        host = self.settings.server.host
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what is compared, not listened on

    async def _open_storage(self) -> None:
        self.folder = DataFolder(self.settings.server.data)
        self._stack.callback(self.folder.close)
        self.journal = Journal()
        self.database = Database(self.settings.server.database or self.folder.database_url, self.journal)
        await self.database.setup(upgrade)
        paused = self.settings.lab.paused_clock
        self.clock = await self.database.setup(lambda conn: restore(conn, paused=paused, real_now=utc_millis()))
        self.activity = Activity(self.clock)
        self.database.start()
        self._stack.push_async_callback(self.database.close)
        if self.database.shared:
            await share_key(self.database, self.folder.key())
        if self.settings.lab.enabled:
            await be_the_only_lab(self.database)
        self.time = Timekeeper(self.clock, self.activity, self.database)
        await self.time.save("lab.started")
        self._stack.push_async_callback(self.time.save, "lab.stopped")

    async def _start_operator_side(self) -> None:
        """Start the operators, the handsets and the SMSC, and show them under /operator and /lab."""
        settings, operators = self.settings, [o for o in self.settings.operators if o.url is None]
        subscribers = Subscribers(self.database)
        await subscribers.start(settings.subscribers)
        self.subscribers = subscribers
        handsets = Handsets([*subscribers.numbers(), *(h.phone_number for h in settings.handsets)])
        for handset in settings.handsets:
            handset.changed().apply(handsets[handset.phone_number])
        _follow_subscribers(self.journal, handsets)

        behaviours = Behaviours(operators)
        lookups = Lookups(self.database, self.clock, self.activity, self.session, operators, behaviours, wake=self.wake)
        self._stack.push_async_callback(lookups.close)
        self.time.ticker.add(lookups)

        smsc = Smsc(
            settings.smsc,
            self.clock,
            self.journal,
            handsets,
            accounts=_own_accounts(settings),
            database=self.database,
            data=self.folder.path,
            wake=self.wake,
            fault_seed=settings.lab.seed or "confirmlab",
            personalities=personalities.of(settings),
        )
        await smsc.start()
        self._stack.push_async_callback(smsc.close)
        self.time.ticker.add(*smsc.deadlines)
        for file in settings.smsc.mobile_originated_files:
            without = await smsc.play(mobile_plans.read_file(file))
            if without:
                log.warning("messages of numbers without a handset are left out", file=str(file), numbers=len(without))
        server = SmppServer(smsc)
        await server.start(settings.server.host, settings.server.smpp_port)
        self._stack.push_async_callback(server.close)
        self.ports["smpp"] = server.port
        caller = Caller(server)
        caller.start()
        self._stack.push_async_callback(caller.close)
        if settings.smsc.tls.port is not None:
            await server.start_tls(settings.server.host, settings.smsc.tls.port, server_context(settings.smsc.tls))
            self.ports["smpp_tls"] = server.tls_port

        plan = numbering_plan(settings.operators)
        self._groups += [
            face.routes(self.database, lookups, behaviours, self.randomness("register")),
            lab_clock.routes(self.time),
            lab_conduct.routes(smsc),
            lab_faults.routes(smsc.faults),
            lab_journal.routes(self.journal),
            lab_handsets.routes(smsc, self.journal),
            lab_outbind.routes(caller),
            lab_operators.routes(self.database, operators, behaviours),
            lab_subscribers.routes(self.database, plan, [o.id for o in settings.operators]),
        ]

    async def _start_gateway(self) -> None:
        """Start what confirms and identifies; its links come up once it can be reached itself."""
        settings, database = self.settings, self.database
        watch = Watch(self.journal)
        self._stack.callback(watch.close)
        esme = self._sms_link()
        confirm = ConfirmService(
            database, watch, settings.confirmation, self.randomness("confirm"), self.folder.key(), self.wake
        )
        sending = CodeSending(confirm, SmppSms(esme), settings.confirmation.sender, database, self.clock, self.activity)
        self._stack.push_async_callback(sending.close)
        identification = await self._identification(confirm)
        client = OperatorClient(
            database,
            self.clock,
            self.activity,
            self.session,
            settings.operators,
            base_url=lambda: self.base_url,
            on_ack=identification.acknowledged,
            wake=self.wake,
        )
        self._stack.push_async_callback(client.close)
        guard = Guard(settings.webhooks.networks(in_a_lab=settings.lab.enabled))
        hooks = WebhookService(database, guard, self.randomness("webhooks"), self.wake)
        hooks.attach()
        sender = WebhookSender(database, guard, settings.webhooks, self.clock, self.activity, self.wake)
        self._stack.push_async_callback(sender.close)
        self.time.ticker.add(
            sending, client, sender, Expiry(confirm, database), AttemptDeadlines(identification, database)
        )

        keys = Idempotency(database)
        self._groups[:0] = [
            health.routes(self._readiness, lambda: self.document),
            confirmations.routes(confirm, database, watch, keys),
            identifications.routes(identification, confirm, database, watch, keys),
            bindings.routes(identification, database),
            services.routes(identification, database),
            webhooks.routes(hooks),
            operators.routes(identification, database, self.activity),
        ]
        self.document = openapi.document(self._groups, gateway.__version__)
        await self._listen()
        self._stack.callback(watch.end_waits)
        self._stack.callback(self.journal.end_waits)
        await sender.start()
        await client.start()
        esme.start()
        self._stack.push_async_callback(esme.close)
        ticking = asyncio.create_task(self.time.ticker.run(), name="ticker")
        self._stack.push_async_callback(_cancel, ticking)
        if settings.smsc_link.host is None:
            await esme.bound(5)

    def _sms_link(self) -> EsmeClient:
        link = self.settings.smsc_link
        esme = EsmeClient(
            link.host or self._near,
            link.port if link.host else self.ports["smpp"],
            link.system_id,
            link.password,
            window=link.window,
            response_timeout=link.response_timeout / 1000,
            on_deliver=receipts_to_journal(self.journal, self.clock.now),
        )
        self._checks["smsc_link"] = lambda: esme.is_bound
        return esme

    async def _identification(self, confirm: ConfirmService) -> IdentificationService:
        plan = numbering_plan(self.settings.operators)
        if self.settings.lab.enabled:
            contracts = self.subscribers.contracts()
            await self.database.run(lambda tx: porting.move_all(tx, plan, contracts))
        return IdentificationService(
            confirm,
            plan,
            profiles.load_all(config_path("profiles")),
            self.settings.profile,
            {service.id: service.name for service in self.settings.services},
            self.randomness("identification"),
            self.wake,
        )

    async def _listen(self) -> None:
        secrets = {operator.id: operator.secret for operator in self.settings.operators}
        played = {operator.id: operator.secret for operator in self.settings.operators if operator.url is None}
        guards = {
            "service": auth.service_guard(self.settings.services),
            "operator": signature_guard(secrets),
            "gateway": signature_guard(played),
        }
        runner = web.AppRunner(
            application(self._groups, guards, self.clock), access_log=None, shutdown_timeout=HTTP_CLOSE
        )
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, self.settings.server.host, self.settings.server.http_port).start()
        self.ports["http"] = runner.addresses[0][1]

    def _readiness(self) -> dict[str, bool]:
        return {name: check() for name, check in self._checks.items()}


def _own_accounts(settings: Settings) -> Sequence[AccountSettings]:
    """Return the account of the gateway's link at the lab's own SMSC, where it is needed and not configured."""
    link = settings.smsc_link
    if link.host is not None or any(account.system_id == link.system_id for account in settings.smsc.accounts):
        return ()
    own = AccountSettings(system_id=link.system_id, password=link.password, window=link.window, takes_unserved=False)
    return (own,)


def _follow_subscribers(journal: Journal, handsets: Handsets) -> None:
    """Give each new subscriber a handset."""

    def follow(event: Event) -> None:
        if event.type == ADDED:
            handsets.add(event.subject)

    journal.subscribe(follow)


def _take_port(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a TCP socket on one port, for SIP; port 0 takes one that is free for both."""
    for tries_left in reversed(range(PORT_TRIES)):
        udp = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(udp.family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            udp.bind((host, port))
            tcp.bind((host, udp.getsockname()[1]))
        except OSError as error:
            _close_all((udp, tcp))
            if port or not tries_left:
                reason = f"error while attempting to bind on address ({host!r}, {port})"
                raise OSError(error.errno, reason) from error
        else:
            break
    return udp, tcp


def _close_all(sockets: Sequence[socket.socket]) -> None:
    for one in sockets:
        one.close()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
