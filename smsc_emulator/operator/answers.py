"""What an operator answers about a number: pure, from the contract in force, the operator's policies and a query.

The rules do not settle what a line of a legal entity, of a minor or of nobody who was verified counts as; the terms of
all operators have an answer for each (S56, S57, S58), unless an operator is set to another. In match mode the answer
also says, attribute by attribute, whether what the user said of himself is what the contract says: `true`, `false`, or
`not_available` where the contract, or the operator, does not say. The attributes themselves are in no answer (S59).
"""

from collections.abc import Collection, Mapping

from smsc_emulator.operator.behaviour import Behaviour, Policy, Terms
from smsc_emulator.operator.messages import Match
from smsc_emulator.operator.settings import Answer
from smsc_emulator.operator.subscribers import Subscriber

PRESENT, ABSENT = "PRESENT", "ABSENT"

_UNVERIFIED = ("missing", "fake")
_RESULTS: Mapping[Policy, str] = {"present": PRESENT, "absent": ABSENT}


def opposite(result: str) -> str:
    """Return the other one of the two results."""
    return ABSENT if result == PRESENT else PRESENT


def result(answer: Answer, subscriber: Subscriber | None, behaviour: Behaviour, terms: Terms) -> str:
    """Return PRESENT or ABSENT, as `answer` says or, by truth, as the contract with this operator says, if any."""
    if answer != "truth":
        return answer.upper()
    if subscriber is None:
        return ABSENT
    return _RESULTS[_policy(subscriber, behaviour, terms)]


def _policy(subscriber: Subscriber, behaviour: Behaviour, terms: Terms) -> Policy:
    if subscriber.owner == "unverified" or subscriber.kyc in _UNVERIFIED:
        return behaviour.gray or terms.gray
    if subscriber.owner == "corporate" and not subscriber.end_user_known:
        return behaviour.corporate or terms.corporate
    if subscriber.owner == "minor":
        return behaviour.minor or terms.minor
    return "present"


def match(subscriber: Subscriber | None, said: Mapping[str, str], compared: Collection[str]) -> dict[str, Match]:
    """Return what each attribute that was `said` amounts to; only those in `compared` are looked at.

    The contract of a third person, or of a minor's parent, has the attributes of its owner, so the user's do not fit.
    """
    return {
        name: _fits(subscriber, name, value) if name in compared else "not_available" for name, value in said.items()
    }


def _fits(subscriber: Subscriber | None, name: str, said: str) -> Match:
    known = None if subscriber is None or not _describes_somebody(subscriber) else getattr(subscriber.person, name)
    if known is None:
        return "not_available"
    return "true" if _plain(known) == _plain(said) else "false"


def _describes_somebody(subscriber: Subscriber) -> bool:
    """Whether the contract tells of a person whose identity was checked."""
    if subscriber.owner == "corporate":
        return subscriber.end_user_known
    return subscriber.owner != "unverified" and subscriber.kyc not in _UNVERIFIED


def _plain(text: str) -> str:
    """Return a name without what people write now so, now so: case, spaces around it, and the dots of the letter Ё."""
    return " ".join(text.casefold().replace("\N{CYRILLIC SMALL LETTER IO}", "\N{CYRILLIC SMALL LETTER IE}").split())
