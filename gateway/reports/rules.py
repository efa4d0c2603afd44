"""The table of the rules: each row of the specification's first part, how it is judged, and who answers for it.

S74, queries by authorities, is left out by choice. Rows of basis `context` ask for nothing that can be seen; those of
basis `tests` leave no trace in the journal, and the product's own tests hold them.
"""

from typing import get_args

from confirm.settings import MethodName
from gateway.reports import around, procedure
from gateway.reports.judging import Check, Rule, always, attempts, counted, profiles, refused, seen, several


def _caused(*causes: str) -> Check:
    return attempts(lambda trace: trace.told("cause") in causes)


def _confirmed_by(*methods: str) -> Check:
    return seen("confirmation.confirmed", when=lambda event: event.data.get("method") in methods)


def _is_complete() -> bool:
    return [rule.id for rule in RULES] == [f"S{number:02}" for number in range(1, 102) if number != 74]


RULES: tuple[Rule, ...] = (
    Rule(
        "S01",
        "Nobody is identified without PRESENT, unless the profile exempts him",
        "service",
        procedure.stands_on_a_verdict,
    ),
    Rule(
        "S02",
        "The operator answers within its time; the very instant of the deadline is in time",
        "service",
        procedure.answered_in_time,
    ),
    Rule("S03", "ABSENT is refusal", "service", procedure.absent_is_refusal),
    Rule("S04", "Silence is refusal", "service", procedure.silence_is_refusal),
    Rule(
        "S05",
        "Changed data or a changed number begin the procedure again",
        "service",
        _caused("data_changed", "number_changed"),
    ),
    Rule("S06", "Each identification code is unique", "service", procedure.codes_are_unique),
    Rule("S07", "The code reaches the operator, and is acknowledged once", "service", procedure.acknowledged_once),
    Rule("S08", "The entry in the register names the service", "operator", procedure.entries_name_the_service),
    Rule(
        "S09",
        "Users from before the rules are exempt if their data match",
        "service",
        seen("binding.active", when=lambda event: event.data.get("basis") == "match"),
    ),
    Rule("S10", "The operator tells of a contract's end within its time", "operator", procedure.notices_in_time),
    Rule("S11", "A re-check is over within its time", "service", procedure.rechecks_in_time),
    Rule("S12", "A failed re-check suspends the user", "service", procedure.failed_rechecks_suspend),
    Rule("S13", "A failed re-check ends live sessions", "service", procedure.suspension_ends_sessions),
    Rule(
        "S14",
        "The identification code is no means to log in, unless the profile says so",
        "service",
        profiles(
            lambda profile: not profile.code_usable_for_login or "code_usable_for_login" in profile.model_fields_set
        ),
        basis="design",
    ),
    Rule("S15", "Codes stand in a register of their own", "operator", seen("register.opened")),
    Rule("S16", "Who moved to another operator is identified again", "service", _caused("ported")),
    Rule("S17", "The service answers for a refusal, whoever caused it", "service", procedure.refusals_name_a_party),
    Rule("S18", "The steps are data, request, confirmation and record", "service", procedure.three_steps),
    Rule("S19", "A refusal holds on every device of the account", "service", procedure.suspension_ends_sessions),
    Rule(
        "S20",
        "Where the profile counts the whole procedure, that is over within its time",
        "service",
        procedure.end_to_end_in_time,
    ),
    Rule(
        "S21",
        "In match mode what the user says is compared by the operator",
        "service",
        several(refused("mismatch"), seen("binding.active", when=lambda event: event.data.get("basis") == "match")),
    ),
    Rule("S22", "Service and operator speak to each other directly, or by a hub", "service", seen("lookup.query_sent")),
    Rule(
        "S23",
        "The gateway itself sees the proof that the user has the number",
        "service",
        procedure.proven_by_the_gateway,
    ),
    Rule("S24", "A number can be confirmed by a code in an SMS", "service", _confirmed_by("sms_code")),
    Rule("S25", "A number can be confirmed by a call", "service", _confirmed_by("call_in", "flash_call")),
    Rule(
        "S26",
        "Methods are data, and none is unknown",
        "service",
        profiles(lambda profile: set(profile.permitted_methods) <= set(get_args(MethodName))),
        basis="design",
    ),
    Rule("S27", "Where confirming is all, no operator is asked", "service", around.nobody_was_asked("confirm_only")),
    Rule(
        "S28", "There is no registration without a number", "service", always(around.number_is_needed), basis="design"
    ),
    Rule("S29", "Each question to an operator is charged once", "service", procedure.asked_and_charged),
    Rule(
        "S30",
        "Where the profile asks for it, the SIM is in the device",
        "service",
        around.the_sim_is_asked_for,
    ),
    Rule(
        "S31",
        "A number that was sold again is identified again, and its old owner's account is closed",
        "service",
        several(_caused("recycled"), seen("binding.closed", when=lambda event: event.data.get("reason") == "recycled")),
    ),
    Rule(
        "S32", "A domestic service may identify by itself, and asks nobody", "service", around.nobody_was_asked("self")
    ),
    Rule(
        "S33",
        "Without an agreement the operator is not asked",
        "service",
        refused("no_agreement", lambda trace: not trace.asked),
    ),
    Rule(
        "S34",
        "No consent is asked for, unless the profile says so",
        "service",
        profiles(lambda profile: not profile.consent_required or "consent_required" in profile.model_fields_set),
        basis="design",
    ),
    Rule(
        "S35",
        "A service that is not in the public register is treated as the profile says",
        "service",
        several(
            refused("service_not_listed"),
            seen("finding.made", when=lambda event: event.data.get("kind") == "not_listed"),
        ),
    ),
    Rule("S36", "The register of services has dates", "regulator", seen("register.entered")),
    Rule("S37", "The register is asked by exact name, and never listed", "regulator", basis="tests"),
    Rule(
        "S38",
        "An entry is by own wish or forced, and binds alike",
        "regulator",
        seen("register.entered", when=lambda event: event.data.get("origin") in ("applied", "forced")),
    ),
    Rule(
        "S39",
        "Not to be in the register is a finding and never a fine",
        "regulator",
        seen("finding.made", when=lambda event: event.data.get("kind") == "not_listed"),
    ),
    Rule("S40", "What a service is, and whether it is listed, are two questions", "regulator", basis="tests"),
    Rule(
        "S41",
        "Of a mixed service the messaging part is bound",
        "service",
        seen("service.changed", when=lambda event: event.data.get("kind") == "mixed"),
    ),
    Rule(
        "S42",
        "Whether a service is a messenger may be undetermined",
        "regulator",
        seen("service.changed", when=lambda event: event.data.get("kind") == "undetermined"),
    ),
    Rule(
        "S43",
        "A service that is blocked starts no attempts; restored, it does",
        "regulator",
        around.blocked_means_no_attempts,
    ),
    Rule("S44", "The names of services are invented", "nobody", basis="context"),
    Rule("S45", "A service may be blocked for good", "regulator", around.blocked_for_good),
    Rule(
        "S46",
        "The regulator may give time to agree",
        "regulator",
        seen("service.agreement", when=lambda event: event.data.get("state") == "negotiating"),
    ),
    Rule(
        "S47",
        "Identification stands on an agreement with the operator",
        "service",
        seen("service.agreement", when=lambda event: event.data.get("state") == "signed"),
    ),
    Rule(
        "S48",
        "An operator that is silent breaks no protocol",
        "operator",
        refused("no_answer", lambda trace: trace.told("responsible") == "operator"),
    ),
    Rule("S49", "What the sources leave open is named", "gateway", around.rules_are_data, basis="design"),
    Rule("S50", "Four operators take part", "operator", counted("S50")),
    Rule("S51", "An operator without HTTP takes part by files", "operator", basis="tests"),
    Rule("S52", "Foreign operators take part where the profile says so", "operator", basis="tests"),
    Rule("S53", "Foreign numbers are treated as the profile says", "service", refused("foreign_number")),
    Rule("S54", "The SIM of a third person fails a match", "service", refused("mismatch")),
    Rule(
        "S55",
        "Who fails a match is told to change the number",
        "service",
        refused("mismatch", lambda trace: trace.told("hint") == "change_number"),
    ),
    Rule("S56", "Minors are treated as the policy says", "operator", basis="tests"),
    Rule("S57", "Corporate lines are treated as the policy says", "operator", basis="tests"),
    Rule("S58", "Lines of unverified owners are treated as the policy says", "operator", basis="tests"),
    Rule(
        "S59", "What a contract says of a person never leaves the operator", "operator", around.nothing_private_is_told
    ),
    Rule(
        "S60",
        "The gateway has no place for a person's papers",
        "gateway",
        always(around.no_private_column),
        basis="design",
    ),
    Rule("S61", "A number that no operator has cannot be asked about", "service", refused("unroutable")),
    Rule(
        "S62",
        "Foreign SIMs and federated services go the way of S53 and S83",
        "service",
        several(refused("foreign_number"), refused("no_responsible_party")),
    ),
    Rule("S63", "What is exchanged is settled by agreement", "service", seen("lookup.query_sent")),
    Rule("S64", "In presence mode a query has no other members", "service", basis="tests"),
    Rule("S65", "PRESENT does not prove who the user is", "nobody", basis="context"),
    Rule("S66", "The journal has no attributes of persons", "gateway", around.nothing_private_is_told),
    Rule(
        "S67", "The gateway sees no contents of messages", "gateway", always(around.no_private_column), basis="design"
    ),
    Rule(
        "S68",
        "The gateway keeps no lists of correspondents",
        "gateway",
        always(around.no_private_column),
        basis="design",
    ),
    Rule("S69", "Codes are never told", "gateway", around.nothing_private_is_told),
    Rule("S70", "Applications reach far into devices", "nobody", basis="context"),
    Rule(
        "S71",
        "Statistics hide small counts",
        "gateway",
        profiles(lambda profile: profile.stat_min_cell > 1),
        basis="design",
    ),
    Rule("S72", "A number is bound in several services", "nobody", counted("S72")),
    Rule("S73", "Statistics tell of no person", "gateway", basis="tests"),
    Rule("S75", "A user can refuse the messages of another", "service", basis="tests"),
    Rule("S76", "An emergency broadcast reaches each recipient once", "service", around.broadcasts_end),
    Rule("S77", "A message can be stopped by its id", "service", seen("message.stopped")),
    Rule("S78", "Where the profile says so, the recipient is identified too", "service", basis="tests"),
    Rule(
        "S79", "A service that refuses to comply is blocked from a date", "regulator", around.blocked_means_no_attempts
    ),
    Rule(
        "S80",
        "What a breach may cost is computed from a table of fines",
        "service",
        around.fines_are_a_table,
        basis="design",
    ),
    Rule("S81", "What was found may be mended before a block", "regulator", around.findings_have_their_time),
    Rule("S82", "A sender can be reported", "service", seen("sender.reported")),
    Rule("S83", "A service that nobody runs is treated as the profile says", "nobody", refused("no_responsible_party")),
    Rule("S84", "Where a request comes from is no input", "nobody", always(around.no_source_address), basis="design"),
    Rule("S85", "The gateway works without any outside network", "gateway", basis="tests"),
    Rule("S86", "A block of one service touches no other", "regulator", around.blocked_means_no_attempts),
    Rule("S87", "An attempt ends under the profile of its start", "gateway", around.one_profile_from_start_to_end),
    Rule("S88", "Decree 1279 begins on the day that the schedule says", "gateway", around.started_under("ru-1279")),
    Rule("S89", "Decree 1279 was signed on 27 October and published on 6 November 2018", "nobody", basis="context"),
    Rule("S90", "A duty without a procedure asks no operator", "service", around.nobody_was_asked("no_procedure")),
    Rule("S91", "Users from before the rules are treated as the profile says", "service", _caused("existing_user")),
    Rule("S92", "A user with good data does no more than confirm", "service", around.nothing_beyond_confirming),
    Rule("S93", "Who was refused for want of an answer may try again at once", "operator", counted("S93")),
    Rule("S94", "A wrong refusal can be appealed against, and is put right", "operator", seen("appeal.upheld")),
    Rule("S95", "Each charge has its payers, who owe all of it", "service", procedure.all_is_paid),
    Rule("S96", "What asking operators costs is counted", "operator", procedure.asked_and_charged),
    Rule("S97", "Crimes were solved by it in one of a thousand cases at most", "nobody", basis="context"),
    Rule("S98", "Rules are data", "gateway", around.rules_are_data, basis="design"),
    Rule("S99", "Kinds of services have weights in a poll", "nobody", basis="context"),
    Rule("S100", "Others may see that a user is identified, and never his number", "service", basis="tests"),
    Rule("S101", "This report lists every rule", "gateway", always(_is_complete), basis="design"),
)
"""One line for each rule, in the order of the specification."""
