"""What is wrong with the parts of a long text, told for people: missing, repeated, contradictory, out of order."""

from collections.abc import Iterable, Iterator

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp.segments import Assembly, Key, Reassembler


@frozen
class PartReport:
    """The parts of one message, by their sequence numbers."""

    source: str
    destination: str
    reference: int
    total: int
    received: tuple[int, ...]
    """In the order of their first arrival."""
    missing: tuple[int, ...]
    duplicates: tuple[int, ...]
    """Came again with the same content."""
    conflicts: tuple[int, ...]
    """Came again with another content: the sender has used a reference twice."""
    out_of_order: bool
    text: str
    """What can be read so far."""
    findings: tuple[str, ...]
    """All of it as sentences; empty if there is nothing to complain about."""


def report(key: Key, assembly: Assembly) -> PartReport:
    """Return the report on one message, complete or not."""
    return PartReport(
        *key,
        received=tuple(assembly.parts),
        missing=tuple(assembly.missing),
        duplicates=tuple(sorted(assembly.duplicates)),
        conflicts=tuple(sorted(assembly.conflicts)),
        out_of_order=assembly.out_of_order,
        text=assembly.readable,
        findings=tuple(findings(assembly)),
    )


def pending_reports(reassembler: Reassembler) -> list[PartReport]:
    """Return a report on each message that still lacks parts, oldest first."""
    return [report(key, assembly) for key, assembly in reassembler.pending().items()]


def findings(assembly: Assembly) -> Iterator[str]:
    """Yield what is wrong with the parts of one message, as sentences."""
    if assembly.missing:
        yield f"of {assembly.total} parts these are missing: {_numbers(assembly.missing)}"
    if assembly.duplicates:
        yield f"these parts came more than once: {_numbers(sorted(assembly.duplicates))}"
    if assembly.conflicts:
        told = _numbers(sorted(assembly.conflicts))
        yield f"these parts came again with another content, so a reference is used twice: {told}"
    if assembly.out_of_order:
        yield f"the parts came in the order {_numbers(assembly.parts)}"
    for sequence, part in sorted(assembly.parts.items()):
        yield from (f"part {sequence}: {problem}" for problem in part.problems)


def _numbers(sequences: Iterable[int]) -> str:
    return ", ".join(map(str, sequences))
