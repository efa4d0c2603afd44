"""What the nodes of one database agree on."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from gateway.nodes import be_the_only_lab, share_key, shared_keys
from smsc_emulator.base.database import Database
from smsc_emulator.base.postgres_errors import DatabaseUnusableError

Start = Callable[[], Awaitable[Database]]


async def test_one_lab_plays_the_operators_and_a_second_is_told_what_to_do(
    node: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.nodes.TAKE_OVER", 0.2)
    one, two = await node(), await node()
    lead = await be_the_only_lab(one)
    with pytest.raises(DatabaseUnusableError, match=r"start this gateway with lab\.enabled: false"):
        await be_the_only_lab(two)
    lead.resign()
    monkeypatch.setattr("gateway.nodes.TAKE_OVER", 10)
    await be_the_only_lab(two)


async def test_a_node_with_another_key_is_refused_and_the_key_is_not_in_the_database(node: Start) -> None:
    one, two = await node(), await node()
    await share_key(one, b"the key of all")
    await share_key(two, b"the key of all")
    with pytest.raises(DatabaseUnusableError, match=r"copy codes\.key"):
        await share_key(two, b"another key")
    (row,) = await one.run(lambda tx: tx.conn.execute(select(shared_keys)).all())
    assert "the key" not in row.fingerprint
    assert len(row.fingerprint) == 64
