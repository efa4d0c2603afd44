"""A gateway that identifies, on a lab clock that stands still: the test is its SMSC and its operators."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from confirm.challenge import Confirmation
from confirm.deadlines import CodeSending, Expiry, RingEnds, StepTimes
from confirm.ports import CallFate, CallReport, InboundCall, InboundSms, Trust
from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings, StepSettings
from confirm.workflow import Wish
from gateway.identification import store, tables
from gateway.identification.attempt import Attempt, Outcome, State, Verdict
from gateway.identification.bindings import Binding
from gateway.identification.deadlines import AttemptDeadlines
from gateway.identification.notices import Notice, Taken
from gateway.identification.profiles import Profile
from gateway.identification.service import IdentificationService
from gateway.lookup import outbox
from gateway.lookup.outbox import OperatorMessage
from gateway.lookup.routing import NumberingPlan, NumberRange
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import parse
from smsc_emulator.base.journal import Event
from smsc_emulator.base.randomness import Randomness, SeededRandomness
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.watch import Watch

NUMBER = "+70000000001"
PLAN = NumberingPlan([NumberRange(70000000000, 70000000010, "alpha"), NumberRange(70000000011, 70000000099, "beta")])
PROFILES = {
    "test": Profile(name="test", title="Test"),
    "strict": Profile(name="strict", title="No entry, no identification", on_register_failure="refuse"),
    "sms-only": Profile(name="sms-only", title="A code by SMS", permitted_methods=["sms_code"]),
    "match": Profile(name="match", title="Attributes are compared", exchange_mode="match"),
    "along": Profile(name="along", title="The code goes along", code_phase="with_request"),
    "from-taking": Profile(name="from-taking", title="The time runs from the taking", t0="transport_ack"),
    "operators-codes": Profile(
        name="operators-codes", title="The operator makes the code", code_assigned_by="operator"
    ),
    "self": Profile(name="self", title="By oneself", mode="self"),
    "end-to-end": Profile(name="end-to-end", title="Twenty minutes for all", deadline_scope="end_to_end"),
    "patient": Profile(name="patient", title="Who was refused waits", retry_wait_s=600),
    "one-account": Profile(name="one-account", title="One number, one account", one_number_one_account=True),
    "sim": Profile(name="sim", title="The SIM in the device", sim_in_device=True, web_session_s=21_600),
    "consent": Profile(name="consent", title="With consent", consent_required=True),
    "hold": Profile(name="hold", title="No service meanwhile", service_during_recheck="hold"),
    "suspend": Profile(name="suspend", title="A number refused suspends", number_change_refused="suspend"),
    "new-only": Profile(name="new-only", title="New users only", existing_users="new_only"),
    "recheck-all": Profile(name="recheck-all", title="Everybody anew", existing_users="recheck_all"),
    "range-holder": Profile(name="range-holder", title="Whose range it is", resolve_by="range_holder"),
    "login": Profile(name="login", title="The code logs in", code_usable_for_login=True),
    "recycle": Profile(name="recycle", title="Numbers sold again are asked about", recycle_check=True),
    "recycle-along": Profile(
        name="recycle-along", title="And the code goes along", recycle_check=True, code_phase="with_request"
    ),
    "personal-id": Profile(
        name="personal-id",
        title="Or an id number",
        mode="confirm_only",
        allowed_countries=["VN"],
        foreign_number="confirm_only",
        fallback_identity="personal_id",
    ),
    "other-means": Profile(
        name="other-means", title="Or other means", mode="confirm_only", fallback_identity="other_means"
    ),
    "past": Profile(name="past", title="Out of force", valid_to="2020-01-01T00:00:00Z"),
}


class PlayedSmsc:
    """An SmsPort that takes every text."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    async def submit(self, to: str, text: str, sender: str) -> str:
        self.texts.append((to, text))
        return f"message-{len(self.texts)}"

    @property
    def code(self) -> str:
        """The code of the last text."""
        found = re.search(r"\d{6}", self.texts[-1][1])
        assert found
        return found[0]


class PlayedSwitch:
    """A CallPort that notes its calls; nothing rings by itself."""

    def __init__(self) -> None:
        self.placed: list[tuple[str, str, str]] = []
        self.hung_up: list[str] = []

    async def place(self, call: str, to: str, caller: str, *, ring: int) -> None:
        self.placed.append((call, to, caller))

    async def hang_up(self, call: str) -> None:
        self.hung_up.append(call)


