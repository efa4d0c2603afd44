"""A report is made page by page: it says the same as of the whole at once, and never holds more than a page."""

import weakref
from typing import Any

import pytest
from sqlalchemy import insert

from gateway.identification import tables
from gateway.reports import across, reading
from gateway.reports.conformance import Conformance
from gateway.reports.conforming import conformance
from gateway.reports.history import History, of_event
from smsc_emulator.base.database import Database, Tx, journal_table
from smsc_emulator.base.durations import HOUR, MINUTE, iso


class Rows:
    """The rows that stand beside the journal, by which what belongs together is found."""

    def __init__(self, story: Any) -> None:
        self.story = story
        self._rows: list[tuple[Any, dict[str, Any]]] = []

    def attempt(self, id_: str, user: str = "u1", service: str = "demo", reason: str | None = None) -> None:
        row = {"id": id_, "service_id": service, "user_id": user, "phone_number": "+70000000001", "profile": "test"}
        self._rows.append((tables.attempts, {**row, "created_at": 0, "updated_at": 0, "state": "", "reason": reason}))

    def query(self, attempt: str) -> None:
        row = {"request_id": f"req_{attempt}", "attempt_id": attempt, "operator_id": "alpha", "asked_at": 0}
        self._rows.append((tables.queries, row))

    def session(self, id_: str, binding: str) -> None:
        row = {"id": id_, "service_id": "demo", "user_id": "u1", "binding_id": binding, "device": "", "kind": "app"}
        self._rows.append((tables.sessions, {**row, "created_at": 0}))

    def breach(self, id_: str, about: str) -> None:
        row = {"id": id_, "at": 0, "rule": "T_notice", "side": "operator", "party": "alpha", "subject": about}
        self._rows.append((tables.breaches, {**row, "happened_at": 0}))

    def appeal(self, restored_by: str) -> None:
        row = {"id": "apl_1", "service_id": "demo", "attempt_id": "idn_x", "state": "UPHELD", "reason": "absent"}
        more = {"created_at": 0, "refused_at": 0, "restored_by": restored_by}
        self._rows.append((tables.appeals, {**row, **more}))

    def write(self, tx: Tx) -> None:
        for table, row in self._rows:
            tx.conn.execute(insert(table), [row])
        events = [
            {"seq": each.seq, "at": each.at, "type": each.type, "subject": each.subject, "data": each.data}
            for each in self.story.events
        ]
        tx.conn.execute(insert(journal_table), events)


def silent(rows: Rows, attempt: str, user: str = "u1", service: str = "demo", reason: str = "no_answer") -> None:
    """Tell of an attempt that is refused."""
    story, more = rows.story, {"user_id": user}
    story.step(attempt, "created", **more)
    story.step(attempt, "pending", **more)
    story.tell("lookup.query_sent", f"req_{attempt}", attempt_id=attempt, operator_id="alpha")
    story.now += 20 * MINUTE
    story.step(attempt, "refused", **more, reason=reason, responsible="operator")
    rows.attempt(attempt, user, service, reason)
    rows.query(attempt)


