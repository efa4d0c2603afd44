"""The personalities' files, how mistakes in them are told, and the page about them."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import trustme

from gateway.config import ConfigError, personalities, read
from gateway.config.names import keys, section_of
from smsc_emulator.base.config import Section
from smsc_emulator.core.personality_settings import PersonalitySettings
from smsc_emulator.core.settings import AccountSettings

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "configs" / "operators").glob("*.yaml"))
PAGE = (ROOT / "docs" / "personalities.md").read_text(encoding="utf-8")


def mistakes_in(folder: Path, text: str, name: str = "mine") -> list[str]:
    file = folder / f"{name}.yaml"
    file.write_text(dedent(text), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        personalities.read_file(file)
    return [str(mistake).removeprefix(f"{folder}/") for mistake in raised.value.mistakes]


def mistakes_of(lab: Path, text: str) -> list[str]:
    lab.write_text(dedent(text), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read(lab)
    return [str(mistake).removeprefix(f"{lab.parent}/") for mistake in raised.value.mistakes]


def paths(section: type[Section], above: str = "") -> list[str]:
    found = []
    for name, annotation in keys(section):
        below = section_of(annotation)
        nested = below is not None and name not in ("vendor_tlvs",) and not (above and name == "message_id")
        found += paths(below, f"{above}{name}.") if below and nested else [above + name]
    return found


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_file_is_right_differs_from_the_standard_and_names_its_complaint(file: Path) -> None:
    personality = personalities.read_file(file)
    assert file.read_text(encoding="utf-8").startswith("# ")
    if file.stem != "standard":
        assert all(re.search(r"[\w./-]+#[0-9]+", source) for source in personality.sources)
        assert personality.sources
        told = {"name", "title", "sources"}
        assert personality.model_dump(exclude=told) != PersonalitySettings().model_dump(exclude=told)


def test_at_least_six_are_shipped_and_each_stands_on_the_page() -> None:
    assert len(SHIPPED) > 6
    for file in SHIPPED:
        (line,) = re.findall(rf"^\| `{file.stem}` \|.*$", PAGE, re.MULTILINE)
        for source in personalities.read_file(file).sources:
            assert all(name in line for name in re.findall(r"[\w./-]+#[0-9]+", source)), file.stem


def test_the_standard_file_is_equal_to_the_defaults_and_has_every_key_with_a_comment() -> None:
    file = ROOT / "configs" / "operators" / "standard.yaml"
    assert personalities.read_file(file) == PersonalitySettings()
    text = file.read_text(encoding="utf-8")
    for path in paths(PersonalitySettings):
        assert re.search(rf"^ *{path.rsplit('.', 1)[-1]}: .*  ?# ", text, re.MULTILINE), path


def test_the_page_has_every_key_with_its_default_and_its_values() -> None:
    part = PAGE.partition("## Every key")[2].partition("##")[0]
    rows = {path: cells for path, *cells in re.findall(r"^\| `([a-z_.]+)` \| (.*?) \| (.*?) \| (.*?) \|$", part, re.M)}
    assert list(rows) == paths(PersonalitySettings)
    for path, (values, default, meaning) in rows.items():
        value: Any = PersonalitySettings().model_dump()
        for name in path.split("."):
            value = value[name]
        written = str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
        assert default in ("that of `standard`", "Appendix B", f"`{written}`"), path
        assert values
        assert meaning.endswith("."), path


def test_the_page_has_the_accounts_limits() -> None:
    part = PAGE.partition("## Limits of an account")[2]
    told = re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)))
    assert set(told) <= set(AccountSettings.model_fields)
    assert len(told) == 9


def test_the_example_on_the_page_can_be_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(name: .*?)```", PAGE, re.DOTALL)
    (tmp_path / "my-operator.yaml").write_text(example, encoding="utf-8")
    assert personalities.read_file(tmp_path / "my-operator.yaml").rate == 12.5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: mine\nstrictnes: lenient\n", "mine.yaml:2:1: strictnes: unknown key; nearest known key: strictness"),
        (
            "name: mine\nmessage_id:\n  from: hex\n",
            "mine.yaml:3:3: message_id.from: unknown key; nearest known key: form",
        ),
        (
            "name: mine\nreceipt:\n  message_id: {widht: 4}\n",
            "mine.yaml:3:16: receipt.message_id.widht: unknown key; nearest known key: width",
        ),
        ("name: mine\nrate: 0\n", "mine.yaml:2:7: rate: expected more than 0 (got 0)"),
        ("name: mine\nrate: fast\n", "mine.yaml:2:7: rate: expected a number (got fast)"),
        (
            "name: mine\nresponse_timeout: 5\n",
            (
                "mine.yaml:2:19: response_timeout: write a duration with its unit, such as 250ms, 10s, 20m, 1h30m or 2d"
                " (got 5)"
            ),
        ),
        (
            "name: mine\nreceipt:\n  vendor_tlvs:\n    - {tag: 0x1E, value: '00'}\n",
            "mine.yaml:4:13: receipt.vendor_tlvs[0].tag: expected at least 5120 (got 0x1E)",
        ),
        (
            "name: mine\nreceipt: {text: 'id:{ident}'}\n",
            (
                "mine.yaml:2:17: receipt.text: {ident} is no field of a receipt; the fields are {id}, {sub}, {dlvrd}, "
                '{submit_date}, {done_date}, {stat}, {err}, {text} (got "id:{ident}")'
            ),
        ),
        ("name: other\n", "mine.yaml:1:7: name: expected mine, as the file is called (got other)"),
    ],
)
def test_a_mistake_in_a_file_is_told_by_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert mistakes_in(tmp_path, text) == [told]


def test_an_account_names_a_personality_that_there_is(tmp_path: Path) -> None:
    text = "smsc: {accounts: [{system_id: a, password: p, personality: hexagone}], personality: lettr}\n"
    assert mistakes_of(tmp_path / "lab.yaml", text) == [
        (
            "lab.yaml:1:60: smsc.accounts[0].personality: there is no personality 'hexagone'; nearest known "
            "personality: hexagon"
        ),
        "lab.yaml:1:85: smsc.personality: there is no personality 'lettr'; nearest known personality: letter",
    ]


def test_an_accounts_password_is_one_that_its_personality_takes(tmp_path: Path) -> None:
    text = "smsc: {accounts: [{system_id: a, password: ninechars, personality: letter}]}\n"
    assert mistakes_of(tmp_path / "lab.yaml", text) == [
        "lab.yaml:1:44: smsc.accounts[0].password: the personality letter takes passwords of at most 8 characters"
    ]


def test_ones_own_folder_is_beside_the_configuration_and_comes_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "hexagon.yaml").write_text("name: hexagon\nwindow: 3\n")
    (tmp_path / "own" / "mine.yaml").write_text("name: mine\n")
    lab = tmp_path / "lab.yaml"
    names = ("hexagon", "mine", "letter")
    accounts = ", ".join(f"{{system_id: {name}, password: p, personality: {name}}}" for name in names)
    lab.write_text(f"smsc: {{personality_folder: own, accounts: [{accounts}]}}\n")
    found = personalities.of(read(lab))
    assert (found["hexagon"].window, found["mine"].window, found["letter"].strictness) == (3, 100, "strict34")
    assert found.keys() == {*names, "standard"}


def test_mistakes_in_ones_own_folder_are_told_with_the_configurations(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.yaml").write_text("name: mine\nwindow: none\n")
    told = mistakes_of(tmp_path / "lab.yaml", "smsc: {personality_folder: own, system_id: 5}\n")
    assert told == ["lab.yaml:1:44: smsc.system_id: expected a text; put it in quotes (got 5)"] or len(told) == 2
    told = mistakes_of(tmp_path / "lab.yaml", "smsc: {personality_folder: own}\n")
    assert told == ["own/mine.yaml:2:9: window: expected a whole number (got none)"]
    told = mistakes_of(tmp_path / "lab.yaml", "smsc: {personality_folder: nowhere}\n")
    assert told == ["nowhere: this is no folder"]


@pytest.mark.parametrize("text", ["smsc: {}\nserver: {}\nlogs: {}\n", "- a\n- b\n", "just a text\n"])
def test_a_file_of_something_else_among_the_personalities_is_told_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "other.yaml").write_text(text)
    (told,) = mistakes_of(tmp_path / "lab.yaml", "smsc: {personality_folder: own}\n")
    assert told.startswith("own/other.yaml:1:1: this is no personality, ")
    assert "smsc.personality_folder" in told


def test_an_address_range_in_the_configuration_is_an_expression(tmp_path: Path) -> None:
    text = 'smsc: {accounts: [{system_id: a, password: p, address_range: "*"}]}\n'
    assert mistakes_of(tmp_path / "lab.yaml", text) == [
        'lab.yaml:1:62: smsc.accounts[0].address_range: nothing to repeat before * at 1 (got "*")'
    ]


def test_tls_needs_a_certificate_that_can_be_read(tmp_path: Path) -> None:
    lab = tmp_path / "lab.yaml"
    (needed,) = mistakes_of(lab, "smsc: {tls: {port: 0}}\n")
    assert needed == "lab.yaml:1:13: smsc.tls.certificate: this key is needed where smsc.tls.port is given"
    (absent,) = mistakes_of(lab, "smsc: {tls: {port: 0, certificate: none.pem}}\n")
    assert absent.startswith("lab.yaml:1:36: smsc.tls.certificate: TLS cannot begin with these files: [Errno 2]")
    (tmp_path / "bad.pem").write_text("nothing")
    (broken,) = mistakes_of(lab, "smsc: {tls: {port: 0, certificate: bad.pem}}\n")
    assert "TLS cannot begin with these files: [SSL]" in broken


def test_tls_files_are_found_beside_the_configuration(tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "smsc.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "smsc.key")
    lab = tmp_path / "lab.yaml"
    lab.write_text("smsc: {tls: {port: 0, certificate: smsc.pem, key: smsc.key}}\n")
    assert read(lab).smsc.tls.certificate == tmp_path / "smsc.pem"