@dataclass
class Identifying:
    """The parts of a gateway that identify, and what a service, a user and an operator do with them."""

    clock: LabClock
    database: Database
    service: IdentificationService
    confirm: ConfirmService
    sms: PlayedSmsc
    switch: PlayedSwitch
    activity: Activity
    ticker: Ticker
    sending: CodeSending
    ring_ends: RingEnds

    async def start(
        self,
        number: str = NUMBER,
        user: str = "user-1",
        service: str = "demo",
        methods: Sequence[Any] = (),
        **more: Any,
    ) -> Attempt:
        """Start an attempt. `methods` are names, or {"method": ..., "time": ...}."""
        now = self.clock.now()
        steps = [{"method": one} if isinstance(one, str) else one for one in methods]
        wish = Wish(service, number, tuple(StepSettings.model_validate(step) for step in steps))
        attempt = await self.database.run(lambda tx: self.service.start(tx, now, user, wish, **more))
        if attempt.confirmation_id is not None:
            await self.confirm.send_settled(attempt.confirmation_id)
        return attempt

    async def check(self, attempt: Attempt, code: str | None = None) -> Attempt:
        now, typed = self.clock.now(), code or self.sms.code
        return await self.database.run(
            lambda tx: self.service.check(tx, now, attempt.service_id, attempt.id, typed),
        )

    async def next(self, attempt: Attempt) -> Attempt:
        now = self.clock.now()
        after = await self.database.run(lambda tx: self.service.next(tx, now, attempt.service_id, attempt.id))
        await self.confirm.send_settled(after.confirmation_id or "")
        return after

    async def rings(self, fate: CallFate = CallFate.RINGING, status: int = 180) -> None:
        """Report what became of the last call."""
        now, report = self.clock.now(), CallReport(self.switch.placed[-1][0], fate, status)
        await self.database.run(lambda tx: self.confirm.call_report(tx, now, report))

    async def call_in(self, attempt: Attempt, caller: str | None = None, trust: Trust = Trust.ASSERTED) -> Attempt:
        """Call the access number of the attempt as its user, or as `caller`."""
        now, confirmation = self.clock.now(), await self.confirmation(attempt)
        call = InboundCall("cll_in", caller or attempt.phone_number, confirmation.access_number or "", trust)
        await self.database.run(lambda tx: self.confirm.inbound_call(tx, now, call))
        return await self.get(attempt)

    async def send_token(self, attempt: Attempt, *, times: int = 1) -> Attempt:
        """Send the SMS that the user is asked for, once or more often."""
        now, told = self.clock.now(), self.confirm.instructions(await self.confirmation(attempt))
        assert told
        sms = InboundSms(attempt.phone_number, told["short_code"], told["text"], Trust.ASSERTED)
        for _ in range(times - 1):
            await self.database.run(lambda tx: self.confirm.inbound_sms(tx, now, sms))
        await self.database.run(lambda tx: self.confirm.inbound_sms(tx, now, sms))
        return await self.get(attempt)

    async def confirmation(self, attempt: Attempt) -> Confirmation:
        return await self.database.run(lambda tx: self.confirm.get(tx, attempt.confirmation_id or ""))

    async def resend(self, attempt: Attempt) -> Attempt:
        now = self.clock.now()
        again = await self.database.run(lambda tx: self.service.resend(tx, now, attempt.service_id, attempt.id))
        await self.confirm.send_settled(again.confirmation_id or "")
        return again

    async def cancel(self, attempt: Attempt) -> Attempt:
        now = self.clock.now()
        return await self.database.run(lambda tx: self.service.cancel(tx, now, attempt.service_id, attempt.id))

    async def answer(self, attempt: Attempt, result: str = "PRESENT", **other: Any) -> Outcome:
        """Answer as the operator that was asked, but for what `other` says."""
        now = self.clock.now()
        said = {"operator_id": attempt.operator_id, "request_id": attempt.request_id, "number": attempt.phone_number}
        said |= {"at": now, "as_of": now, "match": None, "entry_id": None, "recycled": False, **other}
        verdict = Verdict(result, said["at"], said["as_of"], said["match"], said["entry_id"], said["recycled"])
        return await self.database.run(
            lambda tx: self.service.verdict(tx, now, said["operator_id"], said["request_id"], said["number"], verdict),
        )

    async def enter(self, attempt: Attempt, entry_id: str = "ent_1") -> Attempt:
        """Acknowledge the code as the operator, whose register has it now."""
        now = self.clock.now()
        message = await self.message(f"{attempt.request_id}_code")
        assert message
        await self.database.run(lambda tx: self.service.acknowledged(tx, now, message, {"entry_id": entry_id}))
        return await self.get(attempt)

    async def pending(self, number: str = NUMBER, user: str = "user-1", service: str = "demo") -> Attempt:
        attempt = await self.check(await self.start(number, user, service))
        assert attempt.state is State.PENDING
        return attempt

    async def pending_many(self, numbers: Sequence[str]) -> list[Attempt]:
        """Bring an attempt of each number to PENDING in one unit, their texts unsent."""
        now = self.clock.now()

        def unit(tx: Tx) -> list[Attempt]:
            started = [self.service.start(tx, now, "user-1", Wish("demo", number)) for number in numbers]
            codes = {sending.claimed.owner: sending.text[:6] for sending in self.confirm.claim_sends(tx, now)}
            return [self.service.check(tx, now, "demo", one.id, codes[one.id]) for one in started]

        return await self.database.run(unit)

    async def registering(self, number: str = NUMBER, user: str = "user-1") -> Attempt:
        attempt = await self.pending(number, user)
        await self.answer(attempt)
        return await self.get(attempt)

    async def identified(self, number: str = NUMBER, user: str = "user-1") -> Attempt:
        return await self.enter(await self.registering(number, user))

    async def bound(self, number: str = NUMBER, user: str = "user-1") -> Binding:
        """Identify a user, and return his binding."""
        attempt = await self.identified(number, user)
        return await self.binding(attempt.binding_id or "")

    async def binding(self, binding_id: str) -> Binding:
        return await self.database.run(lambda tx: self.service.get_binding(tx, "demo", binding_id))

    async def recheck_of(self, binding: Binding) -> Attempt:
        """Return the latest re-check of a binding's user."""
        query = select(tables.attempts).where(tables.attempts.c.rechecks == binding.id)
        rows = await self.database.run(lambda tx: store.ATTEMPTS.all(tx, tx.conn.execute(query)))
        return max(rows, key=lambda one: (one.created_at, one.state is not State.REFUSED))

    async def notice(self, binding: Binding | None = None, reason: str = "ended", **other: Any) -> Taken:
        """Tell, as the operator, that a contract has ended just now, or as `other` says."""
        now = self.clock.now()
        said = {"operator": "alpha", "id": "ntc_1", "number": NUMBER, "code": None, "ended_at": now, **other}
        if binding is not None:
            about = {"operator": binding.operator_id, "number": binding.phone_number}
            said = {**said, **about, "code": binding.identification_code, **other}
        what = said["operator"], said["id"], said["number"], said["code"], reason, said["ended_at"], now
        return await self.database.run(lambda tx: self.service.notices.take(tx, now, Notice(*what)))

    async def permission(self, user: str = "user-1") -> str | None:
        """Return why a user may not send; None if he may."""
        found, _ = await self.database.run(lambda tx: self.service.permission(tx, "demo", user))
        return found.reason

    async def get(self, attempt: Attempt) -> Attempt:
        return await self.database.run(lambda tx: self.service.get(tx, attempt.service_id, attempt.id))

    async def message(self, message_id: str) -> OperatorMessage | None:
        return await self.database.run(lambda tx: outbox.find(tx, message_id))

    async def bindings(self, **wanted: Any) -> list[Binding]:
        return await self.database.run(lambda tx: store.list_bindings(tx, "demo", **wanted))

    async def turn(self, by: str) -> None:
        await self.ticker.advance(parse(by))

    def events(self, subject: str) -> list[Event]:
        return self.database.journal.since(0, 1000, lambda event: event.subject == subject)

    def story(self, subject: str) -> list[str]:
        return [event.type.partition(".")[2] for event in self.events(subject)]


