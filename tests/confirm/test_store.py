"""Confirmations that were stored before there were workflows."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text

from confirm import store
from confirm.challenge import Confirmation, State
from confirm.workflow import Step, StepState
from gateway.migrations import config
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.journal import Journal

OLD_ROW = text(
    "INSERT INTO confirmations (id, service_id, phone_number, method, ordinal, attempts, failures, created_at, "
    "expires_at, requested_at, state, over_at, send_state, codes) VALUES ('cnf_1', 'demo', '+70000000001', 'sms_code', "
    "1, 3, 0, 1000, 301000, 1000, :state, :over_at, 'sent', 1)"
)

EACH_STATE = pytest.mark.parametrize(
    ("state", "step_state"),
    [
        (State.PENDING, StepState.CURRENT),
        (State.CONFIRMED, StepState.ANSWERED),
        (State.FAILED, StepState.FAILED),
        (State.EXPIRED, StepState.TIMED_OUT),
        (State.CANCELLED, StepState.SKIPPED),
    ],
)


async def check_that_it_becomes_a_workflow(url: str, state: State, step_state: StepState) -> None:
    over_at = None if state is State.PENDING else 5000

    def from_before_workflows(conn: Connection) -> Confirmation | None:
        command.upgrade(config(conn), "0002")
        conn.execute(OLD_ROW, {"state": state.value, "over_at": over_at})
        command.upgrade(config(conn), "head")
        return store.find(Tx(conn, []), "cnf_1")

    database = Database(url, Journal())
    found = await database.setup(from_before_workflows)
    await database.close()
    assert found is not None
    assert (found.state, found.generation, found.test) == (state, 1, False)
    assert found.steps == (Step("sms_code", 300_000, step_state, None, 1000, over_at),)


@EACH_STATE
async def test_one_from_before_workflows_becomes_a_workflow_of_its_one_method(
    tmp_path: Path, state: State, step_state: StepState
) -> None:
    await check_that_it_becomes_a_workflow(f"sqlite:///{tmp_path / 'lab.sqlite3'}", state, step_state)


@EACH_STATE
async def test_so_does_one_on_postgresql(bare_postgres_url: str, state: State, step_state: StepState) -> None:
    await check_that_it_becomes_a_workflow(bare_postgres_url, state, step_state)