def everything(story: Any) -> Rows:
    """Tell of all that is judged by more than one event, with the parts far from each other."""
    rows = Rows(story)
    story.tell("service.blocked", "demo", blocked_from=iso(story.now + HOUR))
    story.tell("binding.recheck", "bnd_1", service_id="demo", binding={"recheck_due_at": iso(story.now + 20 * MINUTE)})
    story.tell("session.opened", "ses_1", service_id="demo", session={"binding_id": "bnd_1"})
    story.step("idn_r", "created", cause="terminated", rechecks="bnd_1")
    story.tell("notice.received", "ntc_1", operator_id="alpha", reason="ended")
    story.tell("notice.received", "ntc_2", operator_id="alpha", reason="ended")
    story.tell("lookup.code_acknowledged", "cod_1", attempt_id="idn_1")
    story.tell("broadcast.started", "brd_1", service_id="demo")
    story.step("idn_a", "created")
    story.step("idn_c", "created", confirmation={"id": "cnf_1"})
    story.step("idn_s", "created", mode="self")
    silent(rows, "idn_1")
    silent(rows, "idn_2")
    silent(rows, "idn_3", reason="policy_hold")
    story.tell("lookup.query_sent", "req_idn_s", attempt_id="idn_s", operator_id="beta")
    proven = {"method": "sms_code", "proof": {"method": "sms_code"}}
    story.tell("confirmation.confirmed", "cnf_1", service_id="demo", confirmation=proven)
    for attempt in ("idn_a", "idn_c"):
        story.step(attempt, "confirming", **({"confirmation": {"id": "cnf_1"}} if attempt == "idn_c" else {}))
        story.step(attempt, "identified", **({"confirmation": {"id": "cnf_1"}} if attempt == "idn_c" else {}))
    story.tell("appeal.upheld", "apl_1", service_id="demo", appeal={"restored_by": "idn_a"})
    story.step("idn_s", "identified", mode="self")
    story.step("idn_r", "refused", cause="terminated", rechecks="bnd_1", reason="absent", responsible="user")
    story.tell("lookup.code_acknowledged", "cod_1", attempt_id="idn_1")
    story.tell("session.ended", "ses_1", service_id="demo", session={"binding_id": "bnd_1"})
    story.tell("binding.suspended", "bnd_1", service_id="demo", binding={})
    story.tell("breach.recorded", "bre_1", rule="T_notice", side="operator", party="alpha", about="ntc_2")
    story.tell("broadcast.ended", "brd_1", service_id="demo")
    story.tell("service.restored", "demo")
    for attempt in ("idn_a", "idn_c", "idn_s", "idn_r"):
        rows.attempt(attempt, attempt)
    rows.query("idn_s")
    rows.session("ses_1", "bnd_1")
    rows.breach("bre_1", "ntc_2")
    rows.appeal("idn_a")
    return rows


async def read(database: Database, story: Any, service_id: str | None = None) -> Conformance:
    return await conformance(database, {"test": story.profile}, ("test",), story.now, service_id)


@pytest.mark.parametrize("service_id", [None, "demo"])
@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_pages_of_any_size_say_the_same_as_the_whole_at_once(database, story, monkeypatch, size, service_id):
    monkeypatch.setattr(reading, "PAGE", size)
    await database.run(everything(story).write)
    paged = await read(database, story, service_id)
    facts = await database.run(lambda tx: reading._facts(tx, service_id))
    tallies = await database.run(lambda tx: across.tallies(tx, service_id))
    events = tuple(map(of_event, story.events))
    whole = History(events, {"test": story.profile}, story.now, ("test",), facts, tallies=tallies)
    expected = Conformance.of(whole if service_id is None else whole.seen_by(service_id))
    assert paged.refusals == expected.refusals == {"absent": 1, "no_answer": 2, "policy_hold": 1}
    assert [(each.rule.id, each.cases, each.broken, each.places) for each in paged.rules] == [
        (each.rule.id, each.cases, each.broken, each.places) for each in expected.rules
    ]
    assert {each.rule.id: set(each.evidence) for each in paged.rules} == {
        each.rule.id: set(each.evidence) for each in expected.rules
    }
    assert {each.id for each in paged.youngest} == {each.id for each in expected.youngest}


async def test_what_is_far_apart_is_judged_together(database, story, monkeypatch):
    monkeypatch.setattr(reading, "PAGE", 1)
    await database.run(everything(story).write)
    outcomes = {each.rule.id: (each.cases, each.broken) for each in (await read(database, story)).rules}
    assert outcomes["S01"] == (2, 1)  # one of the two is corrected by a review
    assert outcomes["S07"] == (2, 2)
    assert outcomes["S10"] == (2, 1)
    assert (outcomes["S12"], outcomes["S13"]) == ((1, 0), (1, 0))
    assert outcomes["S32"] == (1, 1)
    assert outcomes["S76"] == (1, 0)
    assert outcomes["S93"] == (2, 1)


