"""The operator's side of a lab: subscribers, handsets, operators, the SMSC and the voice switch."""

from collections.abc import Sequence

import structlog

from gateway.api.lab import calls as lab_calls
from gateway.api.lab import captures as lab_captures
from gateway.api.lab import clock as lab_clock
from gateway.api.lab import conduct as lab_conduct
from gateway.api.lab import events as lab_events
from gateway.api.lab import faults as lab_faults
from gateway.api.lab import handsets as lab_handsets
from gateway.api.lab import journal as lab_journal
from gateway.api.lab import operators as lab_operators
from gateway.api.lab import outbind as lab_outbind
from gateway.api.lab import pdus as lab_pdus
from gateway.api.lab import submits as lab_submits
from gateway.api.lab import subscribers as lab_subscribers
from gateway.api.lab import trace as lab_trace
from gateway.api.lab import voice as lab_voice
from gateway.api.lab.events import Onlooker
from gateway.captures.lab import LabCaptures
from gateway.config import personalities
from gateway.ground import Ground
from gateway.identification.profiles import Profile
from gateway.settings import OWN_TRUNK, Settings
from smsc_emulator.base.durations import SECOND
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.base.web import Routes
from smsc_emulator.core import mobile_plans
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.core.store import kept_pdus
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.net.outbind import Caller
from smsc_emulator.net.recent import RecentPdus
from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.net.smpp_server import SmppServer
from smsc_emulator.net.tls import server_context
from smsc_emulator.operator import face, subscribers
from smsc_emulator.operator.behaviour import Behaviours, Terms, TermsAt
from smsc_emulator.operator.folder_face import FolderFace
from smsc_emulator.operator.lookups import Lookups
from smsc_emulator.operator.notices import Contracts, NoticeSending
from smsc_emulator.operator.outward import Outward
from smsc_emulator.operator.subscribers import ADDED, CHANGED, Subscribers
from smsc_emulator.sip.calls import CallEvent, Peer
from smsc_emulator.sip.digest import Credentials
from smsc_emulator.sip.registering import Registering
from smsc_emulator.voice.routing import Trunk
from smsc_emulator.voice.switch import Switch

log = structlog.get_logger(__name__)


