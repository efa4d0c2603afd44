"""Two gateways, users on their way, and the one that sends is killed: everybody comes to one end, in time."""

from pathlib import Path

import pytest
from many_identifications import identify


@pytest.mark.timeout(300)
def test_each_identification_ends_once_although_the_gateway_that_sends_is_killed(
    tmp_path: Path, bare_postgres_url: str
) -> None:
    found = identify(tmp_path, bare_postgres_url, 60)
    assert found["ends"] == {"IDENTIFIED": 48, "REFUSED": 12}
    assert found["deadlines"] == 12
    assert found["notices"] == 6
