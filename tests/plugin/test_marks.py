"""The mark `lab`, on a test, its class and its module."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.pytest_plugin.fixtures import _wished


def mark(*args: Any, **named: Any) -> SimpleNamespace:
    # Not pytest's own, which knows the mark only where this tree is installed.
    return SimpleNamespace(args=args, kwargs=named)


def wished(*marks: Any) -> dict[str, Any]:
    """Return how the lab of a test with these marks is to be, its own mark first."""
    node = SimpleNamespace(iter_markers=lambda name: list(marks))
    return _wished(SimpleNamespace(node=node, path=Path("/tests/test_it.py")))  # type: ignore[arg-type]


def test_without_a_mark_the_lab_is_the_default_one() -> None:
    assert wished() == {"config": None}


def test_the_nearest_mark_counts_most_key_by_key() -> None:
    own = mark(config={"lab": {"seed": "one"}, "services": []}, paused_clock=False)
    module = mark(config={"lab": {"seed": "two", "enabled": True}}, profile="ru-1801", paused_clock=True)
    config = {"lab": {"seed": "one", "enabled": True}, "services": [], "profile": "ru-1801"}
    assert wished(own, module) == {"config": config, "paused_clock": False}


def test_a_file_is_seen_from_the_tests_folder_and_takes_the_place_of_a_farther_configuration() -> None:
    own = mark(config="lab.yaml")
    assert wished(own, mark(config={"services": []})) == {"config": Path("/tests/lab.yaml")}


@pytest.mark.parametrize("wrong", [mark({"services": []}), mark(profil="ru-1801")])
def test_a_mark_that_says_something_else_is_told(wrong: Any) -> None:
    with pytest.raises(pytest.fail.Exception, match="the mark is lab"):
        wished(wrong)
