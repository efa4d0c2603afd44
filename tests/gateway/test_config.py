"""Reading the configuration: what is in the default one, and what wins over what."""

import re
from pathlib import Path
from typing import Any, get_origin

from config_files import settings
from ruamel.yaml import YAML

from gateway.config import read
from gateway.config.names import keys, section_of, variables
from gateway.settings import Settings
from smsc_emulator.base.config import Section
from smsc_emulator.base.durations import instant

CONFIGS = Path(__file__).parents[2] / "configs"
TEXT = (CONFIGS / "lab.yaml").read_text(encoding="utf-8")


# The default configuration


def test_the_commented_file_is_equal_to_the_defaults() -> None:
    assert read(CONFIGS / "lab.yaml") == Settings() == read()


def missing_keys(section: type[Section], data: dict[str, Any], above: str = "") -> list[str]:
    missing = []
    for name, annotation in keys(section):
        below = section_of(annotation)
        path = f"{above}{name}"
        if name not in data:
            missing.append(path)
        elif below and (not data[name] or isinstance(data[name], str)):
            missing += [f"{path}[].{key}" for key, _ in keys(below) if not re.search(rf"\b{key}: ", TEXT)]
        elif below and get_origin(annotation) is list:
            seen: dict[str, Any] = {}
            for item in reversed(data[name]):
                seen |= item
            missing += missing_keys(below, seen, f"{path}[].")
        elif below:
            missing += missing_keys(below, data[name], f"{path}.")
    return missing


def test_the_commented_file_has_every_key() -> None:
    data = YAML(typ="safe").load(CONFIGS / "lab.yaml")
    assert missing_keys(Settings, data) == []


def test_each_key_of_the_commented_file_has_a_comment_in_its_line_or_above() -> None:
    seen: set[str] = set()
    commented = False
    for line in (CONFIGS / "lab.yaml").read_text(encoding="utf-8").splitlines():
        key = line.strip().removeprefix("- ").partition(":")[0]
        if key.isidentifier() and key not in seen:
            assert commented or "#" in line, line
            seen.add(key)
        commented = line.lstrip().startswith("#")


def test_the_example_of_a_subscribers_file_can_be_read_beside_the_default_subscribers(lab_file: Path) -> None:
    read_settings = settings(lab_file, f'subscriber_files: ["{CONFIGS}/subscribers-example.csv"]\n')
    assert len(read_settings.subscribers) == 25
    assert read_settings.subscribers[20].imsi == "001010000000101"
    assert read_settings.subscribers[24].imsi is None


def test_profiles_may_follow_each_other_by_the_lab_clock(lab_file: Path) -> None:
    begun = "2022-03-01T00:00:00+03:00"
    plan = settings(lab_file, f"profile:\n  - name: ru-1801\n  - name: ru-1801\n    since: {begun}\n").schedule()
    assert plan == [(0, "ru-1801"), (instant(begun), "ru-1801")]
    assert Settings().schedule() == read(environ={"CONFIRMLAB_PROFILE": "ru-1801"}).schedule() == [(0, "ru-1801")]


# What wins


def test_the_file_wins_over_the_default_the_environment_over_the_file_and_the_flag_over_both(lab_file: Path) -> None:
    lab_file.write_text("server: {smpp_port: 1, http_port: 1, sip_port: 1}\n")
    environ = {"CONFIRMLAB_SERVER__HTTP_PORT": "2", "CONFIRMLAB_SIP_PORT": "2"}
    server = read(lab_file, environ, {"--sip-port": 3, "--host": None}).server
    assert (server.smpp_port, server.http_port, server.sip_port, server.host) == (1, 2, 3, "127.0.0.1")


def test_a_part_of_a_section_leaves_its_other_keys_at_their_defaults(lab_file: Path) -> None:
    assert settings(lab_file, "confirmation: {code_lifetime: 1h30m}").confirmation.model_dump() == {
        **Settings().confirmation.model_dump(),
        "code_lifetime": 5_400_000,
    }


def test_an_empty_list_replaces_the_default_list(lab_file: Path) -> None:
    read_settings = settings(lab_file, "subscribers: []\nhandsets: []\nwebhooks: {allow_networks: []}")
    assert (read_settings.subscribers, read_settings.handsets, read_settings.webhooks.allow_networks) == ([], [], [])


def test_an_empty_file_and_an_empty_variable_change_nothing(lab_file: Path) -> None:
    assert settings(lab_file, "# nothing yet\n", {"CONFIRMLAB_SERVER__HTTP_PORT": ""}) == Settings()


def test_a_list_in_the_environment_is_yaml_and_a_text_is_not() -> None:
    read_settings = read(
        None,
        {
            "CONFIRMLAB_WEBHOOKS__RETRY_AFTER": "[1s, 2m]",
            "CONFIRMLAB_CONFIRMATION__TEXT": "{code}: your code",
            "CONFIRMLAB_LAB__PAUSED_CLOCK": "true",
        },
    )
    assert read_settings.webhooks.retry_after == [1_000, 120_000]
    assert read_settings.confirmation.text == "{code}: your code"
    assert read_settings.lab.paused_clock


def test_variables_of_other_programs_and_of_the_command_are_left_alone() -> None:
    assert read(None, {"HOME": "/", "CONFIRMLAB_URL": "http://127.0.0.1:1", "CONFIRMLAB_CONFIG": "x"}) == Settings()


def test_the_environment_can_set_the_keys_of_tls() -> None:
    assert "CONFIRMLAB_SMSC__TLS__PORT" in variables()


def test_each_single_setting_has_a_variable() -> None:
    assert "CONFIRMLAB_SMSC_LINK__RESPONSE_TIMEOUT" in variables()
    assert "CONFIRMLAB_PROFILE" in variables()
    assert "CONFIRMLAB_SERVER" not in variables()


def test_without_a_lab_nothing_that_everybody_knows_is_a_default(lab_file: Path) -> None:
    read_settings = settings(lab_file, "lab: {enabled: false}\nsmsc_link: {host: smsc.example}")
    assert read_settings.services == []
    assert read_settings.operators == []
    assert read_settings.subscribers == []
    assert read_settings.handsets == []
    assert read_settings.webhooks.networks(in_a_lab=read_settings.lab.enabled) == []
