"""Files with mistakes: each is told by its line and column, and all at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.mistakes import ConfigError
from gateway.scenarios.reading import files, read

Write = Callable[[str], Path]
STEPS = "steps: [{then: {answer: {status: 200}}}]\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steps: []\n", "4:8: steps: "),
        ("steps: [{wen: {}}]\n", "4:10: steps[0].wen: unknown key; nearest known key: when"),
        ("steps: [{when: {cal: {}}}]\n", "4:17: steps[0].when.cal: unknown key; nearest known key: call"),
        (
            "steps:\n  - when: {cancel: ann, next_method: ann}\n",
            "5:11: steps[0].when: expected exactly one act, such as identify (got 2) (got a mapping)",
        ),
        ("steps:\n  - then: {}\n", "5:11: steps[0].then: expected something to look at"),
        ("steps:\n  - {at: +1s, after: 1s}\n", "5:5: steps[0]: expected one of at and after, not both"),
        ("steps:\n  - {at: 20 minutes}\n", "5:10: steps[0].at: expected a text of the form"),
        ("given: {servics: []}\n" + STEPS, "4:9: given.servics: unknown key; nearest known key: services"),
        ("given: {server: {http_port: 1}}\n" + STEPS, "4:17: given.server: a scenario cannot say this"),
        (
            "given: {operators: [{id: alpha, name: A}]}\n" + STEPS,
            "4:21: given.operators[0].secret: this key is needed",
        ),
        ("given: {profile: ru-1802}\n" + STEPS, "4:18: given.profile: there is no profile 'ru-1802'"),
        ("given: {rules: {methods: [telepathy]}}\n" + STEPS, "4:27: given.rules.methods[0].method: expected "),
        (
            "given: {rules: {t_anser_s: 1}}\n" + STEPS,
            "4:17: given.rules.t_anser_s: unknown key; nearest known key: t_ans",
        ),
        ("given: {rules: {silence: accept}}\n" + STEPS, "4:26: given.rules.silence: expected 'refuse' (got accept)"),
        (
            "runs: {late: {}}\nsteps:\n  - {only: [lat], after: 1s}\n",
            "6:12: steps[0].only: there is no run 'lat'; nearest known run: late",
        ),
        ("runs: {late: {delay: 1}}\nsteps:\n  - {after: '${delay}'}\n", "6:13: steps[0].after: "),
        ("steps: {", "not YAML"),
        ("steps: [{when: {kill: 1s}}]\nsteps: []\n", "5:1: steps: this key stands twice"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(write: Write, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(write(text))
    lines = str(caught.value).replace(str(write(text)) + ":", "").splitlines()
    assert [line for line in lines if told in line], lines


def test_all_mistakes_are_told_at_once_and_each_once(write: Write) -> None:
    text = "runs: {a: {x: 1}, b: {x: 2}}\nsteps:\n  - {att: +1s}\n  - {when: {kill: now}}\n"
    with pytest.raises(ConfigError) as caught:
        read(write(text))
    assert [mistake.line for mistake in caught.value.mistakes] == [6, 7]


def test_each_run_has_its_own_values(write: Write) -> None:
    text = "runs: {a: {x: silent}, b: {x: truth}}\nsteps: [{when: {operator: {alpha: {answer: '${x}'}}}}]\n"
    plays = read(write(text))
    assert [one.title for one in plays] == ["00-small [a]", "00-small [b]"]
    acts = [one.script.steps[0].when for one in plays]
    assert [act.operator for act in acts if act is not None] == [
        {"alpha": {"answer": "silent"}},
        {"alpha": {"answer": "truth"}},
    ]


def test_rules_change_the_profile_in_force_and_no_other(write: Write) -> None:
    (one,) = read(write("given: {rules: {t_answer_s: 60}}\n" + STEPS))
    assert (one.rules["ru-1801"].t_answer_s, one.rules["ru-1279"].t_answer_s) == (60, 1200)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.yaml")


def test_a_folder_is_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("02-b.yaml", "01-a.yaml", "notes.txt"):
        (tmp_path / name).touch()
    assert [file.name for file in files(tmp_path)] == ["01-a.yaml", "02-b.yaml"]
