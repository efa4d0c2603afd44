"""What every attempt runs stays as fast when thousands of attempts are stored: no statement reads a whole table."""

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

import gateway.lab  # noqa: F401 - it imports all that has statements
from gateway.resources import config_path
from gateway.scenarios.playing import play
from gateway.scenarios.reading import read
from gateway.scenarios.stage import Stage
from smsc_emulator.base.sqlite import make_engine
from smsc_emulator.base.statements import Statement
from smsc_emulator.base.units import metadata

OURS = ("smsc_emulator.", "confirm.", "gateway.")
SMALL = frozenset({"webhook_endpoints", "broadcasts"})
"""Tables with a row for each endpoint and each broadcast; both are read as a whole."""
AT_A_START = ("FROM smsc_outbound", "operator_messages.withdrawn_at IS NULL")
"""What a start looks through once, in pieces of the statements that do."""


def statements() -> dict[str, Statement]:
    """Return the statements of all modules, by module and name."""
    found = {}
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS):
            members = {key: value if isinstance(value, list) else [value] for key, value in vars(module).items()}
            for key, values in members.items():
                for place, value in enumerate(values):
                    if isinstance(value, Statement):
                        found[f"{name}.{key}[{place}]"] = value
    return found


def scanned(conn: Connection, text: str, values: Any) -> list[str]:
    """Return the tables that a statement reads as a whole, without even an index."""
    plan = [row[3] for row in conn.connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    return [step.split()[1] for step in plan if re.fullmatch(r"SCAN \w+", step)]


@pytest.fixture
def looked_up() -> Iterator[dict[str, list[str]]]:
    """What SQLAlchemy sends to SQLite to look for rows by a value, with the tables that are read as a whole for it.

    What counts or sums up has to read all that it counts.
    """
    found: dict[str, list[str]] = {}

    def look(conn: Connection, _cursor: Any, text: str, values: Any, *_: Any) -> None:
        by_value = re.search(r"\bWHERE\b.*( = \?| IN \()", text, re.DOTALL)
        if text.startswith("SELECT") and by_value and not re.search(r"\b(count|min|sum|avg|lead)\(", text):
            found.setdefault(text, scanned(conn, text, values))

    event.listen(Engine, "before_cursor_execute", look)
    yield found
    event.remove(Engine, "before_cursor_execute", look)


@pytest.mark.parametrize("name", ["18-notices", "29-appeal"])
async def test_nothing_that_is_looked_up_by_a_value_reads_a_whole_table(
    looked_up: dict[str, list[str]], name: str
) -> None:
    async def report(stage: Stage) -> None:
        await stage.ask("GET", "/lab/reports/conformance")

    result = await play(read(config_path("scenarios") / f"{name}.yaml")[0], at_end=report)
    assert result.failure is None
    asked = {text: tables for text, tables in looked_up.items() if not any(piece in text for piece in AT_A_START)}
    assert len(asked) > 15
    assert {text: tables for text, tables in asked.items() if set(tables) - SMALL} == {}


def test_no_statement_reads_a_whole_table() -> None:
    engine = make_engine("sqlite://")
    metadata.create_all(engine)
    assert len(statements()) > 50
    with engine.connect() as conn:
        for name, statement in statements().items():
            compiled = statement.core.compile(dialect=engine.dialect)
            values = (None,) * len(compiled.positiontup or ())
            if compiled.string.rstrip().endswith("LIMIT ? OFFSET ?") and not {"WHERE", "ORDER"} & set(
                compiled.string.split()
            ):
                continue  # the first row that comes
            plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.string}", values)]
            scans = [step for step in plan if step.startswith("SCAN ") and "CONSTANT ROW" not in step]
            if scans and scans[0].split()[1] not in SMALL:
                pytest.fail(f"{name}: {plan}")
    engine.dispose()
