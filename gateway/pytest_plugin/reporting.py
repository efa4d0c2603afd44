"""What a failed test is told of its labs: the events of their journals, and their logs where these have warnings."""

from gateway.pytest_plugin.lab import Lab
from gateway.pytest_plugin.waits import ExpectationError

LOUD = ("[warning", "[error", "[critical", "Traceback", '"level": "warning"', '"level": "error"')
"""What stands in a log that is worth showing."""
LINES = 50
"""How many lines of a log are shown: the last ones."""


def sections(lab: Lab) -> list[tuple[str, str]]:
    """Return the sections of the report, each with its title."""
    try:
        trace = lab.journal.trace()
    except ExpectationError as error:
        trace = str(error)
    found = [(f"journal of {lab.url}", trace)]
    log = lab.log()
    if any(word in log for word in LOUD):
        found.append((f"log of {lab.url}", "\n".join(log.splitlines()[-LINES:])))
    return found
