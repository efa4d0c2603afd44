"""docs/operators.md says what there is."""

from pathlib import Path

from gateway.api.lab.operators import BehaviourSet
from gateway.api.lab.subscribers import Line
from gateway.lookup import numbering

PAGE = (Path(__file__).parents[2] / "docs" / "operators.md").read_text(encoding="utf-8")


def test_every_member_of_a_behaviour_and_of_a_contract_is_on_the_page() -> None:
    behaviour = {field.alias or name for name, field in BehaviourSet.model_fields.items()}
    assert [name for name in behaviour | set(Line.model_fields) if f"`{name}`" not in PAGE] == []


def test_the_registry_on_the_page_can_be_read() -> None:
    lines = [line.strip() for line in PAGE.splitlines() if line.startswith("    ")]
    ((block,), mistakes) = numbering.parse("\n".join(lines))
    assert (block.operator, block.last - block.first + 1, mistakes) == ("Alpha Mobile", 400_000, [])
