"""The report on conformance: every rule with what the journal says of it, and who answers for it."""

from collections import Counter
from typing import Any

from gateway.reports.history import History, Trace
from gateway.reports.judging import Judged, Outcome, judge
from gateway.reports.rules import RULES
from smsc_emulator.base.durations import iso
from smsc_emulator.frozen import frozen

MARKS = {Outcome.PASS: "pass", Outcome.FAIL: "FAIL", Outcome.NOT_EXERCISED: "-"}
"""How the outcomes are written for people."""

REASONS = {
    "events": "nothing of the kind has happened here",
    "design": "there is nothing to judge here",
    "context": "the source asks for nothing that can be seen",
    "tests": "it leaves no trace in the journal; the product's tests hold it",
}
"""Why a rule was not exercised, by what its judgement rests on."""


DRAWN = 200
"""How many attempts are kept to be drawn: the youngest."""


@frozen
class Conformance:
    """What is said of each rule, at an instant of the lab clock; of all of a history or of parts that are added up."""

    at: int
    rules: tuple[Judged, ...]
    refusals: dict[str, int]
    """How many attempts were refused for which reason; want of an answer is counted apart from the rest (S93)."""
    attempts: int
    last_seq: int
    youngest: tuple[Trace, ...]

    @classmethod
    def of(cls, history: History) -> "Conformance":
        """Judge every rule."""
        refused = Counter(str(trace.told("reason")) for trace in history.traces if trace.states[-1] == "refused")
        return cls(
            history.now,
            tuple(judge(rule, history) for rule in RULES),
            dict(sorted(refused.items())),
            len(history.traces),
            history.events[-1].seq if history.events else 0,
            history.traces[-DRAWN:],
        )

    def __add__(self, later: "Conformance") -> "Conformance":
        """Return what is said of two parts of a history, the later part second."""
        return Conformance(
            later.at,
            tuple(one + other for one, other in zip(self.rules, later.rules, strict=True)),
            dict(sorted((Counter(self.refusals) + Counter(later.refusals)).items())),
            self.attempts + later.attempts,
            later.last_seq or self.last_seq,
            (*self.youngest, *later.youngest)[-DRAWN:],
        )

    def count(self, outcome: Outcome) -> int:
        """Return how many rules have an outcome."""
        return sum(each.outcome is outcome for each in self.rules)

    @property
    def summary(self) -> str:
        """The counts in a sentence for people."""
        told = ", ".join(f"{self.count(outcome)} {outcome.value}" for outcome in Outcome)
        return f"{len(self.rules)} rules: {told}; {self.attempts} attempts, at {iso(self.at)} of the lab clock"

    def text(self) -> str:
        """Return the report for people: a line for each rule."""
        lines = [self.summary]
        for each in self.rules:
            rule = each.rule
            lines.append(f"{rule.id:5}{MARKS[each.outcome]:5}{rule.sentence}. Liable: {rule.liable}. {remark(each)}")
        if self.refusals:
            told = ", ".join(f"{count} {reason}" for reason, count in self.refusals.items())
            lines.append(f"refused: {told}; the service is liable for each of them, whoever caused it")
        return "\n".join(lines) + "\n"

    def snapshot(self) -> dict[str, Any]:
        """Return the report as plain JSON."""
        return {
            "at": iso(self.at),
            "last_seq": self.last_seq,
            "attempts": self.attempts,
            "passed": self.count(Outcome.PASS),
            "failed": self.count(Outcome.FAIL),
            "not_exercised": self.count(Outcome.NOT_EXERCISED),
            "refusals": self.refusals,
            "rules": [
                {
                    "id": each.rule.id,
                    "sentence": each.rule.sentence,
                    "outcome": each.outcome.value.replace(" ", "_"),
                    "liable": each.rule.liable,
                    "basis": each.rule.basis,
                    "cases": each.cases,
                    "broken": each.broken,
                    "evidence": list(each.evidence),
                    "places": each.places,
                    "remark": remark(each),
                }
                for each in self.rules
            ],
        }


def remark(judged: Judged) -> str:
    """Return how many cases there were, or why there are none, and where the journal shows them."""
    if judged.outcome is Outcome.NOT_EXERCISED:
        return f"Not exercised: {REASONS[judged.rule.basis]}."
    if judged.rule.basis == "design":
        return "By design."
    cases = f"{judged.cases} case{'s' * (judged.cases != 1)}"
    counted = f"{judged.broken} broken of {cases}" if judged.broken else cases
    shown = f"; journal {', '.join(map(str, judged.evidence))}" if judged.evidence else ""
    more = f" (the latest {len(judged.evidence)} of {judged.places})" if judged.places > len(judged.evidence) else ""
    return f"{counted}{shown}{more}."
