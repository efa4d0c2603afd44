"""How the nursery begins: a child makes the tables of a new lab while it imports what a lab is."""

import os
import sys
import traceback
from pathlib import Path

from gateway.pytest_plugin import lean

with lean.imports():
    import gateway.migrations.stores  # noqa: F401 - the child needs them, and all else they import the nursery needs
    from gateway.folder import DATABASE
    from gateway.migrations import upgrade
    from smsc_emulator.base.database import make_engine


def main() -> None:
    """Be the nursery of the folder that the argument names. Ends by an OSError if the tables cannot be made."""
    folder = Path(sys.argv[1])
    pid = os.fork()
    if pid == 0:
        _make_tables(folder / DATABASE)
    with lean.imports():
        from gateway.pytest_plugin.nursery import Nursery, serve

    _, status = os.waitpid(pid, 0)
    if status:
        raise OSError(f"the tables of a new lab could not be made in {folder}")
    serve(Nursery(folder))


def _make_tables(file: Path) -> None:
    """Make a database with all tables, which every lab begins with a copy of, and end this process."""
    code = 1
    try:
        engine = make_engine(f"sqlite:///{file}")
        with engine.connect() as conn:
            upgrade(conn)
        engine.dispose()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
