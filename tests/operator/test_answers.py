import asyncio
import json

import pytest
from aiohttp import ClientConnectionError

from smsc_emulator.base.durations import instant, iso, parse
from smsc_emulator.operator import answers
from smsc_emulator.operator.behaviour import Behaviour, Outage, Terms
from smsc_emulator.operator.store import operator_queries
from smsc_emulator.operator.subscribers import Person, Subscriber

NOON = instant("2026-01-01T12:00:00Z")
ANNA = Person("Petrova", "Anna", "1990-01-02")
SAID = {"family_name": " petrova", "given_name": "Anna", "birth_date": "1991-01-02"}
ALL = ("family_name", "given_name", "birth_date")
TRUTHFUL = Behaviour("truth", 0)
STRICT = Behaviour("truth", 0, corporate="absent", minor="absent", gray="absent")
LENIENT = Behaviour("truth", 0, corporate="present", minor="present", gray="present")
STRICT_TERMS = Terms(corporate="absent", minor="absent", gray="absent")


def line(**fields):
    return Subscriber("+70000000001", "alpha", "001010000000001", person=ANNA, **fields)


@pytest.mark.parametrize(
    ("fields", "by_default", "by_strict_policy"),
    [
        ({}, "PRESENT", "PRESENT"),
        ({"owner": "third_person"}, "PRESENT", "PRESENT"),
        ({"owner": "minor"}, "PRESENT", "ABSENT"),
        ({"owner": "corporate"}, "PRESENT", "ABSENT"),
        ({"owner": "corporate", "end_user_known": True}, "PRESENT", "PRESENT"),
        ({"owner": "unverified"}, "PRESENT", "ABSENT"),
        ({"kyc": "missing"}, "PRESENT", "ABSENT"),
        ({"kyc": "fake"}, "PRESENT", "ABSENT"),
        ({"kyc": "pending"}, "PRESENT", "PRESENT"),
        ({"sim": "blocked"}, "PRESENT", "PRESENT"),
    ],
)
def test_what_a_line_counts_as_is_the_operators_policy_and_without_one_as_its_terms_say(
    fields, by_default, by_strict_policy
):
    assert answers.result("truth", line(**fields), TRUTHFUL, Terms()) == by_default
    assert answers.result("truth", line(**fields), STRICT, Terms()) == by_strict_policy
    assert answers.result("truth", line(**fields), TRUTHFUL, STRICT_TERMS) == by_strict_policy
    assert answers.result("truth", line(**fields), LENIENT, STRICT_TERMS) == by_default
    assert answers.result("absent", line(**fields), TRUTHFUL, Terms()) == "ABSENT"


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({}, ("true", "true", "false")),
        ({"owner": "third_person"}, ("true", "true", "false")),
        ({"owner": "minor"}, ("true", "true", "false")),
        ({"owner": "corporate"}, ("not_available",) * 3),
        ({"owner": "corporate", "end_user_known": True}, ("true", "true", "false")),
        ({"owner": "unverified"}, ("not_available",) * 3),
        ({"kyc": "fake"}, ("not_available",) * 3),
    ],
)
def test_each_attribute_fits_or_does_not_or_is_not_to_be_had(fields, fits):
    assert answers.match(line(**fields), SAID, ALL) == dict(zip(ALL, fits, strict=True))


def test_what_the_operator_does_not_compare_or_does_not_know_is_not_available():
    assert answers.match(line(), SAID, ("given_name",)) == {
        "family_name": "not_available",
        "given_name": "true",
        "birth_date": "not_available",
    }
    unknown = Subscriber("+70000000001", "alpha", "001010000000001")
    assert set(answers.match(unknown, SAID, ALL).values()) == {"not_available"}


@pytest.mark.parametrize(("known", "said"), [("Фёдоров", "ФЕДОРОВ"), ("de  la Cruz", "De la cruz")])
def test_case_spaces_and_dots_over_a_letter_do_not_matter(known, said):
    owner = Subscriber("+70000000001", "alpha", "001010000000001", person=Person(family_name=known))
    assert answers.match(owner, {"family_name": said}, ALL) == {"family_name": "true"}


def match_query(side, **change):
    return {**side.query(), "mode": "match", "attributes": SAID} | change