Assemble = Callable[..., Identifying]


@pytest.fixture
def assemble(clock: LabClock) -> Assemble:
    """Join the parts around a database, as a process does when it starts."""

    def join(database: Database, sms: PlayedSmsc, profile: str = "test", randomness: Randomness | None = None):
        tickers: list[Ticker] = []

        def wake() -> None:
            for ticker in tickers:
                ticker.wake()

        activity, switch = Activity(clock), PlayedSwitch()
        confirm = ConfirmService(
            database, Watch(database.journal), ConfirmationSettings(), SeededRandomness("confirm"), b"key", wake
        )
        service = IdentificationService(
            confirm,
            PLAN,
            PROFILES,
            profile,
            {"demo": "Demo messenger"},
            randomness or SeededRandomness("identification"),
            wake,
        )
        sending = CodeSending(confirm, sms, "confirmlab", database, clock, activity, calls=switch)
        ring_ends = RingEnds(confirm, switch, database, clock, activity)
        deadlines = [StepTimes(confirm, database), Expiry(confirm, database), AttemptDeadlines(service, database)]
        tickers.append(Ticker(clock, activity, [sending, ring_ends, *deadlines]))
        return Identifying(clock, database, service, confirm, sms, switch, activity, tickers[0], sending, ring_ends)

    return join


@pytest.fixture
def profile() -> str:
    return "test"


@pytest.fixture
def sms() -> PlayedSmsc:
    return PlayedSmsc()


@pytest.fixture
async def identifying(
    assemble: Assemble, database: Database, sms: PlayedSmsc, profile: str
) -> AsyncIterator[Identifying]:
    identifying = assemble(database, sms, profile)
    ticking = asyncio.create_task(identifying.ticker.run())
    yield identifying
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    await identifying.sending.close()
    await identifying.ring_ends.close()
