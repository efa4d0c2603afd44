"""The rules: each that events can show is seen kept, broken and not exercised."""

import pytest

from gateway.reports.conformance import Conformance
from gateway.reports.judging import Outcome, judge
from gateway.reports.rules import RULES
from smsc_emulator.base.durations import HOUR, MINUTE, iso

BY_ID = {rule.id: rule for rule in RULES}


def outcome(story, rule, **facts):
    return judge(BY_ID[rule], story.history(**facts)).outcome


def judged(story, rule):
    return judge(BY_ID[rule], story.history())


def test_every_row_of_the_specification_has_one_line_in_its_order_but_s74():
    assert [rule.id for rule in RULES] == [f"S{number:02}" for number in range(1, 102) if number != 74]
    assert all(rule.sentence and rule.sentence[-1] != "." for rule in RULES)
    assert all((rule.check is None) == (rule.basis in ("tests", "context")) for rule in RULES)


def test_where_nothing_happened_no_rule_is_broken_and_none_that_needs_events_is_kept(story):
    report = Conformance.of(story.history())
    assert report.count(Outcome.FAIL) == 0
    kept = {each.rule.basis for each in report.rules if each.outcome is Outcome.PASS}
    assert kept == {"design"}


def test_the_good_way_keeps_the_core_rules_and_breaks_none(story):
    story.identify(confirmation={"id": "cnf_1"})
    story.tell("confirmation.confirmed", "cnf_1", confirmation={"method": "sms_code", "proof": {"method": "sms_code"}})
    report = Conformance.of(story.history())
    assert [each.rule.id for each in report.rules if each.outcome is Outcome.FAIL] == []
    kept = {each.rule.id for each in report.rules if each.outcome is Outcome.PASS}
    assert {"S01", "S02", "S18", "S22", "S23", "S24", "S66", "S87"} <= kept


def test_who_is_identified_without_a_verdict_breaks_the_first_rule_and_the_evidence_shows_where(story):
    for state in ("created", "confirming", "routing", "pending", "registering"):
        story.step("idn_1", state)
    last = story.step("idn_1", "identified")
    found = judged(story, "S01")
    assert (found.outcome, found.broken, found.evidence[-1]) == (Outcome.FAIL, 1, last)


def test_a_service_that_identifies_by_itself_needs_no_verdict_and_asks_nobody(story):
    for state in ("created", "confirming", "identified"):
        story.step("idn_1", state, mode="self")
    assert outcome(story, "S01") is Outcome.NOT_EXERCISED
    assert outcome(story, "S32") is Outcome.PASS
    story.tell("lookup.query_sent", "req_1", attempt_id="idn_1")
    assert outcome(story, "S32") is Outcome.FAIL


@pytest.mark.parametrize(("late", "expected"), [(0, Outcome.PASS), (1, Outcome.FAIL)])
def test_the_instant_of_the_deadline_is_in_time(story, late, expected):
    story.step("idn_1", "created")
    story.step("idn_1", "pending")
    story.now += 20 * MINUTE + late
    story.verdict("idn_1", "PRESENT")
    assert outcome(story, "S02") is expected


def test_grace_is_counted_where_the_profile_has_it(story):
    story.profile = story.profile.model_copy(update={"grace_ms": 5})
    story.step("idn_1", "created")
    story.step("idn_1", "pending")
    story.now += 20 * MINUTE + 5
    story.verdict("idn_1", "PRESENT")
    assert outcome(story, "S02") is Outcome.PASS


def test_an_attempt_that_waits_past_its_deadline_breaks_the_rule_of_silence(story):
    story.step("idn_1", "created")
    story.step("idn_1", "pending")
    assert outcome(story, "S04") is Outcome.NOT_EXERCISED
    story.now += 21 * MINUTE
    assert outcome(story, "S04") is Outcome.FAIL
    story.step("idn_1", "refused", reason="no_answer", responsible="operator")
    assert outcome(story, "S04") is Outcome.PASS
    assert (outcome(story, "S48"), outcome(story, "S17")) == (Outcome.PASS, Outcome.PASS)


def test_absent_never_identifies(story):
    story.identify()
    assert outcome(story, "S03") is Outcome.NOT_EXERCISED
    story.verdict("idn_1", "ABSENT")
    assert outcome(story, "S03") is Outcome.FAIL


@pytest.mark.parametrize(
    ("rule", "facts", "expected"),
    [
        ("S06", {"codes": 3, "distinct_codes": 3}, Outcome.PASS),
        ("S06", {"codes": 3, "distinct_codes": 2}, Outcome.FAIL),
        ("S06", {}, Outcome.NOT_EXERCISED),
        ("S29", {"queries": 2, "query_charges": 2}, Outcome.PASS),
        ("S29", {"queries": 2, "query_charges": 1}, Outcome.FAIL),
        ("S95", {"charged": 10, "owed": 10}, Outcome.PASS),
        ("S95", {"charged": 10, "owed": 9}, Outcome.FAIL),
    ],
)
def test_counts_of_rows_are_judged_too(story, rule, facts, expected):
    assert outcome(story, rule, **facts) is expected


