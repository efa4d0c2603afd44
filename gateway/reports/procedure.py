"""Checks of the core procedure: the question to the operator, the code, the notice, the re-check (S01 to S31)."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from gateway.identification.breaches import T_NOTICE
from gateway.reports.history import History, Trace, moment
from gateway.reports.judging import Case
from smsc_emulator.base.durations import SECOND
from smsc_emulator.base.journal import Event

HAPPY = ("created", "confirming", "routing", "pending", "registering", "identified")
"""The states of a first identification by an operator, in order."""


def by_operator(trace: Trace) -> bool:
    """Whether the operator was to identify."""
    return trace.told("mode") in (None, "operator")


def identified(trace: Trace) -> bool:
    """Whether the user was identified."""
    return "identified" in trace.states


def corrected(history: History, trace: Trace) -> bool:
    """Whether a review put the attempt in the place of a wrong refusal."""
    return any(event.data.get("restored_by") == trace.id for event in history.knows("appeal.upheld"))


def stands_on_a_verdict(history: History) -> Iterator[Case]:
    """Nobody is identified by an operator without its PRESENT."""
    for trace in history.traces:
        if identified(trace) and by_operator(trace):
            verdict = trace.accepted
            present = verdict is not None and verdict.data.get("result") == "PRESENT"
            yield Case(present or corrected(history, trace), trace.seqs)


def answered_in_time(history: History) -> Iterator[Case]:
    """A verdict that counted was received by the deadline, whose own instant is in time."""
    for trace in history.traces:
        verdict, asked = trace.accepted, trace.at("pending")
        if verdict is None or asked is None:
            continue
        due, received = moment(asked.data.get("deadline_at")), moment(verdict.data.get("received_at"))
        profile = history.profile(trace)
        grace = 0 if profile is None else profile.grace_ms
        if due is not None and received is not None:
            yield Case(received <= due + grace, (asked.seq, verdict.seq))


def silence_is_refusal(history: History) -> Iterator[Case]:
    """Who was refused for want of an answer had waited until the deadline, and who waited past it was refused."""
    for trace in history.traces:
        asked = trace.at("pending")
        due = None if asked is None else moment(asked.data.get("deadline_at"))
        if asked is None or due is None:
            continue
        if trace.told("reason") == "no_answer":
            yield Case(trace.last.at >= due, (asked.seq, trace.last.seq))
        elif trace.states[-1] == "pending" and history.now > due + SECOND:
            yield Case(False, (asked.seq,))


def absent_is_refusal(history: History) -> Iterator[Case]:
    """ABSENT never identifies."""
    for trace in history.traces:
        verdict = trace.accepted
        if verdict is not None and verdict.data.get("result") == "ABSENT":
            yield Case(not identified(trace) or corrected(history, trace), (verdict.seq, trace.last.seq))


def codes_are_unique(history: History) -> Iterator[Case]:
    """No code was issued twice."""
    if history.facts.get("codes"):
        yield Case(history.facts["codes"] == history.facts["distinct_codes"])


def acknowledged_once(history: History) -> Iterator[Case]:
    """A code that was handed over is acknowledged once, however often it was sent."""
    counts = Counter(event.subject for event in history.knows("lookup.code_acknowledged"))
    for event in history.of("lookup.code_acknowledged"):
        yield Case(counts[event.subject] == 1, (event.seq,))


def entries_name_the_service(history: History) -> Iterator[Case]:
    """Each entry of the register tells the service."""
    for event in history.of("register.opened"):
        yield Case(bool(event.data.get("service_id")), (event.seq,))


def three_steps(history: History) -> Iterator[Case]:
    """A first identification has its steps in order; a number that moved meanwhile is asked about again."""
    for trace in history.traces:
        if identified(trace) and by_operator(trace) and trace.steps[0].data.get("cause") in (None, "new"):
            once = tuple(dict.fromkeys(trace.states))
            yield Case(once == HAPPY or corrected(history, trace), trace.seqs)


def proven_by_the_gateway(history: History) -> Iterator[Case]:
    """Where a number was confirmed, the gateway saw the proof itself."""
    for trace in history.traces:
        confirmed = [each for each in trace.confirmations if each.type == "confirmation.confirmed"]
        if confirmed:
            yield Case(all(each.data.get("proof") for each in confirmed), tuple(each.seq for each in confirmed))
        elif "confirming" in trace.states and identified(trace):
            yield Case(corrected(history, trace), trace.seqs)


def notices_in_time(history: History) -> Iterator[Case]:
    """A notice comes within 24 hours of the contract's end; what came later, or never, is on record."""
    about = {event.data.get("about") for event in history.knows("breach.recorded") if _is_late_notice(event)}
    yield from (Case(False, (event.seq,)) for event in history.of("breach.recorded") if _is_late_notice(event))
    yield from (Case(True, (each.seq,)) for each in history.of("notice.received") if each.subject not in about)


