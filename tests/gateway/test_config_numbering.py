from pathlib import Path

import pytest

from gateway.config import ConfigError, read

HEADER = "DEF;from;to;capacity;operator;region\n"
OPERATOR = "{id: alpha, name: A, secret: whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ=="


def mistakes(tmp_path: Path, text: str) -> str:
    file = tmp_path / "lab.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(file)
    return str(caught.value)


def test_the_registry_is_looked_for_beside_the_configuration_file(tmp_path: Path):
    (tmp_path / "def.csv").write_text(HEADER + "000;0000000;0000009;10;Alpha Mobile;R\n")
    (tmp_path / "lab.yaml").write_text("numbering_files: [def.csv]\n")
    assert read(tmp_path / "lab.yaml").numbering_files == [tmp_path / "def.csv"]


def test_a_wrong_line_of_the_registry_is_named_with_its_file(tmp_path: Path):
    (tmp_path / "def.csv").write_text(HEADER + "000;0000000;0000009;11;A;R\n")
    told = mistakes(tmp_path, "numbering_files: [def.csv]\n")
    assert f"{tmp_path / 'def.csv'}:2" in told
    assert "the block has 10 numbers" in told


def test_whoever_keeps_subscribers_must_be_an_operator(tmp_path: Path):
    told = mistakes(tmp_path, f"subscribers: []\noperators: [{OPERATOR}, subscriber_data_at: alhpa}}]\n")
    assert "there is no operator 'alhpa'" in told
    told = mistakes(tmp_path, f"subscribers: []\noperators: [{OPERATOR}, subscriber_data_at: alpha}}]\n")
    assert "alpha has its own subscribers kept by another" in told


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ("folder: {path: x, poll: 0s}", "once a second at most"),
        ("folder: {path: x}, url: 'http://127.0.0.1:1'", "has a url already"),
    ],
)
def test_an_operator_has_one_way_to_be_reached(tmp_path: Path, members: str, told: str):
    assert told in mistakes(tmp_path, f"subscribers: []\noperators: [{OPERATOR}, {members}}}]\n")
