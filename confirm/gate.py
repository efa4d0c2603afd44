"""What stands between a request and a send: allowed ranges, limits, the cool-down, locks, and signals of pumping.

A start asks `admit`, then `may_send`; each further send (another code, the next step, also one that begins by itself)
asks `may_send`. Every send that was let through is told by `sent`, in the same unit of work, so that two requests never
take one place. Nothing here concerns test numbers: they pass by and leave no trace.

What is refused raises, so its unit of work is undone and it has created and billed nothing. The signals that it was
refused for must stay, though: run what starts a confirmation within `recording_refusals`, which puts them on record in
a unit of their own.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Protocol

from confirm import limits, limits_store, pumping
from confirm.challenge import State
from confirm.errors import (
    ChallengeRequiredError,
    CoolDownError,
    LimitedError,
    LockedError,
    NumberRefusedError,
    StartRefusedError,
    WaitError,
)
from confirm.methods import METHODS
from confirm.pumping import Refusal, Signal
from confirm.settings import ConfirmationSettings
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import spell, whole_seconds
from smsc_emulator.frozen import frozen

SENDING = tuple(name for name, method in METHODS.items() if method.sends)
"""The methods that reach the handset; the cool-down holds between them. The others wait for the user."""


class Asking(Protocol):
    """What is counted: who asks, for which number, from which address."""

    @property
    def service_id(self) -> str:
        """The service."""

    @property
    def phone_number(self) -> str:
        """The user's number."""

    @property
    def client_address(self) -> str | None:
        """The address of the user's device, if the service told it."""


class Starting(Asking, Protocol):
    """A confirmation that is to begin."""

    @property
    def challenge_passed(self) -> bool:
        """Whether the service says that the user has proved to be a person."""


class Sending(Asking, Protocol):
    """A confirmation, as far as it is counted."""

    @property
    def method(self) -> str:
        """The present step's method."""

    @property
    def test(self) -> bool:
        """Whether its number is a test number: it is not counted."""

    @property
    def shadow(self) -> bool:
        """Whether only its looks are those of a confirmation: limits hold as for any, its end tells nothing."""

    @property
    def state(self) -> State:
        """Where it stands."""

    @property
    def reason(self) -> str | None:
        """Why it ended."""


@frozen
class Admission:
    """How a start may go on."""

    shadow: bool = False
    """It is answered as any other, but nothing is sent and nothing costs."""


ADMITTED = Admission()


