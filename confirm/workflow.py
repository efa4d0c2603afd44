"""A workflow: the steps of one confirmation, taken one after the other until one of them proves the number.

Only the present step's secret is good. A step is left for good when its time is over, when it fails, or when the next
one is asked for; its place only grows. Nothing here reads a clock or knows how a step is taken.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from confirm.settings import ConfirmationSettings, MethodName, StepSettings
from smsc_emulator.frozen import frozen, replace


class StepState(StrEnum):
    """Where a step stands."""

    WAITING = "waiting"
    """Its turn has not come."""
    CURRENT = "current"
    """Its answer is waited for."""
    ANSWERED = "answered"
    """It proved the number."""
    FAILED = "failed"
    """It could not reach the user, or he could not answer it; `outcome` says why."""
    TIMED_OUT = "timed_out"
    """Its time was over."""
    SKIPPED = "skipped"
    """The next step, or the end of the confirmation, was asked for before."""


@frozen
class Step:
    """One step. Instants are lab time in milliseconds since 1970, UTC."""

    method: str
    time: int
    """Milliseconds of lab time that it lasts from its beginning, or from its last code."""
    state: StepState = StepState.WAITING
    outcome: str | None = None
    """What became of it beyond its state: why it failed, or what happened to its call."""
    started_at: int | None = None
    ended_at: int | None = None


@frozen
class Wish:
    """What a service asks for with a start."""

    service_id: str
    phone_number: str
    workflow: tuple[StepSettings, ...] = ()
    """The steps in their order; none: those of the settings."""
    owner: str | None = None
    """An opaque reference to what the confirmation is a part of, such as an identification attempt."""
    code: str | None = None
    """The service's own code, in place of one that is drawn."""
    locale: str | None = None
    """The language of the texts, a BCP 47 tag; None: the settings' own."""
    template: str | None = None
    """The name of the text in the settings' templates; None: the settings' `text` and `texts`."""
    brand: str | None = None
    """The service's name for people, for {brand} in a template."""
    client_address: str | None = None
    """The IP address that the user's request came from, as the service says; limits may count by it."""
    challenge_passed: bool = False
    """Whether the service says that the user has passed a challenge, such as a captcha."""


def steps(workflow: Sequence[StepSettings], settings: ConfirmationSettings) -> tuple[Step, ...]:
    """Return the steps of `workflow`, or of the settings' own if it is empty, all waiting, each with its time."""
    asked: Sequence[MethodName | StepSettings] = workflow or settings.methods
    named = [one if isinstance(one, StepSettings) else StepSettings(method=one) for one in asked]
    return tuple(Step(one.method, one.time or own_time(one.method, settings)) for one in named)


def own_time(method: MethodName, settings: ConfirmationSettings) -> int:
    """Return how long a step of `method` lasts that names no time of its own, in milliseconds."""
    time: int | None = getattr(settings.times, method)
    return settings.code_lifetime if time is None else time


def begun(workflow: tuple[Step, ...], index: int, now: int) -> tuple[Step, ...]:
    """Return the workflow with step `index` begun, or going on after a failure with another code."""
    return _with(workflow, index, state=StepState.CURRENT, started_at=now, outcome=None, ended_at=None)


def ended(
    workflow: tuple[Step, ...], index: int, now: int, state: StepState, outcome: str | None = None
) -> tuple[Step, ...]:
    """Return the workflow with step `index` ended in `state`; without an outcome the one that is noted stays."""
    return _with(workflow, index, state=state, outcome=outcome or workflow[index].outcome, ended_at=now)


def noted(workflow: tuple[Step, ...], index: int, outcome: str) -> tuple[Step, ...]:
    """Return the workflow with what has become of step `index`, which goes on."""
    return _with(workflow, index, outcome=outcome)


def time_left(workflow: tuple[Step, ...], index: int) -> int:
    """Return the milliseconds that step `index`, begun now, and all after it last together."""
    return sum(step.time for step in workflow[index:])


def _with(workflow: tuple[Step, ...], index: int, **changes: Any) -> tuple[Step, ...]:
    return (*workflow[:index], replace(workflow[index], **changes), *workflow[index + 1 :])
