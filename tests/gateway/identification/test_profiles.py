"""Profiles: the shipped one says all it stands for, and no file can promise what is not built."""

import pytest
from pydantic import ValidationError

from gateway.identification import profiles
from gateway.identification.profiles import Profile, ProfileError
from gateway.resources import config_path
from smsc_emulator.base.durations import SECOND, instant


@pytest.fixture
def shipped() -> Profile:
    return profiles.load(config_path("profiles/ru-1801.yaml"))


def test_the_shipped_profile_writes_out_every_key_and_each_has_its_default(shipped):
    assert shipped.model_fields_set == set(Profile.model_fields)
    described = {"name", "title", "sources", "valid_from", "valid_to", "unspecified"}
    defaults = Profile(name="ru-1801", title="")
    for name in set(Profile.model_fields) - described:
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
        {"exchange_mode": "match"},
        {"methods": ["carrier_pigeon"]},
        {"methods": []},
        {"methods": ["sms_code"] * 9},
        {"methods": [{"method": "sms_code", "time": "0s"}]},
        {"methods": [{"method": "sms_code", "texts": 2}]},
        {"methods": ["call_in"], "permitted_methods": ["sms_code"]},
        {"permitted_methods": ["sms_code", "carrier_pigeon"]},
        {"code_phase": "with_request"},
        {"grace_ms": 1},
        {"recheck_confirm": ["recycled"]},
        {"t_answer_s": 0},
        {"unspecified": ["t_anser_s"]},
        {"valid_from": "2022-03-01T00:00:00"},
        {"no_such_key": 1},
    ],
    ids=str,
)
def test_what_is_not_built_is_refused_and_not_ignored(wrong):
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


def test_all_files_of_a_folder_are_loaded_by_name(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\ntitle: {name}\n")
    assert sorted(profiles.load_all(tmp_path)) == ["one", "two"]


def test_a_file_that_is_no_part_of_the_installation_is_told():
    with pytest.raises(FileNotFoundError, match="no-such"):
        config_path("profiles/no-such.yaml")
