"""A gateway with its services, users and operators, each act a unit of work, for the machine that drives it."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from sqlalchemy import select

from confirm.challenge import Confirmation
from confirm.errors import ConfirmationError
from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings
from gateway.identification import store, tables
from gateway.identification.attempt import Attempt, Outcome, State, Verdict
from gateway.identification.errors import IdentificationError
from gateway.identification.profiles import Profile
from gateway.identification.service import IdentificationService
from gateway.lookup import outbox
from gateway.lookup import store as lookup_store
from gateway.lookup.outbox import OperatorMessage
from gateway.lookup.routing import NumberingPlan, NumberRange
from smsc_emulator.base.database import Database, make_engine, metadata
from smsc_emulator.base.durations import instant
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.watch import Watch
from tests.peers.units import Process

NUMBERS = ("+70000000001", "+70000000002", "+70005000001")
OPERATORS = ("alpha", "beta")
USERS = ("user-1", "user-2")
SERVICES = ("demo", "other")
PLAN = NumberingPlan(
    [NumberRange(70000000000, 70000000099, "alpha"), NumberRange(70005000000, 70005000099, "beta")], known=OPERATORS
)
PROFILES = {
    "lenient": Profile(name="lenient", title="The entry may follow"),
    "strict": Profile(name="strict", title="No entry, no identification", on_register_failure="refuse"),
    "along": Profile(name="along", title="The code goes along", code_phase="with_request", t0="transport_ack"),
    "hold": Profile(
        name="hold",
        title="No service meanwhile, and twenty minutes for all",
        service_during_recheck="hold",
        deadline_scope="end_to_end",
        number_change_refused="suspend",
        existing_users="recheck_all",
    ),
    "recycle": Profile(name="recycle", title="Numbers sold again are asked about", recycle_check=True),
    "self": Profile(name="self", title="By oneself", mode="self", existing_users="new_only"),
}
in_force = tables.codes.c.over_at.is_(None)
WORKFLOWS = ((), ("flash_call", "sms_code"), ("sms_code", "call_in"), ("call_in",), ("flash_call",))
picks = st.integers(0, 99)


class World(RuleBasedStateMachine):
    """Everything on a database in memory; nothing is sent, what the operators get is read from the outbox."""

    @initialize(profile=st.sampled_from(sorted(PROFILES)))
    def begin(self, profile: str) -> None:
        self.now = instant("2026-01-01T12:00:00Z")
        self.engine = make_engine("sqlite://")
        metadata.create_all(self.engine)
        self.conn = self.engine.connect()
        self.profile = profile
        self.typed: dict[str, str] = {}
        self.calls: list[str] = []
        self.ends: dict[str, tuple] = {}
        self.ended: Counter[str] = Counter()
        self.held_back: list[Callable[[], None]] = []
        self.entries: dict[tuple[str, str], bool] = {}
        """Whether each entry of a register, by operator and code, is open still."""
        self.log: list[Event] = []
        self.notices = 0
        self.starts = 0
        self.assemble()

    def assemble(self) -> None:
        """Join the parts as a process does when it starts: nothing but the database is left of the one before."""
        self.conn.close()
        self.conn = self.engine.connect()
        self.process = Process(self.conn)
        journal = Journal()
        self.starts += 1
        self.confirm = ConfirmService(
            Database("sqlite://", journal),
            Watch(journal),
            ConfirmationSettings(),
            SeededRandomness(f"confirm/{self.starts}"),
            b"key",
            lambda: None,
        )
        draws = SeededRandomness(f"identification/{self.starts}")
        self.service = IdentificationService(self.confirm, PLAN, PROFILES, self.profile, {}, draws, lambda: None)

    def teardown(self) -> None:
        if hasattr(self, "conn"):
            self.conn.close()
            self.engine.dispose()

    def unit(self, act):
        result, events = self.process.run(act)
        self.log += events
        for event in events:
            if event.type.partition(".")[2] in ("identified", "refused", "cancelled", "superseded"):
                self.ended[event.subject] += 1
        return result

    def attempts(self) -> list[Attempt]:
        query = select(store.attempts).order_by(store.attempts.c.created_at, store.attempts.c.id)
        return self.unit(lambda tx: store.ATTEMPTS.all(tx, tx.conn.execute(query)))

    def pick(self, number: int, *states: State) -> Attempt | None:
        fitting = [one for one in self.attempts() if not states or one.state in states]
        return fitting[number % len(fitting)] if fitting else None

    def confirmation(self, attempt: Attempt) -> Confirmation:
        return self.unit(lambda tx: self.confirm.get(tx, attempt.confirmation_id))

    def go_on_with(self, attempt: Attempt) -> None:
        if attempt.state is State.CONFIRMING:
            self.send_codes()
            code = self.typed.get(attempt.id, "none")
            self.permitted(lambda tx: self.service.check(tx, self.now, attempt.service_id, attempt.id, code))
        elif attempt.state is State.PENDING:
            self.verdict(attempt.operator_id, attempt.request_id, attempt.phone_number, "PRESENT")
        else:
            self.acknowledge(attempt)

    def acknowledge(self, attempt: Attempt) -> None:
        message = self.unit(lambda tx: outbox.find(tx, f"{attempt.request_id}_code"))
        if message is not None:
            self.exchange(message)

    def exchange(self, message: OperatorMessage) -> None:
        """Have an operator take a message that is not withdrawn, and acknowledge it."""
        if message.withdrawn_at is not None or message.acked_at is not None:
            return
        answer = {}
        if message.kind == outbox.CODE:
            answer = {"entry_id": self.enter_in_register(message.operator_id, message.body["code"])}
        elif message.kind == outbox.VOID:
            self.end_entry(message.operator_id, message.body["code"])
        if self.unit(lambda tx: outbox.acknowledge(tx, self.now, message.id, answer)) is not None:
            self.unit(lambda tx: self.service.acknowledged(tx, self.now, message, answer))

    def enter_in_register(self, operator: str, code: str) -> str:
        self.entries.setdefault((operator, code), True)
        return f"ent_{code[::-1]}"

    def end_entry(self, operator: str, code: str | None) -> None:
        if (operator, code) in self.entries:
            self.entries[operator, code] = False

    def messages(self) -> list[OperatorMessage]:
        """Return what the operators have not taken yet, in the order of its making; a void comes after its code."""
        table = lookup_store.operator_messages
        unsent = outbox.MESSAGES.selected.where(table.c.acked_at.is_(None), table.c.withdrawn_at.is_(None))
        in_order = unsent.order_by(table.c.first_try_at, table.c.kind)
        return self.unit(lambda tx: outbox.MESSAGES.all(tx, tx.conn.execute(in_order)))

    def permitted(self, act) -> None:
        with suppress(IdentificationError, ConfirmationError):
            self.unit(act)

    def verdict(
        self, operator: str, request: str, number: str, result: str, made: int | None = None, *, recycled: bool = False
    ) -> Outcome:
        asked = self.unit(lambda tx: outbox.find(tx, request))
        entry_id = None
        # Another operator than the one that was asked knows no code to enter, though it may name an entry of its own.
        if result == "PRESENT" and asked is not None and asked.body.get("code") and operator != asked.operator_id:
            entry_id = "ent_foreign"
        elif result == "PRESENT" and asked is not None and asked.body.get("code"):
            entry_id = self.enter_in_register(operator, asked.body["code"])
        verdict = Verdict(result, self.now, self.now if made is None else made, entry_id=entry_id, recycled=recycled)
        return self.unit(lambda tx: self.service.verdict(tx, self.now, operator, request, number, verdict))

    def bindings(self):
        return self.unit(lambda tx: [one for service in SERVICES for one in store.list_bindings(tx, service)])
