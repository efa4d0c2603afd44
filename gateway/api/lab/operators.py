"""The lab's operators: how they answer, what stands in their registers, and what they have to tell of it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gateway.api.types import Duration, Instant, PhoneNumber, Timestamp
from smsc_emulator.base import durations
from smsc_emulator.base.config import Whole
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.web import NOT_FOUND, Body, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.operator import notices, register
from smsc_emulator.operator.behaviour import Behaviour, Behaviours, Outage, OutageKind, Policy, Spoiling, TermsAt
from smsc_emulator.operator.notices import Notice
from smsc_emulator.operator.register import Entry
from smsc_emulator.operator.settings import Answer, EndReason, OperatorSettings, RegisterState

_BEHAVIOUR = "/lab/operators/{operator_id}/behaviour"


Skew = Annotated[str, Field(pattern=durations.PATTERN.replace("^", "^-?", 1), max_length=41, examples=["-5m"])]


Times = Annotated[int, Field(ge=1, le=100), Whole]


class OutageSet(Model):
    """A time in which the operator can neither be reached nor speak, on the lab clock."""

    kind: OutageKind = Field(
        description="refused: its connections are broken off. error: it answers 503. silent: it takes requests and "
        "says nothing."
    )
    from_: Annotated[Instant | None, Field(alias="from")] = Field(None, description="null: now.")
    until: Instant | None = Field(None, description="The first instant at which it is back; null: until it is set so.")


class FaultsSet(Model):
    """What the operator does wrong with its verdicts."""

    repeat: Times = Field(1, description="How often it sends each.")
    then_contradict: bool = Field(False, description="Whether the opposite verdict follows.")
    spoil: Spoiling | None = Field(None, description="What is wrong with those that it sends.")


class BehaviourSet(Model):
    """How the operator answers. What is left out is as a well-behaved operator does it.

    `corporate`, `minor` and `gray` are then as the profile says that is in force when the operator is asked.

    `answer` and `delay` count for queries that come from now on; those under way keep what they began with.
    """

    answer: Answer
    delay: Duration = "0s"
    register_: Annotated[RegisterState, Field(alias="register")] = "open"
    clock_skew: Skew = "0s"
    outage: OutageSet | None = None
    corporate: Policy | None = None
    minor: Policy | None = None
    gray: Policy | None = None
    notices: Literal["sent", "never"] = "sent"
    notice_delay: Duration = "0s"
    notice_repeat: Times = 1
    faults: FaultsSet = FaultsSet()

    def read(self, now: int) -> Behaviour:
        """Return the behaviour that this means at `now`."""
        return Behaviour(
            answer=self.answer,
            delay=durations.parse(self.delay),
            register=self.register_,
            clock_skew=_skew(self.clock_skew),
            outage=None if self.outage is None else _outage(self.outage, now),
            corporate=self.corporate,
            minor=self.minor,
            gray=self.gray,
            notices=self.notices,
            notice_delay=durations.parse(self.notice_delay),
            notice_repeat=self.notice_repeat,
            verdict_repeat=self.faults.repeat,
            then_contradict=self.faults.then_contradict,
            spoil=self.faults.spoil,
        )


class OutageShown(Body):
    """A time in which the operator can neither be reached nor speak."""

    kind: OutageKind
    from_: Timestamp = Field(alias="from")
    until: Timestamp | None


class FaultsShown(Body):
    """What the operator does wrong with its verdicts."""

    repeat: int
    then_contradict: bool
    spoil: Spoiling | None


class BehaviourShown(Body):
    """How an operator answers."""

    answer: Answer
    delay: str = Field(description="Lab time between a query and its answer.")
    register_: RegisterState = Field(alias="register", description="Whether it takes identification codes.")
    clock_skew: str = Field(description="How far its clock is ahead of the lab's; with a minus: behind.")
    outage: OutageShown | None
    corporate: Policy | None = Field(
        description="Its answer about a legal entity's line whose end user it does not know; null: as the profile says."
    )
    minor: Policy | None = Field(description="Its answer about the line of a minor; null: as the profile says.")
    gray: Policy | None = Field(
        description="Its answer about a line whose subscriber was not verified; null: as the profile says."
    )
    notices: Literal["sent", "never"]
    notice_delay: str = Field(description="Lab time from the end of a contract to its notice.")
    notice_repeat: int = Field(description="How often it sends each notice.")
    faults: FaultsShown


class OperatorShown(BehaviourShown):
    """A mobile operator."""

    id: str
    name: str


class OperatorList(Body):
    """The operators, as configured."""

    operators: list[OperatorShown]


def _with_plus(value: Any) -> Any:
    """Give back the plus of a number whose query was not escaped: it arrives as a space."""
    return "+" + value[1:] if isinstance(value, str) and value.startswith(" ") else value


class RegisterQuery(Model):
    """Which entries to return."""

    phone_number: Annotated[PhoneNumber, BeforeValidator(_with_plus)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class RegisterEntry(Body):
    """A line of an operator's register of identification codes."""

    entry_id: str
    phone_number: str
    service_id: str
    service_name: str
    code: str
    state: str = Field(description="OPEN, ENDED or VOID.")
    opened_at: Timestamp
    ended_at: Timestamp | None
    reason: str | None


class RegisterPage(Body):
    """Entries, oldest first."""

    entries: list[RegisterEntry]


