"""How a rule is judged: by cases, each of which keeps it or breaks it, with the places in the journal that show it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from gateway.identification.profiles import Profile
from gateway.reports.history import History, Trace
from smsc_emulator.base.journal import Event

EVIDENCE = 10
"""How many places in the journal are shown for a rule."""


class Outcome(StrEnum):
    """What is said of a rule."""

    PASS = "pass"  # noqa: S105 - a word of the report, no password
    FAIL = "fail"
    NOT_EXERCISED = "not exercised"


Basis = Literal["events", "design", "context", "tests"]
"""What the judgement rests on: events of the journal; the shape of the data and the profiles; nothing, since the source
asks for nothing that can be seen; or nothing here, since no event tells of it and the product's own tests hold it."""

Liable = Literal["service", "operator", "regulator", "gateway", "nobody"]


@dataclass(frozen=True, slots=True)
class Case:
    """One occasion on which a rule was kept or broken. `seqs` are places in the journal."""

    holds: bool
    seqs: tuple[int, ...] = ()


Check = Callable[[History], Iterable[Case]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the specification's first part."""

    id: str
    sentence: str
    liable: Liable
    """Who answers for it before the law, whoever caused a breach (S17)."""
    check: Check | None = None
    basis: Basis = "events"


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule with what is said of it."""

    rule: Rule
    outcome: Outcome
    cases: int
    broken: int
    evidence: tuple[int, ...]
    """Places in the journal: of breaches if there are any, else of the latest cases."""


def judge(rule: Rule, history: History) -> Judged:
    """Return what the history says of a rule."""
    cases = [] if rule.check is None else list(rule.check(history))
    broken = [case for case in cases if not case.holds]
    if not cases:
        return Judged(rule, Outcome.NOT_EXERCISED, 0, 0, ())
    shown = (broken or cases)[-EVIDENCE:]
    evidence = tuple(dict.fromkeys(seq for case in shown for seq in case.seqs))[-EVIDENCE:]
    return Judged(rule, Outcome.FAIL if broken else Outcome.PASS, len(cases), len(broken), evidence)


# What many checks are made of.


def seen(*types: str, when: Callable[[Event], bool] = lambda _event: True) -> Check:
    """Return a check that such events show to be kept: something that has to be possible was done."""
    return lambda history: [Case(True, (event.seq,)) for event in history.of(*types) if when(event)]


def attempts(when: Callable[[Trace], bool], holds: Callable[[Trace], bool] = lambda _trace: True) -> Check:
    """Return a check of all attempts that `when` picks."""
    return lambda history: [Case(holds(each), each.seqs) for each in history.traces if when(each)]


def refused(reason: str, holds: Callable[[Trace], bool] = lambda _trace: True) -> Check:
    """Return a check of the attempts that were refused for a reason."""
    return attempts(lambda trace: trace.told("reason") == reason, holds)


def profiles(holds: Callable[[Profile], bool]) -> Check:
    """Return a check of the profiles in force."""
    return lambda history: [Case(holds(profile)) for profile in history.in_force]


def always(holds: Callable[[], bool]) -> Check:
    """Return a check of the product itself."""
    return lambda _history: [Case(holds())]


def several(*checks: Check) -> Check:
    """Return a check whose cases are those of all of them."""

    def check(history: History) -> Iterator[Case]:
        for each in checks:
            yield from each(history)

    return check
