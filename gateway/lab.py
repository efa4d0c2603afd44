"""The composition root: every part of a lab is made here, joined to the others, started in order and closed in reverse.

Read `start` from top to bottom to see what a lab is; the operator's side is in `operator_side`, what all parts stand on
in `ground`. Nothing is shared between two labs of one process.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import gateway
from confirm import test_numbers
from confirm.deadlines import CodeSending, Expiry, RingEnds, StepTimes
from confirm.methods.method import Way
from confirm.service import ConfirmService
from gateway.adapters.inbound import Deliveries
from gateway.adapters.intake import Intake
from gateway.adapters.sms import SmppSms
from gateway.adapters.smsc_link import SmscLink
from gateway.adapters.voice_link import Route, VoiceLink
from gateway.api import (
    appeals,
    bindings,
    confirmations,
    health,
    identifications,
    ledger,
    metrics,
    openapi,
    operators,
    registry,
    reports,
    sending,
    services,
    sessions,
    webhooks,
)
from gateway.api.idempotency import Idempotency
from gateway.api.lab import in_the_name
from gateway.api.lab import page as lab_page
from gateway.api.lab import reconciliation as lab_reconciliation
from gateway.api.lab import services as lab_services
from gateway.face import serve
from gateway.folder import DataFolder
from gateway.ground import Ground
from gateway.identification import profiles
from gateway.identification.deadlines import AttemptDeadlines
from gateway.identification.profiles import Profile
from gateway.identification.reconciliation import Reconciling
from gateway.identification.service import IdentificationService
from gateway.lookup import porting
from gateway.lookup.client import OperatorClient
from gateway.metrics import gauges
from gateway.metrics.metrics import Metrics
from gateway.operator_side import OperatorSide, terms_of
from gateway.resources import config_path
from gateway.services import directory
from gateway.services.deadlines import BroadcastSending, CureTimes
from gateway.services.lists import Lists
from gateway.settings import Settings
from gateway.webhooks.guard import Guard
from gateway.webhooks.sender import WebhookSender
from gateway.webhooks.service import WebhookService
from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.base.watch import Watch
from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.sip.calls import Peer


class Lab:
    """A gateway and, unless the settings say otherwise, the operator's side with all lab powers.

    `await start()` returns when every part listens; `ports` then has the keys smpp, http, sip (the voice switch) and
    sip_gateway (the gateway's own user agent). `await stop()` closes everything and may be called after a failed start
    too. `start` raises OSError for a port that is taken and FolderInUseError for a data folder that another lab uses.
    """

    def __init__(self, settings: Settings, *, rules: Mapping[str, Profile] | None = None) -> None:
        """`rules` are the profiles by name; without them, those that ship with the program."""
        self.settings = settings
        self._rules = rules
        self.ground = Ground(settings)
        self.ports = self.ground.ports
        self.operator_side = OperatorSide(self.ground) if settings.lab.enabled else None
        self.token: str | None = None
        """What the page and the routes under /lab ask for, once the lab has started; None: nothing."""

    async def start(self) -> None:
        """Start every part, each on those before it; the gateway's links come up once it can be reached itself."""
        await self.ground.open()
        self._start_counting()
        self._schedule = profiles.Schedule(self._profiles(), self.settings.schedule())
        if self.operator_side is not None:
            await self.operator_side.start(lambda now: terms_of(self._schedule.at(now)))
            gauges.add_smsc(self._metrics, self.operator_side.smsc)
        self._start_confirming()
        await self._start_voice_link()
        await self._start_services()
        await self._start_identifying()
        self._start_webhooks()
        await self._listen()
        await self._hooks.start()
        await self._client.start()
        await self._bind()

    async def stop(self) -> None:
        """Close every part, the last started first."""
        await self.ground.stack.aclose()

    @property
    def folder(self) -> DataFolder:
        """The lab's data folder."""
        return self.ground.folder

    @property
    def base_url(self) -> str:
        """Where this lab's HTTP face is, for those who are on this machine."""
        return self.ground.base_url

    def _start_counting(self) -> None:
        self._metrics = Metrics()
        self.ground.stack.callback(self.ground.journal.count(self._metrics.counts.read, self._metrics.counts.add))
        gauges.add_common(self._metrics, self.ground)

    def _start_confirming(self) -> None:
        ground = self.ground
        self._watch = Watch(ground.journal)
        ground.stack.callback(self._watch.close)
        self._confirm = ConfirmService(
            ground.database,
            self._watch,
            test_numbers.settled(self.settings.confirmation, lab=self.settings.lab.enabled),
            ground.randomness("confirm"),
            ground.key(),
            ground.wake,
        )
        self._intake = Intake(ground.database, ground.activity, ground.wake)
        ground.stack.push_async_callback(self._intake.close)

    async def _start_voice_link(self) -> None:
        """Start the gateway's user agent, where there is a switch for it, and what it sends on its ways."""
        ground, link, calls = self.ground, self.settings.voice_link, None
        held: dict[Way, Callable[[], bool]] = {}
        self._confirm.holds = lambda way: way not in held or held[way]()
        switch = None if self.operator_side is None else self.operator_side.voice_peer(link.transport)
        if switch is not None or link.host is not None:
            listens_on = link.listen_host or self.settings.server.host
            voice = self._voice_link(Route(link, switch, listens_on))
            ground.tap_voice_link(voice.endpoint)
            voice.endpoint.on_invited = self._invited
            await voice.start(listens_on, link.listen_port)
            ground.stack.push_async_callback(voice.close)
            ground.ports["sip_gateway"] = voice.endpoint.port
            ground.checks["voice_link"] = lambda: voice.endpoint.listens
            if ground.database.shared and link.host is not None:
                voice.share(ground.database, f"sip {link.host}:{link.port}", ground.wake)
            if self.operator_side is not None and link.host is None:
                own = Peer(ground.near, voice.endpoint.port, link.transport)
                self.operator_side.connect(own)
            calls, held[Way.CALL] = voice.calls, lambda: voice.held
            ring_ends = RingEnds(self._confirm, calls, ground.database, ground.clock, ground.activity)
            ground.stack.push_async_callback(ring_ends.close)
            ground.time.ticker.add(ring_ends)
        self._smsc_link = self._sms_link()
        self._sms = SmppSms(self._smsc_link, self._split)
        held[Way.SMS] = lambda: self._smsc_link.serves
        sending = CodeSending(
            self._confirm,
            self._sms,
            self.settings.confirmation.sender,
            ground.database,
            ground.clock,
            ground.activity,
            calls=calls,
        )
        ground.stack.push_async_callback(sending.close)
        ground.time.ticker.add(
            sending, StepTimes(self._confirm, ground.database), Expiry(self._confirm, ground.database)
        )

    def _voice_link(self, route: Route) -> VoiceLink:
        return VoiceLink(
            self.settings.voice_link,
            self.settings.confirmation.call_in,
            route,
            self._intake,
            # Tags and branches must be new after each restart, also where a seed repeats the rest.
            token=SecretRandomness().token,
            open_calls=self.ground.folder.path / "gateway.calls",
            on_report=self._confirm.call_report,
            on_call=self._confirm.inbound_call,
        )

    def _invited(self, call: str, sip_call_id: str) -> None:
        """Tell by which Call-ID a call of a confirmation goes over the wire."""
        self.ground.journal.publish(self.ground.clock.now(), "call.placed", call, sip_call_id=sip_call_id)

    def _split(self, message_ids: Sequence[str]) -> None:
        """Tell which messages are the parts of one text, so that a trace has all of them."""
        first, *others = message_ids
        self.ground.journal.publish(
            self.ground.clock.now(), "message.split", first, parts=len(message_ids), about=others
        )

    def _sms_link(self) -> SmscLink:
        link, ground = self.settings.smsc_link, self.ground
        deliveries = Deliveries(
            self._intake,
            ground.journal,
            ground.clock.now,
            self.settings.voice_link.dial_plan(),
            on_sms=self._confirm.inbound_sms,
            on_receipt=self._confirm.receipt,
        )

        def make() -> EsmeClient:
            client = EsmeClient(
                link.host or ground.near,
                link.port if link.host else ground.ports["smpp"],
                link.system_id,
                link.password,
                window=link.window,
                response_timeout=link.response_timeout / 1000,
                on_deliver=deliveries.take,
                on_data_sm=deliveries.take,
            )
            ground.tap_smsc_link(client)
            return client

        shared = ground.database.shared and link.host is not None
        one = SmscLink(make, f"smpp {link.host}:{link.port} {link.system_id}" if shared else None, ground.wake)
        ground.checks["smsc_link"] = lambda: one.is_ready
        return one

    async def _start_services(self) -> None:
        """Put the services on record, and look after their broadcasts and what was found against them."""
        ground, settings = self.ground, self.settings
        await ground.database.run(lambda tx: directory.configure(tx, settings.services))
        self._lists = Lists(ground.key())
        sending = BroadcastSending(
            settings.broadcasts,
            self._sms,
            self._confirm.ledger,
            ground.database,
            ground.clock,
            ground.activity,
            wake=ground.wake,
            holds=lambda: self._smsc_link.serves,
        )
        await sending.start()
        ground.stack.push_async_callback(sending.close)
        ground.time.ticker.add(sending, CureTimes(ground.database))

    async def _start_identifying(self) -> None:
        ground, settings = self.ground, self.settings
        if self.operator_side is not None:
            contracts = self.operator_side.subscribers.contracts()
            await ground.database.run(lambda tx: porting.move_all(tx, ground.plan, contracts))
        self._identification = IdentificationService(
            self._confirm,
            ground.plan,
            self._schedule.profiles,
            settings.schedule(),
            self._service_names,
            ground.randomness("identification"),
            ground.wake,
        )
        self._client = OperatorClient(
            ground.database,
            ground.clock,
            ground.activity,
            ground.messages,
            settings.operators,
            base_url=lambda: self.base_url,
            on_ack=self._identification.acknowledged,
            wake=ground.wake,
            data=ground.folder.path,
        )
        ground.stack.push_async_callback(self._client.close)
        ground.time.ticker.add(self._client, AttemptDeadlines(self._identification, ground.database))
        await self._start_reconciling()

    async def _start_reconciling(self) -> None:
        """Compare the codes in force with the registers of all operators, from time to time."""
        ground, every = self.ground, self.settings.reconciliation.every
        if every is not None:
            operator_ids = [operator.id for operator in self.settings.operators]
            reconciling = Reconciling(
                self._identification.reconciliation, ground.database, operator_ids, every, ground.wake
            )
            await reconciling.start(ground.clock.now())
            ground.time.ticker.add(reconciling)

    def _start_webhooks(self) -> None:
        ground, settings = self.ground, self.settings.webhooks
        guard = Guard(settings.networks(in_a_lab=self.settings.lab.enabled))
        self._webhooks = WebhookService(ground.database, guard, ground.randomness("webhooks"), ground.wake)
        self._webhooks.attach()
        self._hooks = WebhookSender(ground.database, guard, settings, ground.clock, ground.activity, ground.wake)
        ground.stack.push_async_callback(self._hooks.close)
        ground.time.ticker.add(self._hooks)

    async def _listen(self) -> None:
        """Show the product's routes, and the lab's after them, on the HTTP port."""
        ground = self.ground
        database, watch, keys = ground.database, self._watch, Idempotency(ground.database, ground.key())
        rules, lists = self._schedule.at, self._lists
        broadcaster = sending.Broadcaster(
            rules, lists, self.settings.broadcasts.sender, ground.randomness("broadcasts")
        )
        confirmations_group = confirmations.routes(self._confirm, database, watch, keys, self._service_names)
        identifications_group = identifications.routes(self._identification, self._confirm, database, watch, keys)
        lab = [] if self.operator_side is None else [*self.operator_side.groups, lab_services.routes(database, rules)]
        if self.operator_side is not None:
            lab.append(appeals.lab_routes(self._identification, database))
            lab.append(reports.lab_routes(database, self._schedule))
            operator_ids = [operator.id for operator in self.settings.operators]
            lab.append(lab_reconciliation.routes(self._identification, database, operator_ids))
            named = [confirmations_group, identifications_group]
            lab.append(in_the_name.routes(named, self._service_names))
            lab.append(lab_page.routes(ground.journal, self._page_facts()))
        # Made when somebody asks for it: it takes longer than the rest of a start.
        document = cache(lambda: openapi.document(groups, gateway.__version__))
        groups = [
            health.routes(self._readiness, document),
            metrics.routes(self._metrics.page),
            confirmations_group,
            identifications_group,
            appeals.routes(self._identification, database),
            bindings.routes(self._identification, database),
            sessions.routes(self._identification, database),
            services.routes(self._identification, database, rules, lists),
            registry.routes(database),
            sending.routes(database, lists, broadcaster, keys, ground.wake),
            ledger.routes(self._confirm.ledger, database),
            reports.routes(database, self._schedule),
            webhooks.routes(self._webhooks),
            operators.routes(self._identification, database, ground.activity),
            *lab,
        ]
        with_lab = self.operator_side is not None
        self.token = await serve(ground, self.settings, groups, self._metrics.counts, lab=with_lab)
        ground.stack.callback(watch.end_waits)
        ground.stack.callback(ground.journal.end_waits)

    def _page_facts(self) -> lab_page.PageFacts:
        confirmation = self.settings.confirmation
        return lab_page.PageFacts(
            version=gateway.__version__,
            reveal=self.settings.page.reveal,
            smpp_port=self.ports["smpp"],
            services=[lab_page.ServiceNamed(id=id_, name=name) for id_, name in self._service_names.items()],
            access_numbers=list(confirmation.call_in.access_numbers),
            short_code=confirmation.mo_sms.short_code,
        )

    async def _bind(self) -> None:
        """Bind to the SMSC and let the time run."""
        self._smsc_link.start(self.ground.database)
        self.ground.stack.push_async_callback(self._smsc_link.close)
        self.ground.start_ticking()
        if self.settings.smsc_link.host is None:
            await self._smsc_link.bound(5)

    def _profiles(self) -> Mapping[str, Profile]:
        return profiles.Folder(config_path("profiles")) if self._rules is None else self._rules

    @property
    def _service_names(self) -> dict[str, str]:
        return {service.id: service.name for service in self.settings.services}

    def _readiness(self) -> dict[str, bool]:
        return {name: check() for name, check in self.ground.checks.items()}
