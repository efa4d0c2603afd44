"""The settings of calls: mistakes that only several of them together show."""

from pathlib import Path

import pytest
from config_files import mistakes, settings

from gateway.settings import Settings
from smsc_emulator.base.msisdn import DialPlan


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
def test_a_mistake_about_calls_names_its_place(lab_file: Path, text: str, told: str) -> None:
    assert mistakes(lab_file, text) == [told]


def test_without_a_lab_a_workflow_with_calls_needs_a_voice_switch(lab_file: Path) -> None:
    text = "lab: {enabled: false}\nsmsc_link: {host: smsc.example}\nconfirmation: {methods: [flash_call, sms_code]}\n"
    assert [line.partition(": ")[2] for line in mistakes(lab_file, text)] == [
        "voice_link: without a lab, calls need the host of a voice switch in voice_link"
    ]
    assert settings(lab_file, text + "voice_link: {host: 192.0.2.1}\n").voice_link.host == "192.0.2.1"


def test_the_dial_plan_is_that_of_the_voice_link() -> None:
    assert Settings().voice_link.dial_plan() == DialPlan()
