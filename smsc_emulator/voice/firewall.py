"""An operator's firewall against flash calls: what it counts of the calls from outside, and which rules a call meets.

Flash calls betray themselves: nobody ever answers them, they come from one range, they come fast, and their numbers are
often nobody's. The counts are kept in memory: after a restart the firewall has to learn anew.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from smsc_emulator.voice.settings import FirewallRuleSettings

REMEMBERED = 10_000
"""How many calls each rule looks back over at most."""

CAUSES = {403: 55, 603: 21, 607: 21, 608: 21}
"""The Q.850 cause beside each status that a call is blocked with."""


@dataclass(slots=True, eq=False)
class Sighting:
    """A call from outside as the firewall remembers it."""

    at: int
    caller: str | None
    """The caller's number in international form; None if it is withheld or no number."""
    zero_duration: bool | None = None
    """Whether it ended without an answer; None while it is under way, and for one that the firewall ended itself."""


class Firewall:
    """The rules, and the calls that they count."""

    def __init__(self, rules: Sequence[FirewallRuleSettings], assigned: Callable[[str], bool]) -> None:
        self.rules = list(rules)
        self._assigned = assigned
        self._seen: deque[Sighting] = deque(maxlen=REMEMBERED)

    def judge(self, sighting: Sighting) -> list[FirewallRuleSettings]:
        """Return the rules that the call meets, in their order, up to the first that decides; the call is counted."""
        if not self.rules:
            return []
        self._seen.append(sighting)
        met: list[FirewallRuleSettings] = []
        for rule in self.rules:
            if self._is_met(rule, sighting):
                met.append(rule)
                if rule.decision != "log":
                    break
        return met

    def _is_met(self, rule: FirewallRuleSettings, sighting: Sighting) -> bool:
        caller = sighting.caller
        if rule.callers and not (caller and caller.startswith(tuple(rule.callers))):
            return False
        if rule.unassigned and caller is not None and self._assigned(caller):
            return False
        if rule.velocity is None and rule.zero_duration is None:
            return True
        others = self._of_its_range(rule, sighting)
        if rule.velocity is not None and len(others) <= rule.velocity:
            return False
        if rule.zero_duration is None:
            return True
        ended = [other.zero_duration for other in others if other.zero_duration is not None]
        return len(ended) >= rule.of_calls and sum(ended) >= rule.zero_duration * len(ended)

    def _of_its_range(self, rule: FirewallRuleSettings, sighting: Sighting) -> list[Sighting]:
        """Return the calls of the same range of callers in the rule's time, this one among them."""
        since = sighting.at - rule.within
        same = _range(sighting.caller, rule.range_digits)
        recent = takewhile(lambda other: other.at > since, reversed(self._seen))
        return [other for other in recent if _range(other.caller, rule.range_digits) == same]


def _range(caller: str | None, digits: int) -> str | None:
    return caller if caller is None or not digits else caller[:-digits]
