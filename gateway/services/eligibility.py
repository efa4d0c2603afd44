"""Whether a service may identify a user, by what the tables say of it at an instant."""

from gateway.services import findings, standing, store
from gateway.services.rules import Rules
from gateway.services.standing import Eligible, Plan, Reason
from smsc_emulator.base.database import Tx


def eligibility(
    tx: Tx, now: int, service_id: str, profile: Rules, number_class: str, operator_id: str | None = None
) -> Eligible | Reason:
    """Return how `service_id` may identify the user of a number at `now`, or why it may not.

    `number_class` is mobile, foreign, satellite or unknown; all but `foreign` pass here, since the routing refuses what
    it cannot route. Without an operator any agreement in force will do (an attempt that is NEW); with one it must be
    that operator's (an attempt in ROUTING), and its `exchange_mode` and `payer` count. An agreement that ends after the
    query was sent changes nothing: ask before the query alone. A service that ought to be listed, and is not, leaves a
    finding against it where the profile warns.
    """
    plan = Plan(store.standing(tx, now, service_id), profile, number_class, operator_id, now)
    if standing.leaves_finding(plan):
        findings.make(tx, now, service_id, "not_listed", profile)
    return standing.decide(plan)
