"""Writes the reference of the faults into docs/faults.md: `python -m smsc_emulator.core.faults.documentation FILE`.

What the page says of each fault stands in its class; a test holds the page to it.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from smsc_emulator.base.config import Section, meanings
from smsc_emulator.core.faults.fault import Fault
from smsc_emulator.core.faults.registry import REGISTRY
from smsc_emulator.core.faults.when import When

BEGIN: Final = "<!-- The faults: written by `python -m smsc_emulator.core.faults.documentation docs/faults.md`. -->"
END: Final = "<!-- The end of the faults. -->"


def reference() -> str:
    """Return the conditions and all faults in Markdown."""
    parts = ["## Conditions", "All keys of `when` that are given must fit.", _keys(When, without=())]
    parts.append("## The faults")
    for name, fault in REGISTRY.items():
        parts += [f"### {name}", fault.about, _keys(fault, without=("fault", "when")), f"```yaml\n{_yaml(fault)}\n```"]
    return "\n\n".join(part for part in parts if part)


def renewed(page: str) -> str:
    """Return the page with the reference as it must be; ValueError if its two marks are not there."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{rest.split(END)[1]}"


def _keys(section: type[Section], without: tuple[str, ...]) -> str:
    lines, told_of = [], meanings(section)
    for name, field in section.model_fields.items():
        if name not in without:
            told = " ".join(told_of.get(name, "").split())
            needed = " Needed." if field.is_required() else ""
            lines.append(f"- `{name}`: {told}{needed}")
    return "\n".join(lines)


def _yaml(fault: type[Fault]) -> str:
    return "- " + "\n  ".join(f"{key}: {_value(value)}" for key, value in fault.example.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def main() -> None:
    """Renew the file that the command line names."""
    file = Path(sys.argv[1])
    file.write_text(renewed(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