async def test_a_query_in_match_mode_is_answered_attribute_by_attribute_and_nothing_of_the_person_stays(side):
    await side.subscribe("+70000000002", person=ANNA)
    await side.behave(delay="10s")
    assert (await side.post("queries", match_query(side, phone_number="+70000000002")))[0] == 202
    await side.turn("10s")
    ((_, verdict),) = side.gateway.verdicts
    assert verdict["result"] == "PRESENT"
    assert verdict["match"] == {"family_name": "true", "given_name": "not_available", "birth_date": "false"}
    (row,) = await side.database.run(lambda tx: tx.conn.execute(operator_queries.select()).all())
    assert row.attributes is None
    told = json.dumps([dict(event.data) for event in side.database.journal.since(0, 100)]) + json.dumps(verdict)
    assert not any(value in told for value in (*SAID.values(), "Petrova", "1990-01-02"))


async def test_an_absent_number_has_no_match_and_a_presence_query_none_either(side):
    await side.post("queries", match_query(side, phone_number="+70000000098"))
    await side.ask(request_id="req_2")
    await side.turn("0s")
    assert [(v["result"], "match" in v) for _, v in side.gateway.verdicts] == [("ABSENT", False), ("PRESENT", False)]


@pytest.mark.parametrize(
    "change",
    [
        {"attributes": None},
        {"attributes": {}},
        {"attributes": {"passport": "x"}},
        {"attributes": {"birth_date": "2.1.1990"}},
        {"mode": "presence"},
        {"code": "CODE1"},
    ],
)
async def test_a_query_whose_members_do_not_fit_its_mode_is_an_error(side, change):
    status, problem = await side.post("queries", match_query(side, **change))
    assert (status, problem["code"]) == (400, "bad_request")
    assert side.events("operator.query_received") == []


async def test_a_code_that_comes_with_a_query_is_entered_with_the_answer_and_once(side):
    query = side.query() | {"code": "CODE1", "service_name": "Demo messenger"}
    await side.behave(delay="10s")
    await side.post("queries", query)
    assert await side.entries() == []
    await side.turn("10s")
    await side.post("queries", query)
    await side.turn("1m")
    assert await side.entries() == [("CODE1", "OPEN", None)]
    (opened,) = side.events("register.opened")
    assert [verdict["entry_id"] for _, verdict in side.gateway.verdicts] == [opened.subject] * 2


@pytest.mark.parametrize("behaviour", [{"answer": "absent"}, {"register": "closed"}])
async def test_a_code_is_not_entered_without_the_number_or_with_a_closed_register(side, behaviour):
    await side.behave(**behaviour)
    await side.post("queries", side.query() | {"code": "CODE1", "service_name": "Demo messenger"})
    await side.turn("1m")
    assert await side.entries() == []
    assert "entry_id" not in side.gateway.verdicts[0][1]


async def test_a_query_under_an_agreement_that_is_not_the_operators_is_refused(side):
    status, problem = await side.post("queries", side.query() | {"agreement_id": "agr_2"})
    assert (status, problem["code"]) == (403, "no_agreement")
    assert (await side.post("queries", side.query() | {"agreement_id": "agr_1"}))[0] == 202
    assert side.events("operator.query_received")[0].data["agreement_id"] == "agr_1"


@pytest.mark.parametrize("skew", ["5m", "-5m"])
async def test_the_operators_clock_shows_in_its_instants_and_nowhere_else(side, skew):
    ahead = parse(skew.removeprefix("-")) * (-1 if skew.startswith("-") else 1)
    await side.behave(delay="10s", clock_skew=ahead)
    _, received = await side.ask()
    await side.turn("10s")
    ((at, verdict),) = side.gateway.verdicts
    assert (received["received_at"], verdict["as_of"], at) == (
        iso(NOON + ahead),
        iso(NOON + 10_000 + ahead),
        NOON + 10_000,
    )


async def test_a_verdict_is_repeated_and_then_contradicted(side):
    await side.behave(verdict_repeat=3, then_contradict=True)
    await side.ask()
    await side.turn("1d")
    assert side.gateway.results == ["PRESENT", "PRESENT", "PRESENT", "ABSENT"]
    assert len(side.events("operator.answered")) == 1