def _is_late_notice(breach: Event) -> bool:
    return bool(breach.data.get("rule") == T_NOTICE)


def rechecks_in_time(history: History) -> Iterator[Case]:
    """A re-check is over within its time: the user is identified again, or suspended."""
    for begun in history.of("binding.recheck"):
        due = moment(begun.data.get("recheck_due_at"))
        ended = next_of(history, begun, ("binding.active", "binding.suspended", "binding.closed"))
        if due is None or (ended is None and history.now <= due + SECOND):
            continue
        yield Case(ended is not None and ended.at <= due, (begun.seq, *([] if ended is None else [ended.seq])))


def failed_rechecks_suspend(history: History) -> Iterator[Case]:
    """Who was refused in a re-check after a notice is suspended at once."""
    for trace in history.traces:
        binding, forced = trace.told("rechecks"), trace.told("cause") in ("terminated", "ported", "recycled")
        if binding is None or not forced or trace.states[-1] != "refused":
            continue
        after = [each for each in history.by_subject.get(binding, []) if each.at >= trace.last.at]
        stopped = [each for each in after if each.type in ("binding.suspended", "binding.closed")]
        yield Case(bool(stopped), (trace.last.seq, *(each.seq for each in stopped[:1])))


def suspension_ends_sessions(history: History) -> Iterator[Case]:
    """A user who is suspended has no session left, on any device."""
    ended = {event.subject: event for event in history.knows("session.ended")}
    of_binding: dict[object, list[Event]] = defaultdict(list)
    for opened in history.knows("session.opened"):
        of_binding[opened.data.get("binding_id")].append(opened)
    for stop in history.of("binding.suspended"):
        for opened in of_binding.get(stop.subject, []):
            if opened.seq < stop.seq:
                end = ended.get(opened.subject)
                yield Case(end is not None and end.at <= stop.at, (opened.seq, stop.seq))


def next_of(history: History, event: Event, types: tuple[str, ...]) -> Event | None:
    """Return the next event of one of `types` about the same thing."""
    mine = history.by_subject[event.subject]
    return next((each for each in mine if each.seq > event.seq and each.type in types), None)


def refusals_name_a_party(history: History) -> Iterator[Case]:
    """Each refusal says whose doing it is; the service answers for it all the same (I9)."""
    for event in history.of("identification.refused"):
        yield Case(bool(event.data.get("responsible")), (event.seq,))


def end_to_end_in_time(history: History) -> Iterator[Case]:
    """Where the profile counts the whole procedure, it was over within its time."""
    for trace in history.traces:
        profile = history.profile(trace)
        if profile is not None and profile.deadline_scope == "end_to_end" and trace.over:
            took = trace.last.at - trace.steps[0].at
            yield Case(took <= profile.t_answer_s * SECOND, trace.seqs)


def all_is_paid(history: History) -> Iterator[Case]:
    """What the payers owe together is what was charged."""
    if history.facts.get("charged"):
        yield Case(history.facts["charged"] == history.facts.get("owed"))


def asked_and_charged(history: History) -> Iterator[Case]:
    """Each question to an operator was charged, once."""
    if history.facts.get("queries"):
        yield Case(history.facts["queries"] == history.facts.get("query_charges"))
