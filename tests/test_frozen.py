"""Frozen values are compared, hashed, ordered and told as dataclasses are, and what sets a member is found by mypy."""

import copy
import pickle
import subprocess
import sys
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pytest

from smsc_emulator import frozen as module
from smsc_emulator.frozen import frozen


@frozen
class Door:
    width: int
    colour: str = "red"
    seen: list[str] = field(default_factory=list, compare=False, repr=False)
    marks: list[str] = field(default_factory=list, hash=False, repr=False)


@dataclass(frozen=True, slots=True)
class PlainDoor:
    width: int
    colour: str = "red"
    seen: list[str] = field(default_factory=list, compare=False, repr=False)


@frozen
class Gate(Door):
    bars: int = 4


@frozen
class Nothing:
    pass


@frozen(order=True)
class Step:
    number: int
    name: str


@frozen
class Named:
    name: str

    def __repr__(self) -> str:
        return self.name


@frozen(slots=False)
class Slow:
    number: int

    @cached_property
    def doubled(self) -> int:
        return self.number * 2


def test_values_are_equal_by_their_members_and_class() -> None:
    assert Door(1) == Door(1, "red", ["by me"])
    assert Door(1) != Door(2)
    assert Door(1) != Gate(1)
    assert Door(1) != PlainDoor(1)
    assert Nothing() == Nothing()


def test_equal_values_hash_alike() -> None:
    assert len({Door(1), Door(1, seen=["by me"]), Door(2), Gate(1), Nothing(), Nothing()}) == 4
    assert hash(Door(1)) == hash(Door(1, marks=["old"]))
    assert Door(1) != Door(1, marks=["old"])
    with pytest.raises(TypeError, match="unhashable"):
        hash(Door([]))  # type: ignore[arg-type]  # as a dataclass would


def test_values_are_told_as_dataclasses_tell_them() -> None:
    assert repr(Gate(1, "blue")) == "Gate(width=1, colour='blue', bars=4)"
    assert repr(Door(1)) == repr(PlainDoor(1)).removeprefix("Plain")
    assert repr(Named("its own")) == "its own"


def test_values_are_ordered_where_they_are_to_be() -> None:
    assert sorted([Step(2, "a"), Step(1, "b")]) == [Step(1, "b"), Step(2, "a")]
    assert len({Step(1, "a"), Step(1, "a")}) == 1
    with pytest.raises(TypeError):
        Door(1) < Door(2)  # type: ignore[operator]  # noqa: B015 - that it cannot be


def test_values_are_copied_replaced_matched_and_pickled() -> None:
    door = Door(1, "blue", ["by me"])
    assert replace(door, width=2) == module.replace(door, width=2) == Door(2, "blue")
    assert copy.copy(door) == pickle.loads(pickle.dumps(door)) == door
    match door:
        case Door(width, colour):
            assert (width, colour) == (1, "blue")


def test_a_value_without_slots_may_have_cached_properties() -> None:
    assert Slow(2).doubled == 4
    with pytest.raises(AttributeError):
        Door(1).height = 3  # type: ignore[attr-defined]  # slots hold no other member


SETS = """
from smsc_emulator.frozen import frozen

@frozen
class Door:
    width: int

Door(1).width = 2
"""


def test_whoever_sets_a_member_is_told_by_the_type_checker(tmp_path: Path) -> None:
    file = tmp_path / "sets.py"
    file.write_text(SETS)
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), "--follow-imports", "silent", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert 'sets.py:8: error: Property "width" defined in "Door" is read-only' in told
