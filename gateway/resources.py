"""Files that ship with the project."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def config_path(name: str) -> Path:
    """Return where `name` of configs/ is: inside the installed package, or beside it in a source tree.

    Raises FileNotFoundError if it is in neither.
    """
    for folder in (_PACKAGE / "configs", _PACKAGE.parent / "configs"):
        path = folder / name
        if path.exists():
            return path
    raise FileNotFoundError(f"configs/{name} is not a part of this installation")