class OperatorSide:
    """What the lab plays. After `start`, `groups` shows it under /operator and /lab."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._settings = ground.settings
        self.groups: list[Routes] = []

    async def start(self, terms: TermsAt) -> None:
        """Start every part, each on those before it; the operators keep to `terms`.

        Raises OSError for a port that is taken.
        """
        await self._fill()
        self._start_operators(terms)
        await self._start_smsc()
        await self._start_switch()

    def voice_peer(self, transport: str) -> Peer:
        """Return where the switch is, for those on this machine."""
        return Peer(self._ground.near, self._ground.ports["sip"], "tcp" if transport == "tcp" else "udp")

    def connect(self, gateway: Peer) -> None:
        """Make the lab's own gateway a trunk of the switch, with the access numbers behind it.

        What the switch asserts of its callers is told to it. It may show any caller of its own: that is what a flash
        call is.
        """
        numbers = tuple(self._settings.confirmation.call_in.access_numbers)
        self.switch.add_trunk(Trunk(OWN_TRUNK, gateway, numbers, trusted=True))

    async def _fill(self) -> None:
        self.subscribers = Subscribers(self._ground.database)
        await self.subscribers.start(self._settings.subscribers)
        configured = self._settings.handsets
        self.handsets = Handsets([*self.subscribers.numbers(), *(each.phone_number for each in configured)])
        for handset in configured:
            handset.changed().apply(self.handsets[handset.phone_number])
        for number in await self._ground.database.run(subscribers.blocked):
            self.handsets[number].state = HandsetState.BARRED
        _follow_subscribers(self._ground.journal, self.handsets)

    def _start_operators(self, terms: TermsAt) -> None:
        ground, plan = self._ground, self._ground.plan
        operators = [each for each in self._settings.operators if each.url is None]
        behaviours = Behaviours(operators, terms)
        data = ground.folder.path
        outward = Outward(ground.messages, operators, lambda: ground.base_url, data)
        filing = FolderFace(operators, data, ground.messages, ground.activity, lambda: ground.base_url)
        lookups = Lookups(
            ground.database,
            ground.clock,
            ground.activity,
            ground.messages,
            operators,
            behaviours,
            wake=ground.wake,
            outward=outward,
            randomness=ground.randomness("answers"),
        )
        ids = [operator.id for operator in operators]
        sending = NoticeSending(ground.database, ground.clock, ground.activity, behaviours, ids, outward)
        for part in (lookups, sending, filing.poll):
            ground.stack.push_async_callback(part.close)
            ground.time.ticker.add(part)
        contracts = Contracts(operators, behaviours, ground.randomness("notices"))
        known = [each.id for each in self._settings.operators]
        self.groups += [
            face.routes(ground.database, lookups, behaviours, ground.randomness("register")),
            lab_clock.routes(ground.time),
            lab_journal.routes(ground.journal),
            lab_captures.routes(LabCaptures(ground.captures, data / "captures")),
            lab_operators.routes(ground.database, operators, behaviours),
            lab_subscribers.routes(ground.database, plan, known, contracts, ground.wake),
        ]

    async def _start_smsc(self) -> None:
        ground, settings = self._ground, self._settings
        smsc = Smsc(
            settings.smsc,
            ground.clock,
            ground.journal,
            self.handsets,
            accounts=_own_accounts(settings),
            database=ground.database,
            data=ground.folder.path,
            wake=ground.wake,
            fault_seed=settings.lab.seed or "confirmlab",
            personalities=personalities.of(settings),
        )
        self.smsc = smsc
        await smsc.start()
        ground.stack.push_async_callback(smsc.close)
        ground.time.ticker.add(*smsc.deadlines)
        for file in settings.smsc.mobile_originated_files:
            without = await smsc.play(mobile_plans.read_file(file))
            if without:
                log.warning("messages of numbers without a handset are left out", file=str(file), numbers=len(without))
        caller = await self._listen_smpp(smsc)
        onlooker = Onlooker(ground.journal, self.recent, ground.time)
        self.groups += [
            lab_conduct.routes(smsc),
            lab_faults.routes(smsc.faults),
            lab_handsets.routes(smsc, ground.journal),
            lab_trace.routes(ground.journal, lambda ids: ground.database.run(lambda tx: kept_pdus(tx, ids))),
            lab_outbind.routes(caller),
            lab_submits.routes(smsc),
            lab_events.routes(onlooker),
            lab_pdus.routes(self.recent),
        ]

    async def _listen_smpp(self, smsc: Smsc) -> Caller:
        ground, settings = self._ground, self._settings
        server = SmppServer(smsc)
        ground.tap_smsc(server)
        self.recent = RecentPdus(server, ground.clock.now)
        await server.start(settings.server.host, settings.server.smpp_port)
        ground.stack.push_async_callback(server.close)
        ground.ports["smpp"] = server.port
        caller = Caller(server)
        caller.start()
        ground.stack.push_async_callback(caller.close)
        if settings.smsc.tls.port is not None:
            await server.start_tls(settings.server.host, settings.smsc.tls.port, server_context(settings.smsc.tls))
            ground.ports["smpp_tls"] = server.tls_port
        return caller

    async def _start_switch(self) -> None:
        ground, settings = self._ground, self._settings
        # Tags and branches must be new after each restart, also where a seed repeats the rest.
        token = SecretRandomness().token
        open_calls = ground.folder.path / "switch.calls"
        endpoint = SipEndpoint(
            token,
            self._on_call,
            on_register=self._on_register,
            open_calls=open_calls,
            credentials=self._credentials,
        )
        ground.tap_voice_switch(endpoint)
        self.switch = Switch(
            settings.voice,
            ground.clock,
            ground.database,
            self.handsets,
            endpoint,
            activity=ground.activity,
            names=lambda: f"leg_{token(20)}",
            wake=ground.wake,
            plan=settings.voice_link.dial_plan(),
            assigned=lambda number: ground.plan.holder(number) is not None,
        )
        await self.switch.start()
        ground.stack.push_async_callback(self.switch.close)
        await endpoint.start(settings.server.host, settings.server.sip_port)
        ground.stack.push_async_callback(endpoint.close)
        ground.ports["sip"] = endpoint.port
        ground.checks["voice_switch"] = lambda: endpoint.listens
        ground.time.ticker.add(*self.switch.deadlines)
        self.groups += [lab_calls.routes(self.switch, ground.journal), lab_voice.routes(self.switch)]

    def _on_call(self, event: CallEvent) -> None:
        self.switch.on_event(event)

    def _credentials(self, peer: Peer) -> Credentials | None:
        return self.switch.routing.credentials(peer)

    def _on_register(self, event: Registering) -> None:
        self.switch.on_register(event)


def terms_of(profile: Profile) -> Terms:
    """Return what a profile asks of every operator; a minor is as his parent who has the contract, or is not known."""
    return Terms(
        corporate=profile.corporate,
        minor="present" if profile.minor == "as_owner" else "absent",
        gray=profile.gray,
        t_notice=profile.notice_s * SECOND,
    )


def _own_accounts(settings: Settings) -> Sequence[AccountSettings]:
    """Return the account of the gateway's link at the lab's own SMSC, where it is needed and not configured."""
    link = settings.smsc_link
    if link.host is not None or any(account.system_id == link.system_id for account in settings.smsc.accounts):
        return ()
    own = AccountSettings(
        system_id=link.system_id,
        password=link.password,
        window=link.window,
        serves=[settings.confirmation.mo_sms.short_code],
        takes_unserved=False,
    )
    return (own,)


def _follow_subscribers(journal: Journal, handsets: Handsets) -> None:
    """Give each new subscriber a handset, and bar the one whose SIM is blocked until it is so no more."""

    def follow(event: Event) -> None:
        if event.type == ADDED or (event.type == CHANGED and "sim" in event.data["fields"]):
            handset = handsets.add(event.subject)
            if event.data["sim"] == "blocked":
                handset.state = HandsetState.BARRED
            elif handset.state is HandsetState.BARRED:
                handset.state = HandsetState.ON

    journal.subscribe(follow, runs=False)
