"""What pytest knows of the plugin: two fixtures, a mark, and what is added to the report of a failed test.

pytest loads this for every project that has confirmlab installed, so that it imports nothing but pytest until a test
asks for a lab.
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gateway.pytest_plugin.asynchronous import AsyncLab
    from gateway.pytest_plugin.lab import Lab
    from gateway.pytest_plugin.labs import Labs
    from gateway.pytest_plugin.order import NurseryProcess

    StartLab = Callable[..., Lab]

MARK = (
    "lab(config=None, profile=None, paused_clock=False): how the test's lab is configured: config is a part of "
    "configs/lab.yaml, or the path of a file; profile is a set of identification rules. Marks of the class and the "
    "module count too, the nearest most."
)
_ASKS = re.compile(rb"^ *(?:async +)?def +test\w*\([^()]*\b(?:lab|alab|start_lab)\b", re.MULTILINE)
"""A test that asks for a lab, as it stands in its file."""
_RUNS_NONE = ("collectonly", "showfixtures", "show_fixtures_per_test", "setupplan")
"""The options of runs that tell of tests, and run none."""
_LABS: "pytest.StashKey[list[Lab]]" = pytest.StashKey()
"""The labs of a test."""
_BEGUN: "pytest.StashKey[NurseryProcess]" = pytest.StashKey()
"""The process that labs are born in, from when it begins until somebody takes it."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", MARK)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> None:
    """Begin with the process that labs are born in before a module is imported whose tests ask for one.

    The import of what is tested may take as long as it does.
    """
    with suppress(OSError):  # is for pytest to tell
        if _runs_tests(parent.config) and _ASKS.search(module_path.read_bytes()):
            _begin(parent.config)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Begin with it at the first test that asks for a lab by other ways, such as a fixture of its own."""
    if "start_lab" in getattr(item, "fixturenames", ()) and _runs_tests(item.config):
        _begin(item.config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End that process if no test that asks for a lab has run."""
    if nursery := config.stash.get(_BEGUN, None):
        nursery.close()


def _runs_tests(config: pytest.Config) -> bool:
    return not any(config.getoption(name, False) for name in _RUNS_NONE)


def _begin(config: pytest.Config) -> "NurseryProcess":
    if _BEGUN not in config.stash:
        from gateway.pytest_plugin.order import NurseryProcess

        config.stash[_BEGUN] = NurseryProcess()
    return config.stash[_BEGUN]


@pytest.fixture(scope="session")
def confirmlab_labs(pytestconfig: pytest.Config) -> "Iterator[Labs]":
    """What starts labs: one process for each worker of the run."""
    nursery = _begin(pytestconfig)
    from gateway.pytest_plugin.labs import Labs

    with Labs(nursery) as labs:
        del pytestconfig.stash[_BEGUN]
        yield labs


@pytest.fixture
def start_lab(request: pytest.FixtureRequest, confirmlab_labs: "Labs") -> "Iterator[StartLab]":
    """Return a function that starts one more lab: start_lab(config, paused_clock=True). All stop after the test."""
    started = request.node.stash.setdefault(_LABS, [])

    def start(config: Mapping[str, Any] | str | Path | None = None, *, paused_clock: bool = False) -> "Lab":
        one = confirmlab_labs.start(config, paused_clock=paused_clock)
        started.append(one)
        return one

    yield start
    while started:
        started.pop().stop()


@pytest.fixture
def lab(request: pytest.FixtureRequest, start_lab: "StartLab") -> "Lab":
    """A lab of the test's own, on free ports, configured by the mark `lab`."""
    from gateway.pytest_plugin.waits import ExpectationError

    try:
        return start_lab(**_wished(request))
    except ExpectationError as error:
        # There is no line of the test's own that could be shown.
        why = str(error)
    # Not while that is handled: pytest would tell both.
    pytest.fail(why, pytrace=False)


@pytest.fixture
def alab(lab: "Lab") -> "AsyncLab":
    """The test's lab with coroutines for methods; the fixture itself is not asynchronous."""
    from gateway.pytest_plugin.asynchronous import AsyncLab

    return AsyncLab(lab)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what happened in the test's labs to the report of a failure."""
    report = yield
    labs = item.stash.get(_LABS, []) if report.failed and call.when != "teardown" else []
    for lab in labs:
        from gateway.pytest_plugin.reporting import sections

        report.sections.extend(sections(lab))
    return report


def _wished(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what the marks say, the farthest first, so that the nearest has the last word."""
    config: Any = {}
    wished: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("lab"))):
        said = dict(mark.kwargs)
        if mark.args or said.keys() - {"config", "profile", "paused_clock"}:
            pytest.fail(f"the mark is {MARK.partition(':')[0]}, not {mark}", pytrace=False)
        config = _laid_over(config, said.pop("config", None) or {})
        if profile := said.pop("profile", None):
            config = _laid_over(config, {"profile": profile})
        wished |= said
    if isinstance(config, str | Path):
        config = request.path.parent / config
    return {"config": config or None, **wished}


def _laid_over(below: Any, above: Any) -> Any:
    """Return a configuration with another one laid over it; of anything but mappings, the upper one counts."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    return {**below, **{key: _laid_over(below.get(key), value) for key, value in above.items()}}
