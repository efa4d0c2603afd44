"""What a lab had before contracts had a history is still there after."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command

from gateway.migrations import config, upgrade
from smsc_emulator.base.database import Database, make_engine
from smsc_emulator.base.journal import Journal
from smsc_emulator.operator import subscribers
from smsc_emulator.operator.behaviour import Behaviour, Behaviours

BEFORE = [
    "INSERT INTO subscribers VALUES ('+70000000001', 'alpha', '001010000000001', 'ACTIVE')",
    "INSERT INTO subscribers VALUES ('+70000000002', 'beta', '001010000000002', 'ENDED')",
    "INSERT INTO operator_behaviours VALUES ('alpha', 'silent', 30000, 'closed')",
    "INSERT INTO ported_numbers VALUES ('+70000000003', 'beta')",
    (
        "INSERT INTO operator_queries (request_id, operator_id, attempt_id, phone_number, service_id, reply_to,"
        " received_at, answer, tries) VALUES ('r', 'alpha', 'a', '+70000000001', 's', 'http://x', 1, 'truth', 0)"
    ),
]


async def test_subscribers_behaviours_queries_and_moves_are_carried_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.sqlite3'}"
    engine = make_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        command.upgrade(config(connection), "0005")
        for statement in BEFORE:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("COMMIT")
    with engine.connect() as connection:
        upgrade(connection)
        assert connection.execute(sa.text("SELECT * FROM ported_numbers")).all() == [("+70000000003", 0, "beta")]
        assert connection.execute(sa.text("SELECT mode, code FROM operator_queries")).all() == [("presence", None)]
    engine.dispose()
    database = Database(url, Journal())
    database.start()
    (present,) = await database.run(subscribers.page)
    (over,) = await database.run(lambda tx: subscribers.history(tx, "+70000000002"))
    behaviour = await database.run(lambda tx: Behaviours([]).get(tx, "alpha"))
    await database.close()
    assert (present.phone_number, present.operator_id, present.owner) == ("+70000000001", "alpha", "own")
    assert (over.operator_id, over.end_reason) == ("beta", "ended")
    assert behaviour == Behaviour("silent", 30_000, "closed")