async def test_a_verdict_goes_out_with_a_wrong_number_or_id_or_signature(side):
    for request_id, spoil in [("req_1", "wrong_number"), ("req_2", "unknown_id"), ("req_3", "bad_signature")]:
        await side.behave(spoil=spoil)
        await side.ask(request_id=request_id)
        await side.turn("1m")
    (_, number), (_, unknown) = side.gateway.verdicts
    assert (number["request_id"], number["phone_number"]) == ("req_1", "+70000000002")
    assert (unknown["request_id"], unknown["phone_number"]) == ("unknown_req_2", "+70000000001")
    assert side.gateway.badly_signed == 1


@pytest.mark.parametrize("resource", ["queries", "codes", "voids", "register/open"])
async def test_an_operator_that_is_out_of_order_answers_503_and_keeps_nothing(side, resource):
    await side.behave(outage=Outage("error", NOON, NOON + 60_000))
    messages = {
        "queries": side.query(),
        "codes": {
            "code": "C",
            "request_id": "r",
            "phone_number": "+70000000001",
            "service_id": "s",
            "service_name": "S",
        },
        "voids": {"code": "C", "reason": "late"},
        "register/open": {},
    }
    status, problem = await side.post(resource, messages[resource])
    assert (status, problem["code"]) == (503, "operator_out")
    assert side.database.journal.since(0, 10) == []
    await side.turn("1m")
    assert (await side.post(resource, messages[resource]))[0] in (200, 202)


async def test_an_operator_that_refuses_connections_breaks_them_off(side):
    await side.behave(outage=Outage("refused", NOON))
    with pytest.raises(ClientConnectionError):
        await side.ask()
    assert side.events("operator.query_received") == []


async def test_an_operator_that_is_silent_takes_a_message_and_says_and_keeps_nothing(side):
    await side.behave(outage=Outage("silent", NOON))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(side.ask(), 0.2)
    assert side.events("operator.query_received") == []


async def test_a_verdict_that_falls_due_in_an_outage_goes_out_at_its_end(side):
    await side.behave(delay="10m")
    await side.ask()
    await side.behave(outage=Outage("refused", NOON + parse("5m"), NOON + parse("19m30s")))
    await side.turn("1h")
    assert [at - NOON for at, _ in side.gateway.verdicts] == [parse("19m30s")]


async def test_an_outage_without_an_end_lasts_until_the_lab_ends_it(side):
    await side.ask()
    await side.behave(outage=Outage("silent", NOON))
    await side.turn("1h")
    assert side.gateway.verdicts == []
    await side.behave()
    await side.turn("30m")
    assert side.gateway.results == ["PRESENT"]


async def test_whoever_keeps_a_virtual_operators_subscribers_answers_for_them(side):
    await side.subscribe("+70000000005", "light")
    await side.subscribe("+70000000006", "beta")
    await side.ask("+70000000005", "req_1")
    await side.ask("+70000000006", "req_2")
    await side.turn("0s")
    assert sorted((v["request_id"], v["result"]) for _, v in side.gateway.verdicts) == [
        ("req_1", "PRESENT"),
        ("req_2", "ABSENT"),
    ]


async def test_the_open_entries_of_the_register_are_read_page_by_page(side):
    for n in range(5):
        await side.hand_over(f"CODE{n}", request_id=f"req_{n}")
    await side.post("voids", {"code": "CODE3", "reason": "late"})
    found, after = [], None
    for _ in range(2):
        status, page = await side.post("register/open", {"limit": 2} | ({"after": after} if after else {}))
        assert status == 200
        found += [(entry["code"], entry["phone_number"], entry["service_id"]) for entry in page["entries"]]
        after = page["next"]
    assert after is None
    assert sorted(found) == [(f"CODE{n}", "+70000000001", "demo") for n in (0, 1, 2, 4)]


async def test_an_operator_that_is_to_make_the_code_makes_one_for_each_request(side):
    message = {"phone_number": "+70000000001", "service_id": "demo", "service_name": "Demo"}
    first, again, other = [
        (await side.post("codes", {**message, "request_id": request_id}))[1] for request_id in ("r1", "r1", "r2")
    ]
    assert first == again
    assert first["code"] != other["code"]
    assert len(first["code"]) == 24
