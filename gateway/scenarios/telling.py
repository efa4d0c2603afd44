"""How a play is told: as lines for people, and as JUnit XML for the tools that read test results."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

from gateway.scenarios.playing import Failure, Result


def lines(result: Result) -> Iterator[str]:
    """Yield what people read about one run."""
    mark = "ok  " if result.failure is None else "FAIL"
    yield f"{mark}  {result.title}: {result.name}  ({result.steps} steps, {result.seconds:.1f} s)"
    if result.failure is not None:
        yield from (f"      {line}" for line in _told(result.failure))


def plain(result: Result) -> dict[str, Any]:
    """Return a run as plain JSON; `failure` has the lines that people read."""
    failure = None if result.failure is None else list(_told(result.failure))
    told = {"title": result.title, "name": result.name, "steps": result.steps, "seconds": round(result.seconds, 3)}
    return {**told, "passed": failure is None, "failure": failure}


def junit(results: Sequence[Result]) -> bytes:
    """Return the results as JUnit XML: one test case for each run."""
    suite = Xml.Element("testsuite", name="scenarios", tests=str(len(results)), errors="0", skipped="0")
    suite.set("failures", str(sum(result.failure is not None for result in results)))
    suite.set("time", f"{sum(result.seconds for result in results):.3f}")
    for result in results:
        title, _, run = result.title.partition(" ")
        case = Xml.SubElement(suite, "testcase", classname=title, name=f"{result.name} {run}".strip())
        case.set("time", f"{result.seconds:.3f}")
        if result.failure is not None:
            failure = Xml.SubElement(case, "failure", message=_legible(result.failure.lines[:1]), type="step")
            failure.text = _legible(_told(result.failure))
    return bytes(Xml.tostring(suite, encoding="utf-8", xml_declaration=True))


def _told(failure: Failure) -> Iterator[str]:
    yield f"{failure.place}: {failure.step}"
    yield from (f"  {line}" for line in failure.lines)
    yield "  the journal before it:"
    yield from (f"    {line}" for line in failure.journal)


def _legible(told: Iterable[str]) -> str:
    """Return lines without the control characters that XML cannot hold."""
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in told)
