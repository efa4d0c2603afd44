"""How each mistake of a configuration is told: in its file, in the environment, in flags, in the files beside it."""

from pathlib import Path

import pytest
from config_files import mistakes, settings

from gateway.config import ConfigError, read

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
def test_a_mistake_names_its_place_its_key_and_what_was_expected(lab_file: Path, text: str, told: str) -> None:
    assert mistakes(lab_file, text) == [told]


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(lab_file: Path) -> None:
    told = mistakes(
        lab_file,
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


def test_keys_that_stand_twice_are_told_all_at_once(lab_file: Path) -> None:
    assert mistakes(lab_file, "server:\n  http_port: 1\n  http_port: 2\nlab: {}\nserver: {}\n") == [
        "lab.yaml:3:3: http_port: this key stands twice in one mapping; first in line 2",
        "lab.yaml:5:1: server: this key stands twice in one mapping; first in line 1",
    ]


def test_a_text_that_is_no_yaml_is_told_by_place(lab_file: Path) -> None:
    (told,) = mistakes(lab_file, "server: [1\nlab: {}\n")
    assert told.startswith("lab.yaml:2:4: not YAML: ")


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("server:\n\thttp_port: 1\n", "2:1", "write blanks instead of the tab"),
        ("server:\n  http_port: 1\n    smpp_port: 2\n", "3:14", "is the line indented too far"),
        ("server:\n  http_port: 1\n smpp_port: 2\n", "3:2", "its indentation fits no line above it"),
        ("server:\n  host: a\x01b\n", "2:10", "the character U+0001 may not stand in it"),
    ],
)
def test_a_slip_of_the_indentation_is_told_with_what_to_do(lab_file: Path, text: str, place: str, hint: str) -> None:
    (told,) = mistakes(lab_file, text)
    assert told.startswith(f"lab.yaml:{place}: not YAML: ")
    assert hint in told


def test_an_anchor_that_holds_itself_is_refused_and_does_not_hang(lab_file: Path) -> None:
    assert mistakes(lab_file, "services: &all [*all]\n")[0].startswith("lab.yaml:1:11: services[0]: expected a mapping")


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
def test_a_wrong_variable_is_told_by_its_name(lab_file: Path, name: str, value: str, told: str) -> None:
    assert mistakes(lab_file, "", {name: value}) == [told]


def test_two_variables_for_one_key_are_refused(lab_file: Path) -> None:
    environ = {"CONFIRMLAB_HTTP_PORT": "1", "CONFIRMLAB_SERVER__HTTP_PORT": "2"}
    assert mistakes(lab_file, "", environ) == [
        "CONFIRMLAB_HTTP_PORT: server.http_port: CONFIRMLAB_SERVER__HTTP_PORT sets the same key; leave one of the two"
    ]


def test_a_variable_under_a_section_that_is_no_mapping_leaves_the_mistake_to_the_file(lab_file: Path) -> None:
    assert mistakes(lab_file, "server: 5", {"CONFIRMLAB_HTTP_PORT": "1"}) == [
        "lab.yaml:1:9: server: expected a mapping of keys to values (got 5)"
    ]


def test_a_wrong_flag_is_told_by_its_name(lab_file: Path) -> None:
    assert mistakes(lab_file, "", http_port=70000) == [
        "--http-port: server.http_port: expected at most 65535 (got 70000)"
    ]


# Subscribers from CSV


def test_rows_are_told_by_file_and_line(lab_file: Path) -> None:
    (lab_file.parent / "many.csv").write_text(
        "phone_number,operator_id,imsi\n"
        "+70000000101,alpha,\n"
        "+70000000101,alpha,\n"
        "70000000102,alpha,\n"
        "+70000000103,alpha,12345\n"
        "+70000000104,alpha\n"
    )
    folder = f"{lab_file.parent}/"
    told = [line.removeprefix(folder) for line in mistakes(lab_file, "subscriber_files: [many.csv]\n")]
    assert told == [
        (
            "many.csv:4: phone_number: '70000000102' is not a number in international form; write + and 7 to 15 "
            "digits, such as +70000000001"
        ),
        'many.csv:5: imsi: expected a text of the form ^00101[0-9]{10}$ (got "12345")',
        "many.csv:6: this line has another number of columns than the first line",
    ]


def test_rows_are_checked_against_the_other_sections(lab_file: Path) -> None:
    (lab_file.parent / "many.csv").write_text("operator_id,phone_number\nalpha,+70000000101\ngamma,+70000000001\n")
    assert mistakes(lab_file, "subscriber_files: [many.csv]\n") == [
        "many.csv:3: operator_id: there is no operator 'gamma'; known operators: alpha, beta",
        "many.csv:3: phone_number: '+70000000001' stands here for the second time",
    ]


def test_wrong_columns_and_an_absent_file_are_told(lab_file: Path) -> None:
    (lab_file.parent / "many.csv").write_text("phone_numbr,operator_id\n")
    assert mistakes(lab_file, "subscriber_files: [many.csv, none.csv]\n") == [
        "many.csv:1: phone_number: this column is needed in the first line",
        "many.csv:1: phone_numbr: unknown column; nearest known column: phone_number",
        "none.csv: cannot be read: No such file or directory",
    ]


# Files of messages from handsets


def test_a_file_of_messages_is_looked_for_beside_the_configuration_and_checked(lab_file: Path) -> None:
    lab_file.with_name("mo.csv").write_text("phone_number,to,text\n+70000000001,1234,STOP\n", encoding="utf-8")
    text = "smsc: {mobile_originated_files: [mo.csv]}\n"
    assert settings(lab_file, text).smsc.mobile_originated_files == [lab_file.with_name("mo.csv")]
    lab_file.with_name("mo.csv").write_text("phone_number,to,text\n+70000000001,bank,STOP\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mo.csv: line 2: to: 'bank' is neither a number nor a short code"):
        settings(lab_file, text)
    lab_file.with_name("mo.csv").unlink()
    with pytest.raises(ConfigError, match=r"mo.csv: cannot be read"):
        settings(lab_file, text)
