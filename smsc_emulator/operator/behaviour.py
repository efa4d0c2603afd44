"""How each operator answers: as the configuration says, until the lab sets it otherwise, which outlives restarts.

What the rules in force ask of every operator are its terms; an operator that is set to nothing else keeps to them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Literal

from sqlalchemy import bindparam, delete, insert, select

from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import DAY
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen
from smsc_emulator.operator.settings import Answer, OperatorSettings, RegisterState
from smsc_emulator.operator.store import operator_behaviours as table

_BEHAVIOUR = Statement(select(table.c.behaviour).where(table.c.operator_id == bindparam("its_operator")), remember=True)

OutageKind = Literal["refused", "error", "silent"]
"""How an operator is out: its connections are broken off, it answers 503, or it takes requests and says nothing."""

Policy = Literal["present", "absent"]
"""What an operator answers about a kind of line that the rules do not settle (S56, S57, S58)."""


@frozen
class Terms:
    """What the rules ask of every operator."""

    corporate: Policy = "present"
    """The answer about a line of a legal entity whose end user is not known (S57)."""
    minor: Policy = "present"
    """The answer about the line of a minor, under a parent's contract (S56)."""
    gray: Policy = "present"
    """The answer about a line whose subscriber was not verified (S58)."""
    t_notice: int = DAY
    """Lab time in which the end of a contract has to be told (S10); exactly so long is in time."""


TermsAt = Callable[[int], Terms]
"""The terms that are in force at an instant of lab time."""


def plain_terms(_now: int) -> Terms:
    """Return the terms where no rules say otherwise."""
    return Terms()


Spoiling = Literal["wrong_number", "unknown_id", "bad_signature"]
"""What is wrong with the verdicts of an operator that makes mistakes: they go out so instead of right."""


@frozen
class Outage:
    """A time in which an operator can neither be reached nor speak. Instants are lab time."""

    kind: OutageKind
    since: int
    until: int | None = None
    """The first instant at which it is back; None: until it is set otherwise."""

    def holds(self, now: int) -> bool:
        """Whether the operator is out at `now`."""
        return self.since <= now and (self.until is None or now < self.until)


class OutageError(Exception):
    """The operator is out; `kind` tells how it shows."""

    def __init__(self, kind: OutageKind) -> None:
        super().__init__(f"the operator is out: {kind}")
        self.kind = kind


@frozen
class Behaviour:
    """What an operator answers and how, how its register and its notices are, and what it does wrong.

    Durations are lab time in milliseconds. `answer` and `delay` count for queries that come later; all else counts at
    the instant at which it is asked for.
    """

    answer: Answer
    delay: int
    register: RegisterState = "open"
    clock_skew: int = 0
    """How far its clock is ahead of the lab's, which shows in `as_of`; negative: behind."""
    outage: Outage | None = None
    corporate: Policy | None = None
    """What it answers about a line of a legal entity whose end user it does not know; None: as its terms say."""
    minor: Policy | None = None
    """What it answers about the line of a minor, under a parent's contract; None: as its terms say."""
    gray: Policy | None = None
    """What it answers about a line whose subscriber it has not verified; None: as its terms say."""
    notice_delay: int = 0
    """From the end of a contract to its notice; its terms say how long that may be."""
    notices: Literal["sent", "never"] = "sent"
    notice_repeat: int = 1
    """How often it sends each notice."""
    verdict_repeat: int = 1
    """How often it sends each verdict."""
    then_contradict: bool = False
    """Whether the opposite verdict follows."""
    spoil: Spoiling | None = None


class Behaviours:
    """Every operator's behaviour, and the terms of them all."""

    def __init__(self, operators: Sequence[OperatorSettings], terms: TermsAt = plain_terms) -> None:
        self.terms = terms
        self._first: Mapping[str, Behaviour] = {o.id: Behaviour(o.answer, o.delay) for o in operators}

    def get(self, tx: Tx, operator_id: str) -> Behaviour:
        """Return the behaviour in force; KeyError for an operator that is not configured."""
        found = _BEHAVIOUR.value(tx, its_operator=operator_id)
        if found is None:
            return self._first[operator_id]
        outage = found.get("outage")
        return Behaviour(**{**found, "outage": None if outage is None else Outage(**outage)})

    def put(self, tx: Tx, operator_id: str, behaviour: Behaviour) -> None:
        """Set the behaviour from now on."""
        tx.conn.execute(delete(table).where(table.c.operator_id == operator_id))
        tx.conn.execute(insert(table).values(operator_id=operator_id, behaviour=asdict(behaviour)))

    def reach(self, tx: Tx, now: int, operator_id: str) -> Behaviour:
        """Return the behaviour of an operator that is spoken to at `now`. Raises OutageError if it is out."""
        behaviour = self.get(tx, operator_id)
        if behaviour.outage is not None and behaviour.outage.holds(now):
            raise OutageError(behaviour.outage.kind)
        return behaviour
