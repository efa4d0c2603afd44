"""Reading the configuration: what wins, and how each mistake is told."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any, get_origin

import pytest
from ruamel.yaml import YAML

from gateway.config import ConfigError, read
from gateway.config.names import keys, section_of, variables
from gateway.settings import Settings
from smsc_emulator.base.config import Section
from smsc_emulator.base.durations import instant

CONFIGS = Path(__file__).parents[2] / "configs"
TEXT = (CONFIGS / "lab.yaml").read_text(encoding="utf-8")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return tmp_path / "lab.yaml"


def mistakes(lab: Path, text: str, environ: dict[str, str] | None = None, **flags: Any) -> list[str]:
    """Return the mistakes of a configuration, each without the folder of its file."""
    lab.write_text(dedent(text), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read(lab, environ, {"--" + name.replace("_", "-"): value for name, value in flags.items()})
    return [str(mistake).removeprefix(f"{lab.parent}/") for mistake in raised.value.mistakes]


def settings(lab: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    lab.write_text(dedent(text), encoding="utf-8")
    return read(lab, environ)


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


def test_the_example_of_a_subscribers_file_can_be_read_beside_the_default_subscribers(lab: Path) -> None:
    read_settings = settings(lab, f'subscriber_files: ["{CONFIGS}/subscribers-example.csv"]\n')
    assert len(read_settings.subscribers) == 25
    assert read_settings.subscribers[20].imsi == "001010000000101"
    assert read_settings.subscribers[24].imsi is None


def test_profiles_may_follow_each_other_by_the_lab_clock(lab: Path) -> None:
    begun = instant("2022-03-01T00:00:00+03:00")
    plan = settings(lab, f"profile:\n  - name: ru-1801\n  - name: ru-1801\n    {SINCE}\n").schedule()
    assert plan == [(0, "ru-1801"), (begun, "ru-1801")]
    assert Settings().schedule() == read(environ={"CONFIRMLAB_PROFILE": "ru-1801"}).schedule() == [(0, "ru-1801")]


# What wins


def test_the_file_wins_over_the_default_the_environment_over_the_file_and_the_flag_over_both(lab: Path) -> None:
    lab.write_text("server: {smpp_port: 1, http_port: 1, sip_port: 1}\n")
    environ = {"CONFIRMLAB_SERVER__HTTP_PORT": "2", "CONFIRMLAB_SIP_PORT": "2"}
    server = read(lab, environ, {"--sip-port": 3, "--host": None}).server
    assert (server.smpp_port, server.http_port, server.sip_port, server.host) == (1, 2, 3, "127.0.0.1")


def test_a_part_of_a_section_leaves_its_other_keys_at_their_defaults(lab: Path) -> None:
    assert settings(lab, "confirmation: {code_lifetime: 1h30m}").confirmation.model_dump() == {
        **Settings().confirmation.model_dump(),
        "code_lifetime": 5_400_000,
    }


def test_an_empty_list_replaces_the_default_list(lab: Path) -> None:
    read_settings = settings(lab, "subscribers: []\nhandsets: []\nwebhooks: {allow_networks: []}")
    assert (read_settings.subscribers, read_settings.handsets, read_settings.webhooks.allow_networks) == ([], [], [])


def test_an_empty_file_and_an_empty_variable_change_nothing(lab: Path) -> None:
    assert settings(lab, "# nothing yet\n", {"CONFIRMLAB_SERVER__HTTP_PORT": ""}) == Settings()


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


# Mistakes in the file


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "server:\n  htp_port: 1\n",
            "lab.yaml:2:3: server.htp_port: unknown key; nearest known key: http_port",
        ),
        (
            "servre: {}\n",
            "lab.yaml:1:1: servre: unknown key; nearest known key: server",
        ),
        (
            "lab: {zzz: 1}\n",
            "lab.yaml:1:7: lab.zzz: unknown key; known keys: enabled, paused_clock, seed",
        ),
        (
            (
                "operators:\n  - id: a\n    name: A\n    secret: whsec_YWxwaGEtbGFiLW9wZXJhdG9yLXNpZ25pbmcta2V5\n"
                "    range: []\nsubscribers: []\n"
            ),
            "lab.yaml:5:5: operators[0].range: unknown key; nearest known key: ranges",
        ),
        (
            "server:\n  http_port: abc\n",
            "lab.yaml:2:14: server.http_port: expected a whole number (got abc)",
        ),
        (
            "server:\n  http_port: 70000\n",
            "lab.yaml:2:14: server.http_port: expected at most 65535 (got 70000)",
        ),
        (
            "lab:\n  enabled: maybe\n",
            "lab.yaml:2:12: lab.enabled: expected true or false (got maybe)",
        ),
        (
            "services:\n  - id: demo\n    name: Demo\n",
            "lab.yaml:2:5: services[0].key: this key is needed",
        ),
        (
            "services:\n  - {id: demo, name: Demo, key: short}\n",
            "lab.yaml:2:33: services[0].key: expected a text of at least 8 characters (got ***)",
        ),
        (
            "webhooks:\n  allow_networks: [10.0.0.0/8, nonsense]\n",
            "lab.yaml:2:32: webhooks.allow_networks[1]: expected a network such as 127.0.0.0/8 (got nonsense)",
        ),
        (
            "operators:\nsubscribers: []\n",
            "lab.yaml:1:1: operators: expected a list; write [] for none (got nothing)",
        ),
        (
            "server: 8080\n",
            "lab.yaml:1:9: server: expected a mapping of keys to values (got 8080)",
        ),
        (
            "- server\n",
            "lab.yaml:1:1: expected a mapping of keys to values (got a list)",
        ),
        (
            "logs: {level: loud}\n",
            "lab.yaml:1:15: logs.level: expected 'debug', 'info', 'warning' or 'error' (got loud)",
        ),
        (
            "confirmation: {text: hello}\n",
            "lab.yaml:1:22: confirmation.text: the text must hold {code} (got hello)",
        ),
        (
            "confirmation: {code_lifetime: 300}\n",
            (
                "lab.yaml:1:31: confirmation.code_lifetime: write a duration with its unit, such as 250ms, 10s, 20m, "
                "1h30m or 2d (got 300)"
            ),
        ),
        (
            "confirmation: {code_lifetime: 5 minutes}\n",
            (
                "lab.yaml:1:31: confirmation.code_lifetime: '5 minutes' is not a duration; write a number with a unit, "
                "such as 250ms, 10s, 20m, 1h30m or 2d"
            ),
        ),
        (
            "handsets:\n  - phone_number: +70000000097\n",
            (
                'lab.yaml:2:19: handsets[0].phone_number: write the number in quotes, such as "+70000000001" '
                "(got +70000000097)"
            ),
        ),
        (
            "smsc: {accounts: [{system_id: 1234, password: pass}]}\n",
            "lab.yaml:1:31: smsc.accounts[0].system_id: expected a text; put it in quotes (got 1234)",
        ),
    ],
)
def test_a_mistake_names_its_place_its_key_and_what_was_expected(lab: Path, text: str, told: str) -> None:
    assert mistakes(lab, text) == [told]


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(lab: Path) -> None:
    told = mistakes(
        lab,
        """\
        handsets: [{phone_number: "+70000000001"}]
        server: {http_port: x, smpp_prt: 1}
        profil: ru
        """,
        {"CONFIRMLAB_LAB__ENABLED": "perhaps"},
    )
    assert [line.split(" ")[0] for line in told] == [
        "lab.yaml:1:27:",
        "lab.yaml:2:21:",
        "lab.yaml:2:24:",
        "lab.yaml:3:1:",
        "CONFIRMLAB_LAB__ENABLED:",
    ]


def test_keys_that_stand_twice_are_told_all_at_once(lab: Path) -> None:
    assert mistakes(lab, "server:\n  http_port: 1\n  http_port: 2\nlab: {}\nserver: {}\n") == [
        "lab.yaml:3:3: http_port: this key stands twice in one mapping; first in line 2",
        "lab.yaml:5:1: server: this key stands twice in one mapping; first in line 1",
    ]


def test_a_text_that_is_no_yaml_is_told_by_place(lab: Path) -> None:
    (told,) = mistakes(lab, "server: [1\nlab: {}\n")
    assert told.startswith("lab.yaml:2:4: not YAML: ")


def test_an_anchor_that_holds_itself_is_refused_and_does_not_hang(lab: Path) -> None:
    assert mistakes(lab, "services: &all [*all]\n")[0].startswith("lab.yaml:1:11: services[0]: expected a mapping")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read: No such file"):
        read(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"profile: \xff\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml: cannot be read: not a text in UTF-8"):
        read(tmp_path / "latin.yaml")


# Mistakes in the environment


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "CONFIRMLAB_SERVER__HTTP_PORT",
            "abc",
            'CONFIRMLAB_SERVER__HTTP_PORT: server.http_port: expected a whole number (got "abc")',
        ),
        (
            "CONFIRMLAB_HTTP_PROT",
            "1",
            "CONFIRMLAB_HTTP_PROT: no such setting; nearest known variable: CONFIRMLAB_HTTP_PORT",
        ),
        (
            "CONFIRMLAB_WEBHOOKS__RETRY_AFTER",
            "[5s, soon]",
            (
                "CONFIRMLAB_WEBHOOKS__RETRY_AFTER: webhooks.retry_after[1]: 'soon' is not a duration; write a number "
                "with a unit, such as 250ms, 10s, 20m, 1h30m or 2d"
            ),
        ),
        (
            "CONFIRMLAB_SUBSCRIBERS",
            "[",
            "CONFIRMLAB_SUBSCRIBERS:1:2: not YAML: expected the node content, but found '<stream end>'",
        ),
        (
            "CONFIRMLAB_SMSC_LINK__SYSTEM_ID",
            "a" * 16,
            (
                "CONFIRMLAB_SMSC_LINK__SYSTEM_ID: smsc_link.system_id: expected a text of at most 15 characters "
                '(got "aaaaaaaaaaaaaaaa")'
            ),
        ),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(lab: Path, name: str, value: str, told: str) -> None:
    assert mistakes(lab, "", {name: value}) == [told]


def test_two_variables_for_one_key_are_refused(lab: Path) -> None:
    environ = {"CONFIRMLAB_HTTP_PORT": "1", "CONFIRMLAB_SERVER__HTTP_PORT": "2"}
    assert mistakes(lab, "", environ) == [
        "CONFIRMLAB_HTTP_PORT: server.http_port: CONFIRMLAB_SERVER__HTTP_PORT sets the same key; leave one of the two"
    ]


def test_a_variable_under_a_section_that_is_no_mapping_leaves_the_mistake_to_the_file(lab: Path) -> None:
    assert mistakes(lab, "server: 5", {"CONFIRMLAB_HTTP_PORT": "1"}) == [
        "lab.yaml:1:9: server: expected a mapping of keys to values (got 5)"
    ]


def test_a_wrong_flag_is_told_by_its_name(lab: Path) -> None:
    assert mistakes(lab, "", http_port=70000) == ["--http-port: server.http_port: expected at most 65535 (got 70000)"]


# Mistakes between sections

SECRET = "secret: whsec_YWxwaGEtbGFiLW9wZXJhdG9yLXNpZ25pbmcta2V5"
SINCE = "since: 2022-03-01T00:00:00+03:00"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'subscribers:\n  - {phone_number: "+70000000001", operator_id: alhpa}\n',
            "lab.yaml:2:49: subscribers[0].operator_id: there is no operator 'alhpa'; nearest known operator: alpha",
        ),
        (
            (
                'subscribers:\n  - {phone_number: "+70000000001", operator_id: beta}\n'
                '  - {phone_number: "+7 000 000-00-01", operator_id: beta}\n'
            ),
            "lab.yaml:3:20: subscribers[1].phone_number: '+70000000001' stands here for the second time",
        ),
        (
            (
                'subscribers:\n  - {phone_number: "+70000000001", operator_id: beta, imsi: "001010000000001"}\n'
                '  - {phone_number: "+70000000002", operator_id: beta, imsi: "001010000000001"}\n'
            ),
            "lab.yaml:3:61: subscribers[1].imsi: '001010000000001' stands here for the second time",
        ),
        (
            "profile: ru-1901\n",
            "lab.yaml:1:10: profile: there is no profile 'ru-1901'; nearest known profile: ru-1801",
        ),
        (
            f"profile:\n  - name: ru-1801\n  - name: ru-1901\n    {SINCE}\n",
            "lab.yaml:3:11: profile[1].name: there is no profile 'ru-1901'; nearest known profile: ru-1801",
        ),
        (
            "profile:\n  - name: ru-1801\n  - name: ru-1801\n",
            "lab.yaml:3:5: profile[1]: this key is needed in all but the first: since",
        ),
        (
            f"profile:\n  - name: ru-1801\n    {SINCE}\n  - name: ru-1801\n    {SINCE}\n",
            "lab.yaml:5:12: profile[1].since: this profile has to begin after the one before it",
        ),
        (
            'handsets:\n  - phone_number: "+70000000001"\n',
            "lab.yaml:2:19: handsets[0].phone_number: +70000000001 is a subscriber, who has a handset already",
        ),
        (
            f"subscribers: []\noperators:\n  - {{id: a, name: A, {SECRET}}}\n  - {{id: a, name: B, {SECRET}}}\n",
            "lab.yaml:4:10: operators[1].id: 'a' stands here for the second time",
        ),
        (
            "services:\n  - {id: a, name: A, key: lab-demo-key}\n  - {id: b, name: B, key: lab-demo-key}\n",
            "lab.yaml:3:27: services[1].key: this is taken already by another",
        ),
        (
            "smsc:\n  accounts:\n    - {system_id: one, password: p}\n    - {system_id: one, password: q}\n",
            "lab.yaml:4:19: smsc.accounts[1].system_id: 'one' stands here for the second time",
        ),
        (
            (
                'smsc:\n  accounts:\n    - {system_id: one, password: p, serves: ["1234"]}\n'
                '    - {system_id: two, password: q, serves: ["1", "1234"]}\n'
            ),
            "lab.yaml:4:51: smsc.accounts[1].serves[1]: '1234' stands here for the second time",
        ),
        (
            "smsc:\n  accounts:\n    - {system_id: gateway, password: other}\n",
            (
                "lab.yaml:3:19: smsc.accounts[0].system_id: 'gateway' is the gateway's own account (smsc_link), which "
                "has another password"
            ),
        ),
        (
            (
                f'subscribers: []\noperators:\n  - {{id: a, name: A, {SECRET}, ranges: [{{first: "+70000000009", '
                'last: "+70000000001"}]}\n'
            ),
            (
                "lab.yaml:3:117: operators[0].ranges[0].last: expected a number of as many digits as +70000000009, and "
                "not below it (got +70000000001)"
            ),
        ),
        (
            (
                f'subscribers: []\noperators:\n  - {{id: a, name: A, {SECRET}, ranges: [{{first: "+70000000000", '
                f'last: "+70000000099"}}]}}\n  - {{id: b, name: B, {SECRET}, ranges: [{{first: "+70000000099", '
                'last: "+70000000100"}]}\n'
            ),
            (
                "lab.yaml:4:95: operators[1].ranges[0].first: this block begins at +70000000099, but another one ends "
                "at +70000000099"
            ),
        ),
    ],
)
def test_sections_that_do_not_fit_together_are_refused(lab: Path, text: str, told: str) -> None:
    assert mistakes(lab, text) == [told]


def test_the_gateways_own_account_may_be_listed_with_the_same_password(lab: Path) -> None:
    account = settings(lab, "smsc: {accounts: [{system_id: gateway, password: gateway, window: 5}]}").smsc.accounts[0]
    assert account.window == 5


def test_the_gateways_account_at_another_smsc_may_have_any_name(lab: Path) -> None:
    text = "smsc_link: {host: 192.0.2.1, password: other}\nsmsc: {accounts: [{system_id: gateway, password: pass}]}"
    assert settings(lab, text).smsc_link.host == "192.0.2.1"


def test_blocks_of_numbers_of_other_lengths_do_not_overlap(lab: Path) -> None:
    text = f"""\
        subscribers: []
        operators:
          - id: a
            name: A
            {SECRET}
            ranges: [{{first: "+7000000", last: "+7000999"}}, {{first: "+70000000", last: "+70009999"}}]
        """
    assert len(settings(lab, text).operators[0].ranges) == 2


# Subscribers from CSV


def test_rows_are_told_by_file_and_line(lab: Path) -> None:
    (lab.parent / "many.csv").write_text(
        "phone_number,operator_id,imsi\n"
        "+70000000101,alpha,\n"
        "+70000000101,alpha,\n"
        "70000000102,alpha,\n"
        "+70000000103,alpha,12345\n"
        "+70000000104,alpha\n"
    )
    folder = f"{lab.parent}/"
    told = [line.removeprefix(folder) for line in mistakes(lab, "subscriber_files: [many.csv]\n")]
    assert told == [
        (
            "many.csv:4: phone_number: '70000000102' is not a number in international form; write + and 7 to 15 "
            "digits, such as +70000000001"
        ),
        'many.csv:5: imsi: expected a text of the form ^00101[0-9]{10}$ (got "12345")',
        "many.csv:6: this line has another number of columns than the first line",
    ]


def test_rows_are_checked_against_the_other_sections(lab: Path) -> None:
    (lab.parent / "many.csv").write_text("operator_id,phone_number\nalpha,+70000000101\ngamma,+70000000001\n")
    assert mistakes(lab, "subscriber_files: [many.csv]\n") == [
        "many.csv:3: operator_id: there is no operator 'gamma'; known operators: alpha, beta",
        "many.csv:3: phone_number: '+70000000001' stands here for the second time",
    ]


def test_wrong_columns_and_an_absent_file_are_told(lab: Path) -> None:
    (lab.parent / "many.csv").write_text("phone_numbr,operator_id\n")
    assert mistakes(lab, "subscriber_files: [many.csv, none.csv]\n") == [
        "many.csv:1: phone_number: this column is needed in the first line",
        "many.csv:1: phone_numbr: unknown column; nearest known column: phone_number",
        "none.csv: cannot be read: No such file or directory",
    ]


# Files of messages from handsets


def test_a_file_of_messages_is_looked_for_beside_the_configuration_and_checked(lab: Path) -> None:
    lab.with_name("mo.csv").write_text("phone_number,to,text\n+70000000001,1234,STOP\n", encoding="utf-8")
    text = "smsc: {mobile_originated_files: [mo.csv]}\n"
    assert settings(lab, text).smsc.mobile_originated_files == [lab.with_name("mo.csv")]
    lab.with_name("mo.csv").write_text("phone_number,to,text\n+70000000001,bank,STOP\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mo.csv: line 2: to: 'bank' is neither a number nor a short code"):
        settings(lab, text)
    lab.with_name("mo.csv").unlink()
    with pytest.raises(ConfigError, match=r"mo.csv: cannot be read"):
        settings(lab, text)


def test_without_a_lab_nothing_that_everybody_knows_is_a_default(lab: Path) -> None:
    read_settings = settings(lab, "lab: {enabled: false}\nsmsc_link: {host: smsc.example}")
    assert read_settings.services == []
    assert read_settings.operators == []
    assert read_settings.subscribers == []
    assert read_settings.handsets == []
    assert read_settings.webhooks.networks(in_a_lab=read_settings.lab.enabled) == []


def test_without_a_lab_operators_and_the_smsc_are_elsewhere(lab: Path) -> None:
    text = (
        "lab: {enabled: false}\noperators:\n  - {id: alpha, name: A, secret: whsec_YWxwaGEtbGFiLW9wZXJhdG9yLWtleQ==}\n"
    )
    with pytest.raises(ConfigError) as refused:
        settings(lab, text)
    told = [str(mistake) for mistake in refused.value.mistakes]
    assert any("'alpha' needs a url" in sentence and ":3:" in sentence for sentence in told)
    assert any("needs the host of an SMSC" in sentence for sentence in told)
