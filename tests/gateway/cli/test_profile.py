"""`confirmlab profile`: what regimes there are, and what their sources leave open."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from gateway.identification import profiles

Confirmlab = Callable[..., Result]


def test_the_profiles_are_listed_with_the_times_in_which_they_may_be_in_force(confirmlab: Confirmlab) -> None:
    heading, *lines = confirmlab("profile", "list").stdout.splitlines()
    assert heading.split() == ["name", "may", "be", "in", "force", "title"]
    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert told["ru-1801"] == "2022-03-01 to before 2028-03-01 Decree 1801 of 20 October 2021 (Russia)"
    assert any(line.startswith("sms-only        always ") for line in lines)
    assert [one["name"] for one in json.loads(confirmlab("profile", "list", "--json").stdout)][:2] == [
        "by-850",
        "cn-realname",
    ]


def test_a_profile_is_shown_with_what_its_sources_settle_and_what_they_do_not(confirmlab: Confirmlab) -> None:
    lines = confirmlab("profile", "show", "ru-1801").stdout.splitlines()
    assert "  t_answer_s: 1200" in lines
    assert "  foreign_number: refuse  (unspecified)" in lines
    keys = json.loads(confirmlab("profile", "show", "ru-1801", "--json").stdout)["keys"]
    standing = {row["key"]: row["standing"] for row in keys}
    assert (standing["silence"], standing["payer"]) == ("settled", "unspecified")
    assert standing.keys() == set(profiles.Profile.model_fields) - profiles.DESCRIPTION


def test_a_file_of_ones_own_is_shown_with_what_it_leaves_open(confirmlab: Confirmlab, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\ntitle: Mine\ngrace_ms: 7\nsilence: refuse\n")
    lines = confirmlab("profile", "show", "mine.yaml").stdout.splitlines()
    assert "  grace_ms: 7" in lines
    assert "  silence: refuse" in lines
    assert "  payer: service  (unspecified)" in lines


@pytest.mark.parametrize(
    ("name", "told"), [("ru-1", "there is no profile 'ru-1'; known profiles: by-850"), ("no.yaml", "no.yaml: ")]
)
def test_a_profile_that_is_not_there_ends_with_2(confirmlab: Confirmlab, name: str, told: str) -> None:
    result = confirmlab("profile", "show", name)
    assert result.exit_code == 2
    assert result.stderr.startswith(told)
