"""An account's conduct as a report: for people, and as JUnit XML for the tools that read test results."""

from typing import Final
from xml.etree import ElementTree as Xml

from smsc_emulator.base import durations
from smsc_emulator.core.conduct import KINDS, Conduct, Severity, Tally
from smsc_emulator.frozen import frozen

_MARKS: Final = {Severity.ERROR: "ERROR", Severity.WARNING: "warning", Severity.INFO: "info"}


@frozen
class Report:
    """The mistakes of an account."""

    account: str
    tallies: dict[str, Tally]

    @classmethod
    def of(cls, conduct: Conduct, account: str) -> "Report":
        """Return the report of an account as it stands; KeyError for no account."""
        return cls(account, conduct.of(account))

    def count(self, severity: Severity) -> int:
        """Return how many mistakes have a severity."""
        return sum(tally.count for kind, tally in self.tallies.items() if KINDS[kind].severity is severity)

    def text(self) -> str:
        """Return the report for people."""
        counts = ", ".join(
            f"{self.count(severity)} {severity.value}s" for severity in (Severity.ERROR, Severity.WARNING)
        )
        lines = [f"{self.account}: {counts}"]
        for kind, tally in self.tallies.items():
            clause, severity, sentence = KINDS[kind]
            lines.append(f"{_MARKS[severity]:8}{tally.count:6} x {kind}: {sentence} (SMPP 3.4, {clause})")
            lines += [f"{'':17}{line}" for line in _examples(tally)]
        return "\n".join(lines) + "\n"

    def junit(self) -> bytes:
        """Return the report as JUnit XML: one test case for each kind of mistake; errors fail, the rest is told."""
        failures = sum(KINDS[kind].severity is Severity.ERROR for kind in self.tallies)
        suite = Xml.Element("testsuite", name=f"conduct of {self.account}", tests=str(len(KINDS)))
        suite.set("failures", str(failures))
        suite.set("errors", "0")
        suite.set("skipped", "0")
        for kind, (clause, severity, sentence) in KINDS.items():
            case = Xml.SubElement(suite, "testcase", classname=f"SMPP 3.4, {clause}", name=kind, time="0")
            tally = self.tallies.get(kind)
            if tally is None:
                continue
            told = "\n".join([f"{tally.count} times: {sentence}", *_examples(tally)])
            if severity is Severity.ERROR:
                Xml.SubElement(case, "failure", message=sentence, type=kind).text = _legible(told)
            else:
                Xml.SubElement(case, "system-out").text = _legible(told)
        return bytes(Xml.tostring(suite, encoding="utf-8", xml_declaration=True))


def _examples(tally: Tally) -> list[str]:
    return [f"{durations.iso(example.at)} {example.detail}".rstrip() for example in tally.examples]


def _legible(text: str) -> str:
    """Return `text` without the control characters that XML cannot hold."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
