"""What the tests of the gate ask it with: a confirmation as far as it is counted, and a database without a thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from confirm.challenge import State
from confirm.limits_store import sends  # noqa: F401 - its tables are to stand on the metadata
from smsc_emulator.base.database import Tx, make_engine, metadata

NUMBER = "+70001000500"


@dataclass(frozen=True)
class Asked:
    """A wish or a confirmation."""

    phone_number: str = NUMBER
    client_address: str | None = None
    service_id: str = "demo"
    challenge_passed: bool = False
    method: str = "sms_code"
    test: bool = False
    shadow: bool = False
    state: State = State.PENDING
    reason: str | None = None


@contextmanager
def memory() -> Iterator[Tx]:
    """Yield a transaction on empty tables."""
    engine = make_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as conn:
        yield Tx(conn, [])
    engine.dispose()
