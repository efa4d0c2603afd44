"""Sections of a configuration that do not fit together, or that do though it may not look so."""

from pathlib import Path

import pytest
from config_files import mistakes, settings

from gateway.config import ConfigError

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
def test_sections_that_do_not_fit_together_are_refused(lab_file: Path, text: str, told: str) -> None:
    assert mistakes(lab_file, text) == [told]


def test_the_gateways_own_account_may_be_listed_with_the_same_password(lab_file: Path) -> None:
    account = settings(
        lab_file, "smsc: {accounts: [{system_id: gateway, password: gateway, window: 5}]}"
    ).smsc.accounts[0]
    assert account.window == 5


def test_the_gateways_account_at_another_smsc_may_have_any_name(lab_file: Path) -> None:
    text = "smsc_link: {host: 192.0.2.1, password: other}\nsmsc: {accounts: [{system_id: gateway, password: pass}]}"
    assert settings(lab_file, text).smsc_link.host == "192.0.2.1"


def test_blocks_of_numbers_of_other_lengths_do_not_overlap(lab_file: Path) -> None:
    text = f"""\
        subscribers: []
        operators:
          - id: a
            name: A
            {SECRET}
            ranges: [{{first: "+7000000", last: "+7000999"}}, {{first: "+70000000", last: "+70009999"}}]
        """
    assert len(settings(lab_file, text).operators[0].ranges) == 2


def test_without_a_lab_operators_and_the_smsc_are_elsewhere(lab_file: Path) -> None:
    text = (
        "lab: {enabled: false}\noperators:\n  - {id: alpha, name: A, secret: whsec_YWxwaGEtbGFiLW9wZXJhdG9yLWtleQ==}\n"
    )
    with pytest.raises(ConfigError) as refused:
        settings(lab_file, text)
    told = [str(mistake) for mistake in refused.value.mistakes]
    assert any("'alpha' needs a url" in sentence and ":3:" in sentence for sentence in told)
    assert any("needs the host of an SMSC" in sentence for sentence in told)
