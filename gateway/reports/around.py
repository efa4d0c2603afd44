"""Checks of what stands around the procedure: services, agreements, people, privacy, dates (S32 to S101)."""

from collections.abc import Iterator

from gateway.reports.history import History, moment
from gateway.reports.judging import Case, Check
from gateway.reports.procedure import identified
from smsc_emulator.base.database import metadata
from smsc_emulator.base.journal import Event
from smsc_emulator.frozen import frozen

PRIVATE_COLUMNS = frozenset({"family_name", "given_name", "birth_date", "passport", "content", "correspondent"})
"""Columns that no table of the gateway may have: attributes of a person, contents and partners of a correspondence."""
OPERATORS_OWN = ("operator_", "subscriber", "contract", "register", "handset")
"""Beginnings of the names of the tables that the lab's operators keep, where people are known."""


def no_private_column() -> bool:
    """Whether no table of the gateway has a place for what it must not know."""
    return not any(
        set(table.columns.keys()) & PRIVATE_COLUMNS
        for name, table in metadata.tables.items()
        if not name.startswith(OPERATORS_OWN)
    )


def number_is_needed() -> bool:
    """Whether there can be no attempt without a number."""
    table = metadata.tables.get("attempts")
    return table is not None and not table.c.phone_number.nullable


def no_source_address() -> bool:
    """Whether attempts know nothing of where a request came from."""
    table = metadata.tables.get("attempts")
    return table is not None and not any("address" in column.name for column in table.columns)


def nothing_private_is_told(history: History) -> Iterator[Case]:
    """No event has an attribute of a person, or a code of the register."""
    for event in history.events:
        private = bool(event.data.get("private"))
        yield Case(not private, (event.seq,) if private else ())


def nobody_was_asked(*modes: str) -> Check:
    """Return a check that attempts in these modes ask no operator."""

    def check(history: History) -> Iterator[Case]:
        for trace in history.traces:
            if trace.told("mode") in modes:
                yield Case(not trace.asked, trace.seqs)

    return check


def blocked_means_no_attempts(history: History) -> Iterator[Case]:
    """An attempt of a service that is blocked is refused, and one of another service is not refused for that."""
    blocks = _blocks(history)
    for trace in history.traces:
        begun = trace.steps[0]
        inside = any(block.holds(begun) for block in blocks if block.service_id == begun.data.get("service_id"))
        was = trace.told("reason") == "service_blocked"
        if blocks or was:
            yield Case(inside == was, trace.seqs)


def blocked_for_good(history: History) -> Iterator[Case]:
    """A service was blocked and not restored."""
    restored = {event.subject: event.seq for event in history.knows("service.restored")}
    for event in history.of("service.blocked"):
        if restored.get(event.subject, 0) < event.seq:
            yield Case(True, (event.seq,))


@frozen
class _Block:
    service_id: str
    seq: int
    begins_at: int
    ended_seq: int | None

    def holds(self, event: Event) -> bool:
        """Whether the block was in force at an event; events of one instant are told apart by their order."""
        after = event.seq > self.seq and event.at >= self.begins_at
        return after and (self.ended_seq is None or event.seq < self.ended_seq)


def _blocks(history: History) -> list[_Block]:
    blocks = []
    restored = history.knows("service.restored")
    for event in history.knows("service.blocked"):
        begins = moment(event.data.get("blocked_from"))
        ends = [each.seq for each in restored if each.subject == event.subject and each.seq > event.seq]
        begins_at = event.at if begins is None else begins
        blocks.append(_Block(event.subject, event.seq, begins_at, min(ends, default=None)))
    return blocks


def findings_have_their_time(history: History) -> Iterator[Case]:
    """Nothing is called uncured before its time to mend is over."""
    for event in history.of("finding.uncured"):
        due = moment(event.data.get("cure_by"))
        yield Case(due is not None and event.at >= due, (event.seq,))


def one_profile_from_start_to_end(history: History) -> Iterator[Case]:
    """An attempt has one profile from its start to its end, and that was in force at the start."""
    for trace in history.traces:
        profile = history.profile(trace)
        names = {step.data.get("profile") for step in trace.steps}
        held = trace.told("reason") == "policy_hold"
        if profile is not None:
            yield Case(len(names) == 1 and (held or profile.in_force(trace.steps[0].at)), trace.seqs)


def started_under(*names: str) -> Check:
    """Return a check of the attempts under some profiles: each began while its profile was in force."""

    def check(history: History) -> Iterator[Case]:
        for trace in history.traces:
            profile = history.profile(trace)
            if profile is not None and profile.name in names and trace.told("reason") != "policy_hold":
                yield Case(profile.in_force(trace.steps[0].at), trace.seqs)

    return check


def nothing_beyond_confirming(history: History) -> Iterator[Case]:
    """A user with good data confirmed his number once and did no more."""
    for trace in history.traces:
        if identified(trace) and trace.steps[0].data.get("cause") in (None, "new"):
            confirmed = [each for each in trace.confirmations if each.type == "confirmation.confirmed"]
            yield Case(len(confirmed) <= 1, trace.seqs)


def broadcasts_end(history: History) -> Iterator[Case]:
    """A broadcast that began comes to its end, with each of its recipients once."""
    ended = {event.subject: event for event in history.knows("broadcast.ended")}
    for event in history.of("broadcast.started"):
        if event.subject in ended:
            yield Case(True, (event.seq, ended[event.subject].seq))


def the_sim_is_asked_for(history: History) -> Iterator[Case]:
    """Where the profile wants the SIM in the device, users were identified, or held for want of it."""
    for trace in history.traces:
        profile = history.profile(trace)
        ended = identified(trace) or trace.told("reason") == "policy_hold"
        if profile is not None and profile.sim_in_device and ended:
            yield Case(True, trace.seqs)


def fines_are_a_table(history: History) -> Iterator[Case]:
    """Each tier of a table of fines has its least and its most."""
    for profile in history.in_force:
        if profile.fines:
            yield Case(all(fine.low <= fine.high for fine in profile.fines))


def rules_are_data(history: History) -> Iterator[Case]:
    """Each profile in force is read from a file with its open questions."""
    for profile in history.in_force:
        yield Case(bool(profile.open_questions))
