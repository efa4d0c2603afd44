"""How each operator answers: as the configuration says, until the lab sets it otherwise, which outlives restarts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Row

from smsc_emulator.base.database import Tx
from smsc_emulator.operator.settings import Answer, OperatorSettings, RegisterState
from smsc_emulator.operator.store import operator_behaviours as table


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What an operator answers, the milliseconds of lab time that it takes, and whether its register can be reached."""

    answer: Answer
    delay: int
    register: RegisterState = "open"


class Behaviours:
    """Every operator's behaviour. A change counts for queries that come later; those under way keep theirs."""

    def __init__(self, operators: Sequence[OperatorSettings]) -> None:
        self._first: Mapping[str, Behaviour] = {o.id: Behaviour(o.answer, o.delay) for o in operators}

    def get(self, tx: Tx, operator_id: str) -> Behaviour:
        """Return the behaviour in force; KeyError for an operator that is not configured."""
        row = tx.conn.execute(select(table).where(table.c.operator_id == operator_id)).one_or_none()
        return self._first[operator_id] if row is None else _behaviour(row)

    def put(self, tx: Tx, operator_id: str, behaviour: Behaviour) -> None:
        """Set the behaviour for queries from now on."""
        tx.conn.execute(delete(table).where(table.c.operator_id == operator_id))
        tx.conn.execute(insert(table).values(operator_id=operator_id, **asdict(behaviour)))


def _behaviour(row: Row[Any]) -> Behaviour:
    return Behaviour(cast(Answer, row.answer), row.delay, cast(RegisterState, row.register))
