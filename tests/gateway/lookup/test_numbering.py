from pathlib import Path

import pytest

from gateway.lookup import numbering
from gateway.lookup.numbering import NumberingFileError, RegistryMistake
from smsc_emulator.operator.settings import OperatorSettings

SECRET = "whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ=="
ENGLISH = "DEF;from;to;capacity;operator;region"
RUSSIAN = "АВС/ DEF;От;До;Емкость;Оператор;Регион;ИНН"  # noqa: RUF001 - the registry's own words
GOOD = "000;2500000;2899999;400000;Альфа;Область;1"
OPERATORS = [
    OperatorSettings(id="alpha", name="Alpha Mobile", secret=SECRET, registry_names=["ПАО  Альфа"]),
    OperatorSettings(id="beta", name="Beta", secret=SECRET),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("header", [ENGLISH, RUSSIAN])
def test_a_registry_is_read_in_either_language_and_either_encoding(tmp_path: Path, header: str, encoding: str):
    file = tmp_path / "def.csv"
    file.write_bytes(f"{header}\r\n{GOOD}\r\n\r\n000;1830000;1849999;20000;Бета;Край;2\r\n".encode(encoding))
    first, second = numbering.read(file)
    assert (first.first, first.last, first.operator, first.region, first.line) == (
        70002500000,
        70002899999,
        "Альфа",
        "Область",
        2,
    )
    assert (second.first, second.last, second.operator, second.line) == (70001830000, 70001849999, "Бета", 4)


def test_one_code_is_split_among_operators_by_intervals_of_seven_digits(tmp_path: Path):
    file = tmp_path / "def.csv"
    lines = [
        "000;2500000;2899999;400000;пао альфа;R1",
        "000;1830000;1849999;20000;BETA;R2",
        "000;2900000;2900000;1;Г;R",
    ]
    file.write_text("\n".join([ENGLISH, *lines]), encoding="utf-8")
    plan = numbering.plan(OPERATORS, [file])
    numbers = {
        "+70002500000": ("alpha", None),
        "+70002899999": ("alpha", None),
        "+70002900000": (None, "operator_unknown"),
        "+70002900001": (None, "not_assigned"),
        "+70001829999": (None, "not_assigned"),
        "+70001830000": ("beta", None),
        "+70001849999": ("beta", None),
        "+70001850000": (None, "not_assigned"),
    }
    routes = {number: plan.route(number, None) for number in numbers}
    assert {number: (route.operator_id, route.reason) for number, route in routes.items()} == numbers
    assert routes["+70002900000"].number_class == "mobile"
    assert routes["+70002900001"].number_class == "unknown"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("00;2500000;2899999;400000;A;R", "def: expected 3 digits (got '00')"),
        ("000;250000;2899999;400000;A;R", "from: expected 7 digits (got '250000')"),
        ("000;2500000;28999990;400000;A;R", "to: expected 7 digits (got '28999990')"),
        ("000;2899999;2500000;400000;A;R", "to: expected a number not below 2899999 (got '2500000')"),
        ("000;2500000;2899999;399999;A;R", "capacity: the block has 400000 numbers (got '399999')"),
        ("000;2500000;2899999;400000; ;R", "operator: expected a name (got nothing)"),
        ("000;2500000", "this line has 2 columns, fewer than the first line"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(line: str, sentence: str):
    _, mistakes = numbering.parse("\n".join([ENGLISH, "000;0000000;0000000;1;A;R", line]))
    assert mistakes == [RegistryMistake(3, sentence)]


def test_all_wrong_lines_are_named_at_once_and_overlaps_with_both_lines():
    blocks = ["000;0000100;0000199;100;A;R", "x;1;1;1;A;R", "000;0000000;0000100;101;B;R"]
    _, mistakes = numbering.parse("\n".join([ENGLISH, *blocks]))
    assert mistakes == [
        RegistryMistake(2, "this block overlaps that of line 4"),
        RegistryMistake(3, "def: expected 3 digits (got 'x')"),
    ]


@pytest.mark.parametrize("text", ["", "000;0000100;0000199;100;A;R", 'DEF;from;to;capacity;"operator'])
def test_a_file_without_a_first_line_of_names_is_no_registry(text: str):
    blocks, mistakes = numbering.parse(text)
    assert blocks == []
    assert [mistake.line for mistake in mistakes] == [1]


def test_a_file_that_is_not_there_says_so(tmp_path: Path):
    with pytest.raises(NumberingFileError, match="cannot be read"):
        numbering.plan(OPERATORS, [tmp_path / "none.csv"])