def test_a_notice_that_is_late_or_never_comes_is_the_operators_breach(story):
    story.tell("notice.received", "ntc_1", operator_id="alpha", reason="ended")
    assert outcome(story, "S10") is Outcome.PASS
    breach = story.tell("breach.recorded", "bre_1", rule="T_notice", side="operator", party="alpha", about="ntc_2")
    found = judged(story, "S10")
    assert (found.outcome, found.evidence, found.rule.liable) == (Outcome.FAIL, (breach,), "operator")


@pytest.mark.parametrize(("after", "expected"), [(20 * MINUTE, Outcome.PASS), (20 * MINUTE + 1, Outcome.FAIL)])
def test_a_recheck_has_its_time(story, after, expected):
    due = iso(story.now + 20 * MINUTE)
    story.tell("binding.recheck", "bnd_1", service_id="demo", binding={"recheck_due_at": due})
    story.now += after
    story.tell("binding.suspended", "bnd_1", service_id="demo", binding={})
    assert outcome(story, "S11") is expected


def test_a_recheck_that_is_under_way_is_not_judged_before_its_time(story):
    due = iso(story.now + 20 * MINUTE)
    story.tell("binding.recheck", "bnd_1", service_id="demo", binding={"recheck_due_at": due})
    assert outcome(story, "S11") is Outcome.NOT_EXERCISED
    story.now += HOUR
    assert outcome(story, "S11") is Outcome.FAIL


def test_a_suspended_user_has_no_session_left(story):
    story.tell("session.opened", "ses_1", service_id="demo", session={"binding_id": "bnd_1"})
    story.tell("binding.suspended", "bnd_1", service_id="demo", binding={})
    assert outcome(story, "S13") is Outcome.FAIL
    story.tell("session.ended", "ses_1", service_id="demo", session={"binding_id": "bnd_1"})
    assert outcome(story, "S13") is Outcome.PASS


def test_a_refused_recheck_after_a_notice_suspends(story):
    story.step("idn_1", "created", cause="terminated", rechecks="bnd_1")
    story.step("idn_1", "refused", cause="terminated", rechecks="bnd_1", reason="absent", responsible="user")
    assert outcome(story, "S12") is Outcome.FAIL
    story.tell("binding.suspended", "bnd_1", service_id="demo", binding={})
    assert outcome(story, "S12") is Outcome.PASS


def test_without_an_agreement_nothing_goes_to_the_operator(story):
    story.step("idn_1", "created")
    story.step("idn_1", "refused", reason="no_agreement", responsible="service")
    assert outcome(story, "S33") is Outcome.PASS
    story.tell("lookup.query_sent", "req_1", attempt_id="idn_1")
    assert outcome(story, "S33") is Outcome.FAIL


def test_a_block_stops_its_own_service_and_no_other(story):
    story.tell("service.blocked", "demo", blocked_from=iso(story.now))
    story.now += 1
    story.step("idn_1", "created")
    story.step("idn_1", "refused", reason="service_blocked", responsible="service")
    assert (outcome(story, "S79"), outcome(story, "S45")) == (Outcome.PASS, Outcome.PASS)
    story.tell("service.restored", "demo")
    story.now += 1
    story.identify("idn_2")
    assert (outcome(story, "S79"), outcome(story, "S45")) == (Outcome.PASS, Outcome.NOT_EXERCISED)
    story.step("idn_3", "created")
    story.step("idn_3", "refused", reason="service_blocked", responsible="service")
    assert outcome(story, "S86") is Outcome.FAIL


def test_an_attribute_of_a_person_in_any_event_is_found(story):
    story.identify()
    assert outcome(story, "S66") is Outcome.PASS
    seq = story.tell("webhook.delivered", "x", body={"user": [{"family_name": "Synthetic"}]})
    assert (judged(story, "S66").outcome, judged(story, "S66").evidence) == (Outcome.FAIL, (seq,))


def test_an_attempt_that_changes_its_profile_breaks_the_rule(story):
    story.step("idn_1", "created")
    assert outcome(story, "S87") is Outcome.PASS
    story.step("idn_1", "confirming", profile="other")
    story.step("idn_1", "refused")
    assert outcome(story, "S87") is Outcome.FAIL


def test_the_whole_procedure_has_its_time_where_the_profile_says_so(story):
    story.identify()
    assert outcome(story, "S20") is Outcome.NOT_EXERCISED
    story.profile = story.profile.model_copy(update={"deadline_scope": "end_to_end", "t_answer_s": 1})
    assert outcome(story, "S20") is Outcome.PASS
    story.profile = story.profile.model_copy(update={"t_answer_s": 0})
    assert outcome(story, "S20") is Outcome.FAIL
