"""What a node works on outside the database, so that no other node works on it too: a webhook's endpoint, a query.

A claim is a row with the number of the node that has it, taken in the unit that reads what is to be done and given
back in the unit that writes what came of it. It holds as long as its node lives, and no longer: there is no lease to
renew and no clock to trust, since the server knows which nodes are connected (see `postgres.py`). With SQLite the only
node that lives is this one: it has whatever it wants, and nothing is written.
"""

from collections.abc import Collection

from sqlalchemy import BigInteger, Column, ColumnElement, String, Table, delete, insert, select, update

from smsc_emulator.base.units import Tx, metadata

claims = Table(
    "claims",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("key", String(160), primary_key=True),
    Column("node", BigInteger, nullable=False, comment="who has it, as long as that node lives"),
)
_c = claims.c


def take(tx: Tx, kind: str, keys: Collection[str]) -> set[str]:
    """Claim `keys` for this node; return those that it has now, which are all but those of other living nodes."""
    if _alone(tx):
        return set(keys)
    rows = tx.conn.execute(select(_c.key, _c.node).where(_c.kind == kind, _c.key.in_(keys)))
    nodes = {row.key: row.node for row in rows}
    others = living(tx) - {tx.node} if set(nodes.values()) - {tx.node} else frozenset()
    mine = {key for key in keys if nodes.get(key) not in others}
    if fresh := mine - nodes.keys():
        tx.conn.execute(insert(claims), [{"kind": kind, "key": key, "node": tx.node} for key in sorted(fresh)])
    if left := [key for key in mine & nodes.keys() if nodes[key] != tx.node]:
        tx.conn.execute(update(claims).where(_c.kind == kind, _c.key.in_(left)).values(node=tx.node))
    return mine


def release(tx: Tx, kind: str, key: str) -> None:
    """Give back what this node has; what another has taken over meanwhile stays with it."""
    if _alone(tx):
        return
    tx.conn.execute(delete(claims).where(_c.kind == kind, _c.key == key, _c.node == tx.node))


def forget(tx: Tx, kind: str, key: str) -> None:
    """Drop a claim, whoever has it: what it was for is no more."""
    if _alone(tx):
        return
    tx.conn.execute(delete(claims).where(_c.kind == kind, _c.key == key))


def held_by_others(tx: Tx, kind: str) -> set[str]:
    """Return what other living nodes have."""
    return {key for key, lives in _of_others(tx, kind) if lives}


def left_by_the_gone(tx: Tx, kind: str, keys: Collection[str]) -> set[str]:
    """Return those of `keys` that a node had which lives no more, until somebody takes them or forgets them."""
    return {key for key, lives in _of_others(tx, kind, _c.key.in_(keys)) if not lives}


def forget_the_gone(tx: Tx, kind: str) -> None:
    """Drop the claims of nodes that live no more."""
    tx.conn.execute(delete(claims).where(_c.kind == kind, _c.node.not_in(living(tx))))


def acts_for_all(tx: Tx, kind: str) -> bool:
    """Whether this node is the one that does what is to be done once; it stays the one as long as it lives."""
    return bool(take(tx, kind, {"for all nodes"}))


def living(tx: Tx) -> frozenset[int]:
    """Return the numbers of the nodes that live, this one among them."""
    if _alone(tx):
        return frozenset({tx.node})
    from smsc_emulator.base.postgres_session import living as connected

    return connected(tx.conn) | {tx.node}


def _of_others(tx: Tx, kind: str, *where: ColumnElement[bool]) -> list[tuple[str, bool]]:
    """Return what other nodes have claimed, each with whether its node lives."""
    if _alone(tx):
        return []
    rows = tx.conn.execute(select(_c.key, _c.node).where(_c.kind == kind, _c.node != tx.node, *where)).all()
    alive = living(tx) if rows else frozenset()
    return [(row.key, row.node in alive) for row in rows]


def _alone(tx: Tx) -> bool:
    return tx.driver is not None or tx.conn.dialect.name == "sqlite"
