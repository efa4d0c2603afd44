"""How a rule is judged: by cases, each of which keeps it or breaks it, with the places in the journal that show it."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Literal

from gateway.identification.profiles import Profile
from gateway.reports.history import History, Trace
from smsc_emulator.base.journal import Event
from smsc_emulator.frozen import frozen

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


@frozen
class Case:
    """One occasion on which a rule was kept or broken, or `count` that were counted together.

    `seqs` are places in the journal.
    """

    holds: bool
    seqs: tuple[int, ...] = ()
    count: int = 1


Check = Callable[[History], Iterable[Case]]


@frozen
class Rule:
    """A row of the specification's first part."""

    id: str
    sentence: str
    liable: Liable
    """Who answers for it before the law, whoever caused a breach (S17)."""
    check: Check | None = None
    basis: Basis = "events"


@frozen
class Judged:
    """A rule with what is said of it."""

    rule: Rule
    cases: int = 0
    broken: int = 0
    evidence: tuple[int, ...] = ()
    """The latest places in the journal: of breaches if there are any, else of all cases."""
    places: int = 0
    """How many such places there are, of which the evidence is a part."""

    @property
    def outcome(self) -> Outcome:
        """What is said of the rule: one breach is enough to fail."""
        if not self.cases:
            return Outcome.NOT_EXERCISED
        return Outcome.FAIL if self.broken else Outcome.PASS

    def __add__(self, later: "Judged") -> "Judged":
        """Return what two parts of a history say of the rule, the later part second."""
        shown = [each for each in (self, later) if bool(each.broken) == bool(self.broken or later.broken)]
        evidence = tuple(dict.fromkeys(seq for each in shown for seq in each.evidence))[-EVIDENCE:]
        cases, places = self.cases + later.cases, sum(each.places for each in shown)
        return Judged(self.rule, cases, self.broken + later.broken, evidence, places)


def judge(rule: Rule, history: History) -> Judged:
    """Return what the history, or a part of it, says of a rule."""
    cases = [] if rule.check is None else list(rule.check(history))
    broken = [case for case in cases if not case.holds]
    seqs = tuple(dict.fromkeys(seq for case in broken or cases for seq in case.seqs))
    counted, failed = (sum(case.count for case in each) for each in (cases, broken))
    return Judged(rule, counted, failed, seqs[-EVIDENCE:], len(seqs))


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
    return lambda history: [Case(holds())] if history.whole else []


def counted(row: str) -> Check:
    """Return a check of what the database counted, where cases are made of attempts far from each other."""

    def check(history: History) -> Iterator[Case]:
        found = history.tallies.get(row)
        if found is None or not found.cases:
            return
        if found.broken:
            yield Case(False, found.seqs, found.broken)
        if found.cases > found.broken:
            yield Case(True, () if found.broken else found.seqs, found.cases - found.broken)

    return check


def several(*checks: Check) -> Check:
    """Return a check whose cases are those of all of them."""

    def check(history: History) -> Iterator[Case]:
        for each in checks:
            yield from each(history)

    return check
