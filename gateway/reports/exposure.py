"""What a service risks by what was found against it, from the profile's table of fines (S80). No money moves.

A finding that a service is not in the public register has no fine (S39). The first other finding counts by the plain
tier; each later one by the tier for repeated breaches, once that is in force.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from gateway.identification.profiles import Fine
from gateway.reports.history import History
from smsc_emulator.base.durations import instant
from smsc_emulator.base.journal import Event
from smsc_emulator.frozen import frozen

Fines = Callable[[int], Sequence[Fine]]
"""The table of fines at an instant of the lab clock."""

NO_FINE = frozenset({"not_listed"})
"""Kinds of findings that are never fined."""


@frozen
class Risk:
    """What one finding may cost one kind of offender."""

    service_id: str
    finding_id: str
    kind: str
    seq: int
    fine: Fine


def risks(history: History, fines: Fines) -> list[Risk]:
    """Return what each finding may cost each kind of offender, oldest finding first."""
    found: dict[str, list[Event]] = defaultdict(list)
    listed = []
    for event in history.of("finding.made"):
        if event.data.get("kind") in NO_FINE:
            continue
        before = found[str(event.data.get("service_id"))]
        listed += [_risk(event, fine) for fine in tiers(fines(event.at), event.at, repeat=bool(before))]
        before.append(event)
    return listed


def tiers(fines: Sequence[Fine], at: int, *, repeat: bool) -> list[Fine]:
    """Return the tier for each kind of offender at an instant; for repeated breaches their own, once there is one."""
    begun = [fine for fine in fines if fine.since is None or instant(fine.since.isoformat()) <= at]
    again = {fine.offender for fine in begun if fine.repeat and repeat}
    return [fine for fine in begun if fine.repeat == (fine.offender in again)]


def _risk(event: Event, fine: Fine) -> Risk:
    return Risk(str(event.data.get("service_id")), event.subject, str(event.data.get("kind")), event.seq, fine)


def totals(found: list[Risk]) -> list[tuple[str, str, str, int, int]]:
    """Return (service, offender, currency, lowest sum, highest sum)."""
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for risk in found:
        line = sums[risk.service_id, risk.fine.offender, risk.fine.currency]
        line[0] += risk.fine.low
        line[1] += risk.fine.high
    return [(*key, low, high) for key, (low, high) in sorted(sums.items())]


def snapshot(found: list[Risk]) -> dict[str, Any]:
    """Return the report as plain JSON."""
    return {
        "risks": [
            {
                "service_id": risk.service_id,
                "finding_id": risk.finding_id,
                "kind": risk.kind,
                "seq": risk.seq,
                "part": risk.fine.part,
                "offender": risk.fine.offender,
                "repeat": risk.fine.repeat,
                "low": risk.fine.low,
                "high": risk.fine.high,
                "currency": risk.fine.currency,
            }
            for risk in found
        ],
        "totals": [
            {"service_id": service, "offender": offender, "currency": currency, "low": low, "high": high}
            for service, offender, currency, low, high in totals(found)
        ],
    }


def text(found: list[Risk]) -> str:
    """Return the report for people."""
    if not found:
        return "nothing was found that has a fine\n"
    lines = []
    for risk in found:
        again = ", repeated" if risk.fine.repeat else ""
        span = f"{risk.fine.low} to {risk.fine.high} {risk.fine.currency}"
        lines.append(f"{risk.service_id}: {risk.kind} (journal {risk.seq}): {risk.fine.part}{again}, ")
        lines[-1] += f"{risk.fine.offender}: {span}"
    for service, offender, currency, low, high in totals(found):
        lines.append(f"{service}, as {offender}: {low} to {high} {currency} in all")
    return "\n".join(lines) + "\n"
