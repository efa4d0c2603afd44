"""Profiles: the shipped one says all it stands for, and no file can promise what no code reads."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.identification import profiles
from gateway.identification.profiles import DESCRIPTION, Profile, ProfileError, Schedule
from gateway.resources import config_path
from smsc_emulator.base.durations import SECOND, instant


@pytest.fixture
def shipped() -> Profile:
    return profiles.load(config_path("profiles/ru-1801.yaml"))


def test_the_shipped_profile_writes_out_every_key_and_each_has_its_default(shipped):
    assert shipped.model_fields_set == set(Profile.model_fields)
    defaults = Profile(name="ru-1801", title="")
    for name in set(Profile.model_fields) - DESCRIPTION - {"fines"}:
        assert getattr(shipped, name) == getattr(defaults, name), name


def test_the_operator_has_twenty_minutes_and_silence_is_refusal(shipped):
    assert (shipped.t_answer_s, shipped.silence, shipped.exchange_mode) == (1200, "refuse", "presence")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2022-02-28T23:59:59.999+03:00", False),
        ("2022-03-01T00:00:00+03:00", True),
        ("2028-02-29T23:59:59.999+03:00", True),
        ("2028-03-01T00:00:00+03:00", False),
    ],
)
def test_it_is_in_force_from_its_first_day_to_its_last(shipped, at, expected):
    assert shipped.in_force(instant(at)) is expected


def test_a_profile_without_dates_is_always_in_force():
    assert Profile(name="test", title="Test").in_force(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"methods": ["carrier_pigeon"]},
        {"methods": []},
        {"methods": ["sms_code"] * 9},
        {"methods": [{"method": "sms_code", "time": "0s"}]},
        {"methods": [{"method": "sms_code", "texts": 2}]},
        {"methods": ["call_in"], "permitted_methods": ["sms_code"]},
        {"permitted_methods": ["sms_code", "carrier_pigeon"]},
        {"t_answer_s": 0},
        {"unspecified": ["t_anser_s"]},
        {"valid_from": "2022-03-01T00:00:00"},
        {"exchange_mode": "attributes"},
        {"recheck_confirm": ["bored"]},
        {"allowed_countries": ["Russia"]},
        {"fines": [{"part": "1", "offender": "robot", "low": 1, "high": 2, "currency": "RUB"}]},
        {"no_such_key": 1},
    ],
    ids=str,
)
def test_what_no_profile_may_say_is_refused_and_not_ignored(wrong):
    with pytest.raises(ValidationError):
        Profile.model_validate({"name": "test", "title": "Test", **wrong})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: mine\ntitle: Mine\nsilence: accept\n", "mine.yaml: silence: Input should be 'refuse'"),
        ("name: other\ntitle: Mine\n", "mine.yaml: name: expected mine"),
        ("name: mine\ntitle: Mine\nmethods: [sms_code, pigeon]\n", "mine.yaml: methods.1.method: Input should be 'sms"),
        (
            "name: mine\ntitle: Mine\nmethods: [{method: sms_code, time: 60}]\n",
            "mine.yaml: methods.0.time: Value error, write a duration with its unit",
        ),
        ("- a list\n", "mine.yaml: the file: Input should be a valid dictionary"),
        ("name: mine\nname: mine\n", "mine.yaml: "),
        ("name: [", "mine.yaml: "),
    ],
)
def test_a_mistake_in_a_file_is_told_with_file_and_key(tmp_path, text, told):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ProfileError) as error:
        profiles.load_all(tmp_path)
    assert told in str(error.value)


def test_a_workflow_has_its_methods_in_order_with_the_times_that_some_of_them_have(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ntitle: Mine\nmethods: [{method: flash_call, time: 45s}, sms_code]\n"
    )
    steps = profiles.load(tmp_path / "mine.yaml").methods
    assert [(step.method, step.time) for step in steps] == [("flash_call", 45 * SECOND), ("sms_code", None)]


READ_ELSEWHERE = {
    "confirm_first": "it has one value",
    "deadline_basis": "it has one value",
    "silence": "it has one value",
    "store_in_country": "it has one value",
}
"""Rules that no code has to read, and why."""


def test_every_key_is_read_by_code_that_is_not_the_profiles_own():
    package = Path(profiles.__file__).parent.parent
    texts = [file.read_text("utf-8") for file in package.rglob("*.py") if file.name not in ("profiles.py", "rules.py")]
    unread = {
        key
        for key in set(Profile.model_fields) - DESCRIPTION
        if not any(re.search(rf"\.{key}\b", text) for text in texts)
    }
    assert unread == set(READ_ELSEWHERE)


def test_a_key_that_is_left_out_or_named_so_is_an_open_question():
    profile = Profile(name="mine", title="Mine", silence="refuse", t0="first_try", unspecified=["t0"])
    assert "silence" not in profile.open_questions
    assert {"t0", "payer"} <= profile.open_questions
    assert not profile.open_questions & {"name", "title", "valid_from"}


PLAN = ((0, "old"), (instant("2019-05-06T00:00:00+03:00"), "new"))
BOTH = {name: Profile(name=name, title=name) for name in ("old", "new")}


@pytest.mark.parametrize(
    ("plan", "at", "expected"),
    [
        ("new", "2018-01-01T00:00:00Z", "new"),
        (PLAN, "1999-01-01T00:00:00Z", "old"),
        (PLAN, "2019-05-05T23:59:59.999+03:00", "old"),
        (PLAN, "2019-05-06T00:00:00+03:00", "new"),
        (PLAN[::-1], "2019-05-06T00:00:00+03:00", "new"),
    ],
)
def test_a_schedule_says_which_profile_an_attempt_starts_under(plan, at, expected):
    assert Schedule(BOTH, plan).at(instant(at)).name == expected


def test_an_attempt_ends_under_the_profile_of_its_start_as_long_as_there_is_one():
    schedule = Schedule(BOTH, PLAN)
    assert (schedule.of("old", PLAN[1][0]).name, schedule.of("gone", PLAN[1][0]).name) == ("old", "new")


def test_a_schedule_with_a_profile_that_is_not_there_is_refused():
    with pytest.raises(ProfileError, match="no profile odd; known profiles: new, old"):
        Schedule(BOTH, [(0, "odd")])


def test_the_page_on_the_rules_has_a_line_for_each_key_and_each_profile():
    page = (config_path("profiles").parent.parent / "docs" / "rules.md").read_text("utf-8")
    for key in set(Profile.model_fields) - DESCRIPTION:
        (line,) = (line for line in page.splitlines() if line.startswith(f"| `{key}` |"))
        assert line
    for name in SHIPPED:
        assert f"| `{name}` |" in page


SHIPPED = profiles.load_all(config_path("profiles"))


def test_nine_regimes_are_shipped():
    assert sorted(SHIPPED) == [
        "by-850",
        "cn-realname",
        "in-sim-binding",
        "no-procedure",
        "ru-1279",
        "ru-1801",
        "ru-self",
        "sms-only",
        "vn-147",
    ]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_each_regime_tells_its_sources_and_what_they_leave_open(name):
    profile = SHIPPED[name]
    assert profile.sources
    assert profile.unspecified
    assert set(profile.unspecified) <= profile.model_fields_set, "an open question that is named is written out"
    text = config_path(f"profiles/{name}.yaml").read_text("utf-8")
    assert text.startswith("# ")
    assert all(len(line) <= 170 for line in text.splitlines())


REGIMES = {
    "ru-self": {"mode": "self", "store_in_country": True, "agreement_required_for": "none"},
    "sms-only": {"mode": "confirm_only", "permitted_methods": ["sms_code"]},
    "no-procedure": {"mode": "no_procedure"},
    "by-850": {"mode": "confirm_only", "one_number_one_account": True, "fallback_identity": "other_means"},
    "in-sim-binding": {"mode": "confirm_only", "sim_in_device": True, "web_session_s": 6 * 3600},
    "cn-realname": {"mode": "operator", "exchange_mode": "match", "consent_required": True},
    "vn-147": {"allowed_countries": ["VN"], "fallback_identity": "personal_id", "existing_users_due_s": 90 * 86_400},
}


@pytest.mark.parametrize("name", REGIMES)
def test_each_other_regime_differs_from_1801_by_what_its_sources_say(name):
    assert {key: getattr(SHIPPED[name], key) for key in REGIMES[name]} == REGIMES[name]


def test_decree_1801_repeats_decree_1279_but_for_its_dates():
    older, newer = (SHIPPED[name].model_dump(exclude=set(DESCRIPTION)) for name in ("ru-1279", "ru-1801"))
    assert older == newer
    assert SHIPPED["ru-1279"].valid_to == SHIPPED["ru-1801"].valid_from


@pytest.mark.parametrize("day", ["2019-05-05", "2019-05-06"])
def test_the_first_day_of_decree_1279_is_the_one_that_the_schedule_says(day):
    begins = instant(f"{day}T00:00:00+03:00")
    schedule = Schedule(SHIPPED, [(0, "no-procedure"), (begins, "ru-1279")])
    for now, expected in ((begins - 1, "no-procedure"), (begins, "ru-1279")):
        assert schedule.at(now).name == expected
        assert schedule.at(now).in_force(now)


def test_all_files_of_a_folder_are_loaded_by_name(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\ntitle: {name}\n")
    assert sorted(profiles.load_all(tmp_path)) == ["one", "two"]


def test_a_file_that_is_no_part_of_the_installation_is_told():
    with pytest.raises(FileNotFoundError, match="no-such"):
        config_path("profiles/no-such.yaml")
