"""What stands in the way of an attempt: each line of the rules as data, with both of its sides."""

from typing import Any

import pytest

from gateway.identification.profiles import Profile
from gateway.services.standing import (
    Agreement,
    Eligible,
    Features,
    Plan,
    Reason,
    Service,
    Standing,
    decide,
    is_im_service,
    leaves_finding,
)

NOW = 1_767_268_800_000
SIGNED = Agreement("alpha", "signed")


def plan(
    service: dict[str, Any] | None = None,
    agreements: tuple[Agreement, ...] = (),
    *,
    listed: bool = True,
    blocked: bool = False,
    number_class: str = "mobile",
    operator_id: str | None = None,
    **keys: Any,
) -> Plan:
    described = Service("demo", "Demo", **{"any_operator": False, **(service or {})})
    return Plan(
        Standing(described, listed, blocked, agreements),
        Profile(name="test", title="Test", **keys),
        number_class,
        operator_id,
        NOW,
    )


@pytest.mark.parametrize(
    ("features", "fits"),
    [
        (Features(True, True, False), True),
        (Features(False, True, False), False),
        (Features(True, False, False), False),
        (Features(True, True, True), False),
        (Features(None, True, False), None),
        (Features(True, True, None), None),
        (Features(None, None, None), None),
        (Features(None, True, True), False),
        (Features(None, False, None), False),
    ],
)
def test_the_definition_fits_when_all_its_features_do_and_one_that_does_not_is_enough_against_it(features, fits):
    assert is_im_service(features) is fits


@pytest.mark.parametrize(
    ("agreement", "in_force"),
    [
        (Agreement("alpha", "none"), False),
        (Agreement("alpha", "signed"), True),
        (Agreement("alpha", "signed", valid_from=NOW), True),
        (Agreement("alpha", "signed", valid_from=NOW + 1), False),
        (Agreement("alpha", "signed", valid_to=NOW + 1), True),
        (Agreement("alpha", "signed", valid_to=NOW), False),
        (Agreement("alpha", "negotiating"), False),
        (Agreement("alpha", "negotiating", grace_until=NOW), True),
        (Agreement("alpha", "negotiating", grace_until=NOW - 1), False),
        (Agreement("alpha", "none", grace_until=NOW + 1), False),
    ],
)
def test_an_agreement_is_in_force_from_its_first_instant_to_before_its_last_and_one_in_negotiation_by_grace(
    agreement, in_force
):
    assert agreement.in_force(NOW) is in_force


DOMESTIC, ITSELF = {"residency": "domestic"}, {"residency": "domestic", "mode": "self"}


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        (plan(), Reason.NO_AGREEMENT),
        (plan({}, (SIGNED,)), "operator"),
        (plan({}, (SIGNED,), operator_id="alpha"), "operator"),
        (plan({}, (SIGNED,), operator_id="beta"), Reason.NO_AGREEMENT),
        (plan({}, (Agreement("alpha", "negotiating"),)), Reason.NO_AGREEMENT),
        (plan({}, (Agreement("alpha", "negotiating", grace_until=NOW),)), "operator"),
        (plan({}, agreement_required_for="none"), "operator"),
        (plan(DOMESTIC), "operator"),
        (plan(DOMESTIC, agreement_required_for="all"), Reason.NO_AGREEMENT),
        (plan(ITSELF), "self"),
        (plan(ITSELF, agreement_required_for="all"), "self"),
        (plan(ITSELF, domestic_self_id="denied"), "operator"),
        (plan({"mode": "self"}, (SIGNED,)), "operator"),
        (plan({"any_operator": True}, operator_id="beta"), "operator"),
        (plan({"any_operator": True}, (Agreement("beta", "none"),), operator_id="beta"), Reason.NO_AGREEMENT),
        (plan({"any_operator": True}, (Agreement("beta", "none"),)), "operator"),
        (plan(mode="confirm_only"), "confirm_only"),
        (plan(mode="no_procedure"), "no_procedure"),
        (plan(mode="self"), "self"),
    ],
)
def test_who_is_asked_follows_from_the_profile_the_residency_and_the_agreement(case, outcome):
    decided = decide(case)
    assert (decided.mode if isinstance(decided, Eligible) else decided) == outcome


