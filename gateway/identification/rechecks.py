"""Re-checks: why a user who is identified, or was there before the rules, is identified again, and what comes of it.

A re-check is an attempt like any other, made for a binding. What an operator's notice or a change of data begins puts
the binding in RECHECK, with T_recheck to the end; a new number does not, since the old one is as good as before. The
binding's own deadline stands behind the attempt's: whatever becomes of attempts, no binding stays in RECHECK.
"""

from collections.abc import Mapping

from confirm.workflow import Wish
from gateway.identification import bindings, breaches, store
from gateway.identification.attempt import Attempt, Cause, StandIn, State
from gateway.identification.bindings import Basis, Binding, Happening
from gateway.identification.breaches import Breaches
from gateway.identification.course import Beginning, Course
from gateway.identification.errors import BindingStateError
from gateway.identification.keeping import Keeper
from gateway.identification.profiles import Profile, Schedule
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import SECOND
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.frozen import frozen, replace

LENIENCE = SECOND
"""How much later than its instant the gateway's own deadline may be handled before that is a breach of its own."""


@frozen
class ExistingUser:
    """A user whom the service had before the rules."""

    user_id: str
    phone_number: str
    attributes: Mapping[str, str] | None = None
    """What the service knows of him, in match mode."""


class Rechecks:
    """Begins re-checks, and does what their ends mean for the bindings."""

    def __init__(
        self, course: Course, keeper: Keeper, schedule: Schedule, breaches: Breaches, randomness: Randomness
    ) -> None:
        self._course = course
        self._keeper = keeper
        self._schedule = schedule
        self._breaches = breaches
        self._randomness = randomness
        course.on_over.append(self._over)

    def begin(
        self,
        tx: Tx,
        now: int,
        binding: Binding,
        cause: Cause,
        *,
        attributes: Mapping[str, str] | None = None,
        confirm: bool | None = None,
        verified_by: StandIn | None = None,
    ) -> Attempt | None:
        """Have a binding's user identified again within T_recheck from `now`; None if he is suspended or gone.

        A re-check that is under way begins anew; its time does not where it is the service that asks for it.
        """
        if not bindings.may(binding, Happening.RECHECKED):
            return None
        until = now + self._schedule.at(now).t_recheck_s * SECOND
        if binding.due_at is not None and cause is Cause.DATA_CHANGED:
            until = min(until, binding.due_at)
        binding = self._keeper.begin_recheck(tx, now, binding, cause, until)
        again = _again(binding, cause, until, attributes, confirm)
        return self._course.begin(tx, now, replace(again, verified_by=verified_by))

    def change_data(
        self,
        tx: Tx,
        now: int,
        binding: Binding,
        attributes: Mapping[str, str] | None,
        *,
        verified_by: StandIn | None = None,
    ) -> Attempt:
        """Have a user identified again whose data have changed (S05).

        Raises BindingStateError, and what `Course.begin` raises.
        """
        attempt = self.begin(tx, now, binding, Cause.DATA_CHANGED, attributes=attributes, verified_by=verified_by)
        if attempt is None:
            raise BindingStateError(f"the binding is {binding.state}: identify the user anew")
        return attempt

    def change_number(
        self, tx: Tx, now: int, binding: Binding, wish: Wish, attributes: Mapping[str, str] | None, *, sim: bool | None
    ) -> Attempt:
        """Begin to put another number in the place of a binding's (S05); until that is done, the binding stays.

        Raises BindingStateError, and what `Course.begin` raises.
        """
        if not binding.stands:
            raise BindingStateError("the binding is closed: identify the user anew")
        if wish.phone_number == binding.phone_number:
            raise BindingStateError("the binding has this number already")
        beginning = Beginning(
            binding.user_id,
            wish,
            Cause.NUMBER_CHANGED,
            rechecks=binding.id,
            attributes=attributes,
            sim_in_device=sim,
            consent=True,
        )
        return self._course.begin(tx, now, beginning)

    def take_over(self, tx: Tx, now: int, service_id: str, user: ExistingUser) -> Binding:
        """Keep a user from before the rules (S09, S91), as the profile says; one who is bound to the number stays so.

        new_only: he is exempt. exempt_if_match: he is if the operator has him as the service does; otherwise he is
        identified like anybody. recheck_all: he is identified like anybody.
        """
        standing = store.standing(tx, service_id, user.phone_number)
        if standing:
            return standing[0]
        profile = self._schedule.at(now)
        exempt = profile.existing_users == "new_only"
        state = bindings.State.ACTIVE if exempt else bindings.State.GRANDFATHERED
        binding = Binding(
            id=f"bnd_{self._randomness.token(20)}",
            service_id=service_id,
            user_id=user.user_id,
            phone_number=user.phone_number,
            attempt_id=None,
            operator_id=None,
            request_id=None,
            identification_code=None,
            entry_id=None,
            created_at=now,
            updated_at=now,
            basis=Basis.EXEMPT,
            state=state,
            profile=profile.name,
            due_at=_due(profile, now) if state is bindings.State.GRANDFATHERED else None,
        )
        self._keeper.add(tx, now, binding)
        if profile.existing_users == "recheck_all":
            self._course.begin(tx, now, _again(binding, Cause.EXISTING_USER, binding.due_at, user.attributes, True))
        elif profile.existing_users == "exempt_if_match":
            self._course.begin(tx, now, _again(binding, Cause.EXISTING_USER, None, user.attributes, False))
        kept = store.find_binding(tx, binding.id)
        assert kept is not None
        return kept

    def _over(self, tx: Tx, now: int, attempt: Attempt) -> None:
        """Do what the end of a re-check means for its binding; an attempt that identified has renewed it already."""
        binding = None if attempt.rechecks is None else store.find_binding(tx, attempt.rechecks)
        if binding is None or attempt.state is not State.REFUSED or not bindings.may(binding, Happening.FAILED):
            return
        if attempt.cause is Cause.NUMBER_CHANGED:
            if self._schedule.of(attempt.profile, now).number_change_refused == "suspend":
                self._keeper.suspend(tx, now, binding, "number_change_refused")
        elif binding.state is bindings.State.GRANDFATHERED and attempt.confirmation_id is None:
            self.begin(tx, now, binding, Cause.EXISTING_USER, confirm=True)
        else:
            self._keeper.suspend(tx, now, binding, bindings.suspension_of(attempt.reason))

    def time_up(self, tx: Tx, now: int, limit: int) -> int:
        """Suspend up to `limit` users whom nobody has identified again in time; return how many there were."""
        overdue = store.overdue(tx, now, limit)
        for binding in overdue:
            assert binding.due_at is not None
            if now > binding.due_at + LENIENCE:
                self._breaches.record(
                    tx, now, breaches.T_RECHECK, "gateway", "gateway", binding.id, binding.due_at, now
                )
            self._keeper.suspend(tx, now, binding, bindings.RECHECK_OVERDUE)
        return len(overdue)


def _again(
    binding: Binding, cause: Cause, until: int | None, attributes: Mapping[str, str] | None, confirm: bool | None
) -> Beginning:
    wish = Wish(binding.service_id, binding.phone_number)
    return Beginning(
        binding.user_id, wish, cause, rechecks=binding.id, until=until, attributes=attributes, confirm=confirm
    )


def _due(profile: Profile, now: int) -> int | None:
    """Return when a user from before the rules has to be identified, if the profile sets a time."""
    return None if profile.existing_users_due_s is None else now + profile.existing_users_due_s * SECOND