async def test_four_operators_and_two_services_of_a_number_are_found_wherever_they_are(database, story, monkeypatch):
    monkeypatch.setattr(reading, "PAGE", 1)
    rows = Rows(story)
    for place in range(4):
        story.tell("lookup.query_sent", f"req_{place}", attempt_id=f"idn_{place}", operator_id=f"operator-{place}")
    bound = [
        story.tell("binding.active", f"bnd_{service}", service_id=service, binding={"phone_number": number})
        for service, number in (("demo", "+70000000001"), ("demo", "+70000000002"), ("other", "+70000000001"))
    ]
    await database.run(rows.write)
    judged = {each.rule.id: each for each in (await read(database, story)).rules}
    assert (judged["S50"].cases, len(judged["S50"].evidence)) == (1, 4)
    assert (judged["S72"].cases, judged["S72"].evidence) == (1, (bound[0], bound[2]))
    seen = {each.rule.id: each for each in (await read(database, story, "demo")).rules}
    assert (seen["S50"].cases, seen["S72"].cases) == (0, 0)


async def test_a_service_sees_its_own_block_and_is_not_called_to_break_it(database, story):
    rows = Rows(story)
    story.tell("service.blocked", "demo", blocked_from=iso(story.now))
    story.tell("service.blocked", "other", blocked_from=iso(story.now))
    silent(rows, "idn_1", reason="service_blocked")
    await database.run(rows.write)
    judged = {each.rule.id: each for each in (await read(database, story, "demo")).rules}
    assert (judged["S79"].cases, judged["S79"].broken) == (1, 0)
    assert judged["S45"].cases == 1


async def held(database: Database, story: Any, attempts: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Return the most events that one page of a report on so many attempts has, and the most pages at a time."""
    rows, most, alive = Rows(story), [0], [0]
    for place in range(attempts):
        story.step(f"idn_{place}", "created", user_id=f"u{place}")
    for place in range(attempts):
        for state in ("pending", "refused"):
            story.step(f"idn_{place}", state, user_id=f"u{place}", reason="no_answer", responsible="operator")
        rows.attempt(f"idn_{place}", f"u{place}", reason="no_answer")
    await database.run(rows.write)
    pages: list[weakref.ref[History]] = []
    judge = Conformance.of

    def noting(history: History) -> Conformance:
        pages.append(weakref.ref(history))
        most[0] = max(most[0], len(history.known))
        alive[0] = max(alive[0], sum(page() is not None for page in pages[-5:]))
        return judge(history)

    monkeypatch.setattr(Conformance, "of", noting)
    report = await read(database, story)
    assert (report.attempts, report.refusals) == (attempts, {"no_answer": attempts})
    return most[0], alive[0]


async def test_many_attempts_take_no_more_at_a_time_than_a_page_and_what_belongs_to_it(database, story, monkeypatch):
    monkeypatch.setattr(reading, "PAGE", 100)
    most, alive = await held(database, story, 600, monkeypatch)
    assert most <= 3 * 100
    assert alive <= 2


async def test_the_evidence_is_bounded_and_says_so(database, story):
    rows = Rows(story)
    for place in range(12):
        silent(rows, f"idn_{place}", user=f"u{place}")
    await database.run(rows.write)
    report = await read(database, story)
    row = next(each for each in report.rules if each.rule.id == "S17")
    assert (row.cases, len(row.evidence), row.places) == (12, 10, 12)
    assert "(the latest 10 of 12)" in report.text()
    assert next(each for each in report.snapshot()["rules"] if each["id"] == "S17")["places"] == 12


async def test_a_service_is_not_told_of_the_blocks_of_others(database, story):
    rows = Rows(story)
    story.tell("service.blocked", "other", blocked_from=iso(story.now))
    silent(rows, "idn_1")
    await database.run(rows.write)
    cases = {each.rule.id: each.cases for each in (await read(database, story, "demo")).rules}
    assert (cases["S45"], cases["S79"], cases["S86"]) == (0, 0, 0)
    assert {each.rule.id: each.cases for each in (await read(database, story)).rules}["S86"] == 1
