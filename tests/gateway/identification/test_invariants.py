"""What holds whatever services, users, operators and the clock do, in whatever order (identification, 3.5)."""

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import select

from confirm import calls_store
from confirm import store as confirm_store
from confirm.challenge import State as ConfirmationState
from gateway.identification import tables
from gateway.identification.attempt import State
from gateway.identification.bindings import Basis, snapshot
from gateway.identification.bindings import State as BindingState
from smsc_emulator.base.durations import HOUR
from tests.gateway.identification.acts import Acts
from tests.gateway.identification.world import PROFILES, SERVICES, USERS, in_force


class Identification(Acts):
    """What holds after each act, and when all is quiet."""

    @rule()
    def quiet_period(self) -> None:
        """I7: once everything has arrived and every deadline is over, codes in force and open entries are the same."""
        for _ in range(4):
            for deliver in self.held_back:
                deliver()
            while messages := self.messages():
                for message in messages:
                    self.exchange(message)
            self.turn(25 * HOUR, True)
        self.held_back.clear()
        table = tables.codes
        rows = self.unit(lambda tx: tx.conn.execute(select(table.c.operator_id, table.c.code).where(in_force)).all())
        assert {(row.operator_id, row.code) for row in rows} == {
            one for one, is_open in self.entries.items() if is_open
        }
        active = [one for one in self.bindings() if one.state is BindingState.ACTIVE and one.identification_code]
        assert {(one.operator_id, one.identification_code) for one in active} == {tuple(row) for row in rows}
        assert not any(one.state is BindingState.RECHECK for one in self.bindings())

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def one_outcome_that_stays(self) -> None:
        """I1, I3, I9."""
        for attempt in self.attempts():
            if attempt.state.over:
                end = attempt.state, attempt.reason, attempt.result, attempt.identification_code
                assert self.ends.setdefault(attempt.id, end) == end
            assert self.ended[attempt.id] == int(attempt.state.over)
            assert (attempt.reason is not None) == (attempt.state is State.REFUSED)
            assert (attempt.due_at is None) == attempt.state.over

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def what_confirms_a_number_ends_with_its_attempt_and_drives_it_on(self) -> None:
        found = self.unit(lambda tx: confirm_store._all(tx, select(confirm_store.confirmations)))
        confirmations = {one.id: one for one in found}
        for attempt in self.attempts():
            if attempt.confirmation_id is None:
                continue
            confirmation = confirmations[attempt.confirmation_id]
            waits = attempt.state is State.CONFIRMING
            assert waits or confirmation.over or self.now > confirmation.expires_at
            assert not waits or confirmation.state in (ConfirmationState.PENDING, ConfirmationState.EXPIRED)
        for one in found:
            call = self.unit(lambda tx, c=one.call: c and calls_store.find(tx, c))
            assert not (one.over and call) or call.ending or call.over_at is not None

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def one_attempt_under_way_for_a_user_and_one_active_binding_for_a_number(self) -> None:
        """I6."""
        under_way = [one for one in self.attempts() if not one.state.over]
        mine = Counter((one.service_id, one.phone_number, one.user_id) for one in under_way)
        confirming = Counter((one.service_id, one.phone_number) for one in under_way if one.state is State.CONFIRMING)
        active = [one for one in self.bindings() if one.state is BindingState.ACTIVE]
        bound = Counter((one.service_id, one.phone_number) for one in active)
        assert max([*mine.values(), *confirming.values(), *bound.values()], default=0) <= 1

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def a_binding_stands_on_a_verdict_and_an_entry_has_its_code(self) -> None:
        """I2, I4."""
        attempts = {one.id: one for one in self.attempts()}
        for binding in self.bindings():
            if binding.attempt_id is None:
                exempt = binding.basis is Basis.EXEMPT and PROFILES[binding.profile].existing_users == "new_only"
                assert exempt or binding.state is not BindingState.ACTIVE
                continue
            attempt = attempts[binding.attempt_id]
            verdict = ("operator", "PRESENT", Basis.VERDICT)
            stands_on = attempt.mode, attempt.result, binding.basis
            assert attempt.state is State.IDENTIFIED
            assert stands_on in (verdict, ("self", None, Basis.SELF))
            assert (binding.identification_code, binding.entry_id) == (attempt.identification_code, attempt.entry_id)
        codes = [one.identification_code for one in attempts.values() if one.identification_code]
        assert len(codes) == len(set(codes))

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def who_may_send_has_a_binding_that_lets_him(self) -> None:
        """I5."""
        letting = {BindingState.ACTIVE, BindingState.GRANDFATHERED, BindingState.RECHECK}
        if self.profile == "hold":
            letting.remove(BindingState.RECHECK)
        bound = {(one.service_id, one.user_id) for one in self.bindings() if one.state in letting}
        for service in SERVICES:
            for user in USERS:
                found, _ = self.unit(lambda tx, s=service, u=user: self.service.permission(tx, s, u))
                assert found.may_send == ((service, user) in bound)

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def a_code_in_force_stands_for_somebody(self) -> None:
        """The register can only be left with codes of users who are bound and of attempts under way."""
        letting = {BindingState.ACTIVE, BindingState.RECHECK, BindingState.GRANDFATHERED}
        standing = {one.identification_code for one in self.bindings() if one.state in letting}
        standing |= {one.identification_code for one in self.attempts() if not one.state.over}
        found = self.unit(lambda tx: tx.conn.execute(select(tables.codes.c.code).where(in_force)).scalars().all())
        assert set(found) <= standing

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def sessions_are_of_users_who_are_bound(self) -> None:
        """S13: a session ends with what it stands on."""
        bound = {one.id for one in self.bindings() if one.state not in (BindingState.SUSPENDED, BindingState.CLOSED)}
        open_ones = select(tables.sessions.c.binding_id).where(tables.sessions.c.ended_at.is_(None))
        assert set(self.unit(lambda tx: tx.conn.execute(open_ones).scalars().all())) <= bound

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def the_log_tells_the_same_as_the_tables_and_no_code(self) -> None:
        """I8, I10."""
        latest: dict[str, Any] = {}
        for event in self.log:
            for kind in ("identification", "binding"):
                if kind in event.data:
                    latest[event.subject] = event.data[kind]
        for attempt in self.attempts():
            assert latest[attempt.id] | {"confirmation": None} == self.unit(
                lambda tx, one=attempt: self.service.snapshot(tx, one) | {"confirmation": None}
            ) | {"updated_at": latest[attempt.id]["updated_at"]}
        for binding in self.bindings():
            assert latest[binding.id] == snapshot(binding)
        codes = self.unit(lambda tx: tx.conn.execute(select(tables.codes.c.code)).scalars().all())
        text = repr(latest)
        assert not any(code in text for code in codes)


TestIdentification = Identification.TestCase
TestIdentification.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
