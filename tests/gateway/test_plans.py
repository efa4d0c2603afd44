"""What every attempt runs stays as fast when thousands of attempts are stored: no statement reads a whole table."""

import sys

import pytest

import gateway.lab  # noqa: F401 - it imports all that has statements
from smsc_emulator.base.sqlite import make_engine
from smsc_emulator.base.statements import Statement
from smsc_emulator.base.units import metadata

OURS = ("smsc_emulator.", "confirm.", "gateway.")
SMALL = frozenset({"webhook_endpoints", "broadcasts"})
"""Tables with a row for each endpoint and each broadcast; both are read as a whole."""


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
