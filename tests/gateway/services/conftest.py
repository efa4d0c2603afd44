"""Services on record in a database in memory, on a lab clock that stands still."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.identification.profiles import Profile
from gateway.services import directory
from gateway.services.settings import ServiceSettings
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database

Configure = Callable[..., Awaitable[None]]
NAMED = {"id": "demo", "name": "Demo messenger", "key": "demo-key-1"}


@pytest.fixture
def configure(database: Database) -> Configure:
    """Return a function that puts services on record as their settings describe them."""

    async def configure(*services: dict[str, Any]) -> None:
        settings = [ServiceSettings.model_validate({**NAMED, **each}) for each in services]
        await database.run(lambda tx: directory.configure(tx, settings))

    return configure


@pytest.fixture
def now(clock: LabClock) -> int:
    return clock.now()


@pytest.fixture
def profile() -> Profile:
    return Profile(name="test", title="Test")
