"""The settings of calls: mistakes that only several of them together show."""

from pathlib import Path

import pytest

from gateway.config import ConfigError, read
from gateway.settings import Settings
from smsc_emulator.base.msisdn import DialPlan


def mistakes(folder: Path, text: str) -> list[str]:
    file = folder / "lab.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read(file)
    return [str(mistake).removeprefix(f"{folder}/") for mistake in raised.value.mistakes]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'confirmation: {call_in: {access_numbers: ["+70002000001", "+70002000001"]}}\n',
            "lab.yaml:1:59: confirmation.call_in.access_numbers[1]: '+70002000001' stands here for the second time",
        ),
        (
            'confirmation: {call_in: {access_numbers: ["+70000000001"]}}\n',
            (
                "lab.yaml:1:43: confirmation.call_in.access_numbers[0]: +70000000001 has a handset in the lab, "
                "which calls would go to"
            ),
        ),
        (
            'smsc: {accounts: [{system_id: bank, password: secret, serves: ["3434"]}]}\n',
            ("lab.yaml:1:64: smsc.accounts[0].serves[0]: '3434' is the gateway's own (confirmation.mo_sms.short_code)"),
        ),
        (
            "voice: {trunks: [{name: gateway, host: 192.0.2.1}]}\n",
            "lab.yaml:1:25: voice.trunks[0].name: 'gateway' is the trunk to the lab's own gateway",
        ),
        (
            "voice_link: {transport: tls}\n",
            "lab.yaml:1:25: voice_link.transport: expected 'udp' or 'tcp' (got tls)",
        ),
    ],
)
def test_a_mistake_about_calls_names_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert mistakes(tmp_path, text) == [told]


def test_without_a_lab_a_workflow_with_calls_needs_a_voice_switch(tmp_path: Path) -> None:
    text = "lab: {enabled: false}\nsmsc_link: {host: smsc.example}\nconfirmation: {methods: [flash_call, sms_code]}\n"
    assert [line.partition(": ")[2] for line in mistakes(tmp_path, text)] == [
        "voice_link: without a lab, calls need the host of a voice switch in voice_link"
    ]
    file = tmp_path / "lab.yaml"
    file.write_text(text + "voice_link: {host: 192.0.2.1}\n")
    assert read(file).voice_link.host == "192.0.2.1"


def test_the_dial_plan_is_that_of_the_voice_link() -> None:
    assert Settings().voice_link.dial_plan() == DialPlan()
