"""Write the pages of docs/reference that follow from the code; `--check` tells which of them differ, and ends with 1."""

import sys
from collections.abc import Iterator
from pathlib import Path

TOOLS = Path(__file__).parent
REFERENCE = TOOLS.parent / "reference"
sys.path[:0] = [str(TOOLS), str(TOOLS.parents[1])]

import api  # noqa: E402 - the line above says where these are
import configuration  # noqa: E402
import events  # noqa: E402
import states  # noqa: E402


def pages() -> dict[str, str]:
    """Return what each file under docs/reference should hold, by its path there."""
    return {
        "configuration.md": configuration.page(),
        "api.md": api.page(),
        "events.md": events.page(),
        **states.pages(),
    }


def differing(wanted: dict[str, str]) -> Iterator[str]:
    """Yield the paths of files that are not as they should be, or should not be at all."""
    there = {str(path.relative_to(REFERENCE)): path for path in REFERENCE.rglob("*") if path.is_file()}
    for name in sorted(wanted.keys() | there.keys()):
        if name not in wanted or name not in there or there[name].read_text(encoding="utf-8") != wanted[name]:
            yield name


def main() -> int:
    """Write or check the pages; return the exit code."""
    wanted = pages()
    found = list(differing(wanted))
    if "--check" in sys.argv[1:]:
        for name in found:
            print(f"docs/reference/{name} is not what the code says; run `python docs/tools/generate.py`")
        return bool(found)
    for name in found:
        path = REFERENCE / name
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