@pytest.mark.parametrize(
    ("number_class", "keys", "outcome"),
    [
        ("foreign", {}, Reason.FOREIGN_NUMBER),
        ("foreign", {"foreign_number": "confirm_only"}, "confirm_only"),
        ("foreign", {"foreign_number": "query_home_operator"}, Reason.FOREIGN_NUMBER),
        ("foreign", {"foreign_number": "query_home_operator", "foreign_operator": "participates"}, "operator"),
        ("foreign", {"foreign_operator": "participates"}, Reason.FOREIGN_NUMBER),
        ("mobile", {}, "operator"),
        ("satellite", {}, "operator"),
        ("unknown", {}, "operator"),
    ],
)
def test_a_foreign_number_is_refused_confirmed_alone_or_asked_about_at_home_as_the_profile_says(
    number_class, keys, outcome
):
    decided = decide(plan({"any_operator": True}, number_class=number_class, **keys))
    assert (decided.mode if isinstance(decided, Eligible) else decided) == outcome


@pytest.mark.parametrize("kind", ["federated", "p2p"])
def test_a_service_without_an_organiser_has_nobody_responsible_or_is_bound_by_nothing(kind):
    assert decide(plan({"kind": kind}, (SIGNED,))) is Reason.NO_RESPONSIBLE_PARTY
    unbound = decide(plan({"kind": kind}, federated_service="unbound"))
    assert isinstance(unbound, Eligible)
    assert unbound.mode == "confirm_only"


IM, NOT_IM, UNKNOWN = Features(), Features(public_posting=True), Features(None, None, None)


@pytest.mark.parametrize(
    ("features", "listed", "policy", "outcome", "finding"),
    [
        (IM, True, "warn", "operator", False),
        (IM, True, "refuse", "operator", False),
        (IM, False, "pass_through", "operator", False),
        (IM, False, "warn", "operator", True),
        (IM, False, "refuse", Reason.SERVICE_NOT_LISTED, False),
        (NOT_IM, True, "refuse", "operator", False),
        (NOT_IM, False, "warn", "operator", False),
        (NOT_IM, False, "refuse", "operator", False),
        (UNKNOWN, True, "refuse", "operator", False),
        (UNKNOWN, False, "warn", "operator", False),
        (UNKNOWN, False, "refuse", Reason.SERVICE_NOT_LISTED, False),
    ],
)
def test_the_definition_and_the_register_are_two_things_and_a_finding_needs_the_one_without_the_other(
    features, listed, policy, outcome, finding
):
    case = plan({"features": features}, (SIGNED,), listed=listed, not_listed_service=policy)
    decided = decide(case)
    assert (decided.mode if isinstance(decided, Eligible) else decided) == outcome
    assert leaves_finding(case) is finding


def test_a_block_stands_in_the_way_of_everything_but_the_want_of_an_organiser():
    assert decide(plan({}, (SIGNED,), blocked=True)) is Reason.SERVICE_BLOCKED
    assert decide(plan(blocked=True, listed=False, number_class="foreign")) is Reason.SERVICE_BLOCKED
    assert decide(plan({"kind": "p2p"}, blocked=True)) is Reason.NO_RESPONSIBLE_PARTY


def test_what_is_asked_and_who_pays_is_the_agreements_word_or_else_the_profiles():
    agreed = Agreement("alpha", "signed", exchange_mode="match", payer="split")
    assert decide(plan({}, (agreed,), operator_id="alpha", payer="user")) == Eligible("operator", "match", "split")
    assert decide(plan({}, (SIGNED,), operator_id="alpha", payer="user")) == Eligible("operator", "presence", "user")