class NoticeShown(Body):
    """What the operator has to tell a service of the end of a contract."""

    notice_id: str
    phone_number: str
    service_id: str
    reason: EndReason
    ended_at: Timestamp
    sent_at: Timestamp | None = Field(description="When it was first sent.")
    acknowledged_at: Timestamp | None
    late: bool = Field(description="Whether it was sent when the 24 hours for it were over.")


class NoticePage(Body):
    """Notices, oldest first."""

    notices: list[NoticeShown]


def routes(database: Database, operators: Sequence[OperatorSettings], behaviours: Behaviours) -> Routes:
    """Return the routes of the operators that the lab plays."""
    group = Routes("lab: operators")
    names = {operator.id: operator.name for operator in operators}

    def known(call: Call) -> str:
        operator_id = call.path["operator_id"]
        if operator_id not in names:
            raise ProblemError(NOT_FOUND, f"There is no operator {operator_id!r}.")
        return operator_id

    @group.add("GET", "/lab/operators", "List the operators and how they answer", answers={200: OperatorList})
    async def list_them(_call: Call) -> Reply:
        found = await database.run(lambda tx: {id_: behaviours.get(tx, id_) for id_ in names})
        shown = [OperatorShown(id=id_, name=names[id_], **_spelled(found[id_])) for id_ in names]
        return Reply(OperatorList(operators=shown))

    @group.add("GET", _BEHAVIOUR, "Show how an operator answers", answers={200: BehaviourShown})
    async def show(call: Call) -> Reply:
        behaviour = await database.run(partial(behaviours.get, operator_id=known(call)))
        return Reply(BehaviourShown(**_spelled(behaviour)))

    @group.add(
        "PUT",
        _BEHAVIOUR,
        "Set how an operator answers, and what it does wrong, from now on",
        body=BehaviourSet,
        answers={200: BehaviourShown},
    )
    async def change(call: Call) -> Reply:
        behaviour = call.body.read(call.received_at)
        await database.run(partial(behaviours.put, operator_id=known(call), behaviour=behaviour))
        return Reply(BehaviourShown(**_spelled(behaviour)))

    _reading(group, database, known, behaviours.terms)
    return group


def _reading(group: Routes, database: Database, known: Callable[[Call], str], terms: TermsAt) -> None:
    @group.add(
        "GET",
        "/lab/operators/{operator_id}/register",
        "Read an operator's register, of one number or whole",
        query=RegisterQuery,
        answers={200: RegisterPage},
    )
    async def read(call: Call) -> Reply:
        wanted: RegisterQuery = call.query
        operator_id = known(call)

        def unit(tx: Tx) -> list[Entry]:
            return register.page(tx, operator_id, wanted.phone_number, limit=wanted.limit)

        return Reply(RegisterPage(entries=[_entry(entry) for entry in await database.run(unit)]))

    @group.add(
        "GET",
        "/lab/operators/{operator_id}/notices",
        "Read the notices that an operator has to send, of one number or all",
        query=RegisterQuery,
        answers={200: NoticePage},
    )
    async def read_notices(call: Call) -> Reply:
        wanted: RegisterQuery = call.query
        unit = partial(
            notices.page,
            operator_id=known(call),
            phone_number=wanted.phone_number,
            limit=wanted.limit,
            terms=terms,
        )
        return Reply(NoticePage(notices=[_notice(each) for each in await database.run(unit)]))


def _skew(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    return sign * durations.parse(text.removeprefix("-"))


def _outage(wanted: OutageSet, now: int) -> Outage:
    since = now if wanted.from_ is None else durations.instant(wanted.from_)
    return Outage(wanted.kind, since, None if wanted.until is None else durations.instant(wanted.until))


def _spelled(behaviour: Behaviour) -> dict[str, Any]:
    """Return the members that show a behaviour."""
    outage = behaviour.outage
    skew = durations.spell(abs(behaviour.clock_skew))
    same = ("answer", "register", "corporate", "minor", "gray", "notices", "notice_repeat")
    return {
        **{name: getattr(behaviour, name) for name in same},
        "delay": durations.spell(behaviour.delay),
        "clock_skew": f"-{skew}" if behaviour.clock_skew < 0 else skew,
        "outage": outage
        and OutageShown.model_validate(
            {"kind": outage.kind, "from": durations.iso(outage.since), "until": _iso(outage.until)}
        ),
        "notice_delay": durations.spell(behaviour.notice_delay),
        "faults": FaultsShown(
            repeat=behaviour.verdict_repeat, then_contradict=behaviour.then_contradict, spoil=behaviour.spoil
        ),
    }


def _iso(instant: int | None) -> str | None:
    return None if instant is None else durations.iso(instant)


def _notice(notice: Notice) -> NoticeShown:
    return NoticeShown(
        notice_id=notice.notice_id,
        phone_number=notice.phone_number,
        service_id=notice.service_id,
        reason=notice.reason,
        ended_at=durations.iso(notice.ended_at),
        sent_at=_iso(notice.sent_at),
        acknowledged_at=_iso(notice.acked_at),
        late=notice.is_late,
    )


def _entry(entry: Entry) -> RegisterEntry:
    return RegisterEntry(
        entry_id=entry.entry_id,
        phone_number=entry.phone_number,
        service_id=entry.service_id,
        service_name=entry.service_name,
        code=entry.code,
        state=entry.state,
        opened_at=durations.iso(entry.opened_at),
        ended_at=_iso(entry.ended_at),
        reason=entry.reason,
    )