class Gate:
    """Decides by `settings` what is let through; what none of them asks about costs nothing."""

    def __init__(self, settings: ConfirmationSettings) -> None:
        self._settings = settings
        looks = settings.pumping
        self._watches_starts = looks.on_sequential is not None or looks.on_concentration is not None
        self._sends_kept = max((settings.cool_down, *(limit.within for limit in settings.limits)))
        self._limits_sends = self._sends_kept > 0 or settings.lock.failures is not None

    def admit(self, tx: Tx, now: int, wish: Starting) -> Admission:
        """Return how a start may go on, and record what speaks against it.

        Raises NumberRefusedError for a number out of range or that looks like pumping, ChallengeRequiredError.
        """
        settings = self._settings
        if not limits.allowed(wish.phone_number, settings.allow_prefixes, settings.deny_prefixes):
            raise NumberRefusedError("numbers of this range are not confirmed")
        signals = tuple(self._signals(tx, now, wish))
        decision = pumping.decide(signals, challenge_passed=wish.challenge_passed)
        if decision in ("deny", "challenge"):
            refusal = Refusal(wish.service_id, wish.phone_number, wish.client_address, wish.challenge_passed, signals)
            if decision == "deny":
                raise NumberRefusedError("this number is not confirmed for now", refusal)
            raise ChallengeRequiredError("prove first that a person asks", refusal)
        self._started(tx, now, wish)
        self._record(tx, now, wish, signals)
        return Admission(shadow=True) if decision == "shadow" else ADMITTED

    def may_send(self, tx: Tx, now: int, confirmation: Sending) -> None:
        """Raise LockedError, CoolDownError or LimitedError, whichever lasts longest, if nothing may be sent now.

        Their `retry_after` is exact to the second, rounded up: then all of them have passed.
        """
        if confirmation.test or not self._limits_sends:
            return
        waits = [self._lock_wait(tx, now, confirmation), self._cool_down_wait(tx, now, confirmation)]
        waits += self._limit_waits(tx, now, confirmation)
        longest, error, why = max(waits, key=lambda found: found[0])
        if longest:
            seconds = whole_seconds(longest)
            raise error(f"{why}; ask again in {seconds} s", seconds)

    def may_answer(self, tx: Tx, now: int, confirmation: Sending) -> None:
        """Raise LockedError if answers about the number are not looked at now: many confirmations at once are no way
        around the lock.
        """
        if confirmation.test:
            return
        wait, error, why = self._lock_wait(tx, now, confirmation)
        if wait:
            seconds = whole_seconds(wait)
            raise error(f"{why}; answer again in {seconds} s", seconds)

    def sent(self, tx: Tx, now: int, confirmation: Sending) -> None:
        """Count a code, a call or a slot that was asked for, in the unit that asked `may_send`."""
        if confirmation.test or not self._sends_kept:
            return
        limits_store.add(
            tx,
            limits_store.sends,
            now,
            self._sends_kept,
            service_id=confirmation.service_id,
            phone_number=confirmation.phone_number,
            prefix=self._prefix(confirmation),
            client=limits.network_of(confirmation.client_address),
            method=confirmation.method,
        )

    def failed(self, tx: Tx, now: int, confirmation: Sending) -> None:
        """Count a wrong answer. A confirmation that fails without one is counted by `over`."""
        lock = self._settings.lock
        if confirmation.test or lock.failures is None:
            return
        limits_store.add(
            tx,
            limits_store.failures,
            now,
            lock.within + lock.lasts,
            service_id=confirmation.service_id,
            phone_number=confirmation.phone_number,
        )

    def over(self, tx: Tx, now: int, confirmation: Sending) -> None:
        """Count the end of a confirmation: as a failure, and for the conversion of its prefix.

        One that was cancelled, or whose user was sent nothing, says nothing about conversion.
        """
        if confirmation.state is State.FAILED and confirmation.reason != "too_many_attempts":
            self.failed(tx, now, confirmation)
        tells = confirmation.state is not State.CANCELLED and not confirmation.shadow and not confirmation.test
        if tells and self._settings.pumping.on_low_conversion is not None:
            limits_store.add(
                tx,
                limits_store.ends,
                now,
                self._settings.pumping.within,
                service_id=confirmation.service_id,
                prefix=self._prefix(confirmation),
                confirmed=confirmation.state is State.CONFIRMED,
            )

    def record_refusal(self, tx: Tx, now: int, refusal: Refusal) -> None:
        """Put on record what a start was refused for, in a unit of its own, since that of the start was undone."""
        self._started(tx, now, refusal)
        self._record(tx, now, refusal, refusal.signals)

    def _prefix(self, asking: Asking) -> str:
        return limits.prefix_of(asking.phone_number, self._settings.pumping.prefix_digits)

    def _signals(self, tx: Tx, now: int, wish: Asking) -> Iterator[Signal]:
        looks = self._settings.pumping
        since = now - looks.within
        if looks.on_sequential is not None:
            lowest, highest = pumping.reach(wish.phone_number, looks.sequential)
            others = limits_store.started_between(tx, wish.service_id, lowest, highest, since)
            prefix = self._prefix(wish)
            row = pumping.in_a_row(wish.phone_number, (other for other in others if other.startswith(prefix)))
            if row >= looks.sequential:
                yield Signal("sequential", looks.on_sequential, row)
        if looks.on_low_conversion is not None:
            seen = limits_store.conversion(tx, wish.service_id, self._prefix(wish), since)
            if seen.ended >= looks.low_conversion_from and seen.confirmed < looks.low_conversion * seen.ended:
                yield Signal("low_conversion", looks.on_low_conversion, round(seen.confirmed / seen.ended, 4))
        client = limits.network_of(wish.client_address)
        if looks.on_concentration is not None and client is not None:
            numbers = limits_store.started_from(tx, wish.service_id, client, since, looks.concentration)
            count = len({*numbers, wish.phone_number})
            if count >= looks.concentration:
                yield Signal("concentration", looks.on_concentration, count)

    def _started(self, tx: Tx, now: int, wish: Asking) -> None:
        if self._watches_starts:
            limits_store.add(
                tx,
                limits_store.starts,
                now,
                self._settings.pumping.within,
                service_id=wish.service_id,
                phone_number=wish.phone_number,
                client=limits.network_of(wish.client_address),
            )

    def _record(self, tx: Tx, now: int, wish: Starting, signals: tuple[Signal, ...]) -> None:
        for signal in signals:
            tx.record(
                now,
                "confirmation.signal",
                self._prefix(wish),
                service_id=wish.service_id,
                signal=signal.name,
                measured=signal.measured,
                decision=signal.decision,
                challenge_passed=wish.challenge_passed,
            )

    def _lock_wait(self, tx: Tx, now: int, asking: Asking) -> "_Wait":
        lock = self._settings.lock
        until = None
        if lock.failures is not None:
            since = now - lock.within - lock.lasts
            until = limits.locked_until(
                limits_store.failures_of(tx, asking.service_id, asking.phone_number, since), lock
            )
        return max(0, (until or 0) - now), LockedError, "the number is locked after too many failures"

    def _cool_down_wait(self, tx: Tx, now: int, confirmation: Sending) -> "_Wait":
        gap = self._settings.cool_down
        last = None
        if gap and confirmation.method in SENDING:
            service_id, number = confirmation.service_id, confirmation.phone_number
            last = limits_store.last_send(tx, service_id, number, SENDING, now - gap)
        return limits.wait(last, gap, now), CoolDownError, f"one code or call in {spell(gap)} goes to a number"

    def _limit_waits(self, tx: Tx, now: int, asking: Asking) -> Iterator["_Wait"]:
        for limit in self._settings.limits:
            key = self._key(limit.per, asking)
            last = None
            if key is not None:
                since = now - limit.within
                last = limits_store.nth_newest_send(tx, asking.service_id, limit.per, key, limit.count, since)
            why = f"the limit of {limit.count} in {spell(limit.within)} per {limit.per} is used up"
            yield limits.wait(last, limit.within, now), LimitedError, why

    def _key(self, per: str, asking: Asking) -> str | None:
        match per:
            case "number":
                return asking.phone_number
            case "prefix":
                return self._prefix(asking)
            case "client_address":
                return limits.network_of(asking.client_address)
            case _:
                return asking.service_id


_Wait = tuple[int, type[WaitError], str]
"""Milliseconds to wait, the error if there are any, and what it says."""


@asynccontextmanager
async def recording_refusals(database: Database, gate: Gate, now: int) -> AsyncIterator[None]:
    """Run units of work that may start a confirmation within this: what one is refused for is put on record."""
    try:
        yield
    except StartRefusedError as error:
        refusal = error.refusal
        if refusal is not None:
            await database.run(lambda tx: gate.record_refusal(tx, now, refusal))
        raise
