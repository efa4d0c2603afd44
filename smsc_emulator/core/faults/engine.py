"""The rules in force, and how often each has fired."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from smsc_emulator.base.randomness import Randomness, SeededRandomness
from smsc_emulator.core.faults.fault import MOST_SENDINGS, Fault, NetworkFault, Plan, ReceiptFault, Sending, WireFault
from smsc_emulator.core.faults.sight import Sight
from smsc_emulator.handsets.states import Outcome
from smsc_emulator.smpp.pdus import Pdu

MOST_RULES = 1_000
"""How many rules may be in force at once."""

MOST_ORIGINS = 10_000
"""How many requests are remembered with their links; the oldest are forgotten first."""

Fired = Callable[["Rule", Sight], None]


class NoSuchFaultError(LookupError):
    """There is no rule with this id."""


class TooManyFaultsError(Exception):
    """So many rules are in force that no more are taken."""


@dataclass(slots=True)
class _Tally:
    """What one rule has seen of one account."""

    randomness: Randomness
    fitted: int = 0
    fired: int = 0


@dataclass(slots=True)
class Rule:
    """A fault in force."""

    id: str
    fault: Fault
    _seed: str
    _tallies: dict[str, _Tally] = field(default_factory=dict)

    @property
    def fitted(self) -> int:
        """How many PDUs or receipts fitted its keys."""
        return sum(tally.fitted for tally in self._tallies.values())

    @property
    def fired(self) -> int:
        """How many times it fired."""
        return sum(tally.fired for tally in self._tallies.values())

    def fires(self, sight: Sight) -> bool:
        """Count what is seen, and decide.

        Each account has counts and a generator of its own, so that what one ESME meets does not depend on another.
        """
        when = self.fault.when
        if not when.fits(sight):
            return False
        tally = self._tallies.get(sight.account)
        if tally is None:
            tally = self._tallies[sight.account] = _Tally(SeededRandomness(f"{self._seed}/{sight.account}/{self.id}"))
        tally.fitted += 1
        if tally.fitted % when.every or when.nth not in (None, tally.fitted):
            return False
        if when.times is not None and tally.fired >= when.times:
            return False
        if when.probability < 1 and tally.randomness.fraction() >= when.probability:
            return False
        tally.fired += 1
        return True


class Faults:
    """The rules of one SMSC. `active` is all that is looked at while there are none."""

    def __init__(self, seed: str, rules: Iterable[Fault], fired: Fired) -> None:
        self._seed = seed
        self._told = fired
        self._rules: dict[str, Rule] = {}
        self._ids = count(1)
        self._origins: OrderedDict[int, tuple[Pdu, object]] = OrderedDict()
        self.active = False
        for fault in rules:
            self.add(fault)

    def rules(self) -> list[Rule]:
        """Return the rules in force, in the order they were added."""
        return list(self._rules.values())

    def add(self, fault: Fault) -> Rule:
        """Put a rule in force; TooManyFaultsError if there are MOST_RULES."""
        if len(self._rules) >= MOST_RULES:
            raise TooManyFaultsError(f"{MOST_RULES} rules are in force; delete some first")
        rule = Rule(f"flt_{next(self._ids)}", fault, self._seed)
        self._rules[rule.id] = rule
        self.active = True
        return rule

    def get(self, rule_id: str) -> Rule:
        """Return a rule; NoSuchFaultError if there is none."""
        try:
            return self._rules[rule_id]
        except KeyError:
            raise NoSuchFaultError(f"There is no fault {rule_id!r}.") from None

    def remove(self, rule_id: str) -> None:
        """Take a rule out of force; NoSuchFaultError if there is none."""
        del self._rules[self.get(rule_id).id]
        self.active = bool(self._rules)

    def clear(self) -> None:
        """Take all rules out of force, and number the next ones from 1: what is added again replays."""
        self._rules.clear()
        self._origins.clear()
        self._ids = count(1)
        self.active = False

    def note_origin(self, pdu: Pdu, link: object) -> None:
        """Remember the link that a request came by, for a rule that has its receipt avoid that one."""
        if any(rule.fault.avoids_origin for rule in self._rules.values()):
            self._origins[id(pdu)] = pdu, link
            if len(self._origins) > MOST_ORIGINS:
                self._origins.popitem(last=False)

    def origin(self, pdu: Pdu) -> object:
        """Return the link that a request came by, or None if it is not known any more."""
        kept, link = self._origins.get(id(pdu), (None, None))
        return link if kept is pdu else None

    def plan(self, sight: Sight) -> Plan:
        """Decide what becomes of a PDU on a link."""
        plan = Plan()
        for rule in self._rules.values():
            if isinstance(rule.fault, WireFault) and rule.fires(sight):
                plan = rule.fault.bend(plan)
                self._told(rule, sight)
        return plan

    def fate(self, sight: Sight) -> Outcome | None:
        """Decide what becomes of a message in the network; None without faults: its handset decides."""
        for rule in self._rules.values():
            if isinstance(rule.fault, NetworkFault) and rule.fires(sight):
                self._told(rule, sight)
                return rule.fault.fate()
        return None

    def sendings(self, sight: Sight) -> list[Sending]:
        """Decide how a receipt is sent: once, without faults."""
        sendings = [Sending()]
        for rule in self._rules.values():
            if isinstance(rule.fault, ReceiptFault) and rule.fires(sight):
                # Each rule may double what the ones before it send; many of them must not fill the memory.
                sendings = rule.fault.bend(sendings)[:MOST_SENDINGS]
                self._told(rule, sight)
        return sendings
