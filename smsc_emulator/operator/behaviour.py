"""How each operator answers: as the configuration says, until the lab sets it otherwise, which outlives restarts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import delete, insert, select

from smsc_emulator.base.database import Tx
from smsc_emulator.operator.settings import Answer, OperatorSettings
from smsc_emulator.operator.store import operator_behaviours as table


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What an operator answers, and the milliseconds of lab time that it takes."""

    answer: Answer
    delay: int


class Behaviours:
    """Every operator's behaviour. A change counts for queries that come later; those under way keep theirs."""

    def __init__(self, operators: Sequence[OperatorSettings]) -> None:
        self._first: Mapping[str, Behaviour] = {o.id: Behaviour(o.answer, o.delay) for o in operators}

    def get(self, tx: Tx, operator_id: str) -> Behaviour:
        """Return the behaviour in force; KeyError for an operator that is not configured."""
        row = tx.conn.execute(select(table).where(table.c.operator_id == operator_id)).one_or_none()
        return self._first[operator_id] if row is None else Behaviour(cast(Answer, row.answer), row.delay)

    def put(self, tx: Tx, operator_id: str, behaviour: Behaviour) -> None:
        """Set the behaviour for queries from now on."""
        tx.conn.execute(delete(table).where(table.c.operator_id == operator_id))
        row = {"operator_id": operator_id, "answer": behaviour.answer, "delay": behaviour.delay}
        tx.conn.execute(insert(table).values(row))
