"""Sessions of users' devices: what ends when a user may not use the service any more (S13, S19).

A service that registers its sessions here is told which of them are over; one that does not goes by the binding alone.
A session of a device without the SIM, `web`, lasts as long as the profile says (web_session_s). Instants are lab time.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

from sqlalchemy import Row, Select, bindparam, func, insert, select, update

from gateway.identification import bindings, store
from gateway.identification.bindings import Binding
from gateway.identification.errors import SessionNotFoundError, SessionRefusedError
from gateway.identification.profiles import Profile, Schedule
from gateway.identification.tables import sessions as table
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import SECOND, iso
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.base.statements import Statement
from smsc_emulator.frozen import frozen, replace

_NEXT_EXPIRY = Statement(select(func.min(table.c.expires_at)), remember=True)
_OPEN_ON = Statement(select(table).where(table.c.binding_id == bindparam("its_binding"), table.c.ended_at.is_(None)))

Kind = Literal["app", "web"]


@frozen
class Session:
    """A user's device at work."""

    id: str
    service_id: str
    user_id: str
    binding_id: str
    device: str
    """The service's own word for the device."""
    kind: Kind
    created_at: int
    expires_at: int | None = None
    ended_at: int | None = None
    reason: str | None = None
    """Why it ended."""


class Sessions:
    """Opens and ends sessions. `deciding` finds what a user may do, and the binding that says so."""

    def __init__(
        self,
        schedule: Schedule,
        randomness: Randomness,
        deciding: Callable[[Tx, str, str], tuple[bindings.Permission, Binding | None]],
    ) -> None:
        self._schedule = schedule
        self._randomness = randomness
        self._deciding = deciding

    def open(self, tx: Tx, now: int, service_id: str, user_id: str, device: str, kind: Kind) -> Session:
        """Open a session of a user. Raises SessionRefusedError for one who may not use the service."""
        permission, binding = self._deciding(tx, service_id, user_id)
        if binding is None or not permission.may_send:
            raise SessionRefusedError(f"the user may not use the service: {permission.reason}")
        lasts = self._profile(binding, now).web_session_s if kind == "web" else None
        session = Session(
            id=f"ses_{self._randomness.token(20)}",
            service_id=service_id,
            user_id=user_id,
            binding_id=binding.id,
            device=device,
            kind=kind,
            created_at=now,
            expires_at=None if lasts is None else now + lasts * SECOND,
        )
        tx.conn.execute(insert(table).values(asdict(session)))
        tx.record(now, "session.opened", session.id, service_id=service_id, session=snapshot(session))
        return session

    def log_in(self, tx: Tx, now: int, service_id: str, code: str, device: str, kind: Kind) -> Session:
        """Open a session of the user whose identification code it is (code_usable_for_login, S14).

        Raises SessionRefusedError where the profile does not let codes be used so, and for a code that is nobody's.
        """
        binding = store.of_code(tx, service_id, code)
        if binding is None or not self._profile(binding, now).code_usable_for_login:
            raise SessionRefusedError("nobody can log in by this code")
        return self.open(tx, now, service_id, binding.user_id, device, kind)

    def get(self, tx: Tx, service_id: str, session_id: str) -> Session:
        """Return the service's session. Raises SessionNotFoundError, also if another service has it."""
        row = tx.conn.execute(select(table).where(table.c.id == session_id)).first()
        if row is None or row.service_id != service_id:
            raise SessionNotFoundError(f"there is no session {session_id}")
        return _session(row)

    def of_user(self, tx: Tx, service_id: str, user_id: str, *, is_open: bool, limit: int = 1000) -> list[Session]:
        """Return a user's sessions, the youngest first; those that are open alone, if asked."""
        query = select(table).where(table.c.service_id == service_id, table.c.user_id == user_id)
        if is_open:
            query = query.where(table.c.ended_at.is_(None))
        return _all(tx, query.order_by(table.c.created_at.desc(), table.c.id).limit(limit))

    def end(self, tx: Tx, now: int, session: Session, reason: str) -> Session:
        """Return the session ended; one that was over stays as it was."""
        if session.ended_at is not None:
            return session
        ended = replace(session, ended_at=now, reason=reason, expires_at=None)
        tx.conn.execute(update(table).where(table.c.id == session.id).values(asdict(ended)))
        tx.record(now, "session.ended", session.id, service_id=session.service_id, session=snapshot(ended))
        return ended

    def end_all(self, tx: Tx, now: int, binding: Binding, reason: str) -> None:
        """End all sessions that stand on a binding."""
        for row in _OPEN_ON.all(tx, its_binding=binding.id):
            self.end(tx, now, _session(row), reason)

    def expire(self, tx: Tx, now: int, limit: int) -> int:
        """End up to `limit` sessions whose time was over by `now`; return how many there were."""
        due = _all(tx, select(table).where(table.c.expires_at <= now).order_by(table.c.expires_at).limit(limit))
        for session in due:
            self.end(tx, now, session, "expired")
        return len(due)

    def _profile(self, binding: Binding, now: int) -> Profile:
        return self._schedule.of(binding.profile, now)


def next_expiry(tx: Tx) -> int | None:
    """Return when the next session ends by itself, or None."""
    due: int | None = _NEXT_EXPIRY.value(tx)
    return due


def snapshot(session: Session) -> dict[str, Any]:
    """Return what answers and events show of a session, as plain JSON."""
    return {
        "id": session.id,
        "service_id": session.service_id,
        "user_id": session.user_id,
        "binding_id": session.binding_id,
        "device": session.device,
        "kind": session.kind,
        "created_at": iso(session.created_at),
        "expires_at": None if session.expires_at is None else iso(session.expires_at),
        "ended_at": None if session.ended_at is None else iso(session.ended_at),
        "reason": session.reason,
    }


def _all(tx: Tx, query: Select[Any]) -> list[Session]:
    return [_session(row) for row in tx.conn.execute(query)]


def _session(row: Row[Any]) -> Session:
    return Session(**row._mapping)
