"""Two gateways, 200 users on their way, and the gateway that sends is killed: everybody comes to one end."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from many_identifications import check, open_place


@pytest.mark.timeout(300)
def test_each_identification_ends_once_although_the_gateway_that_sends_is_killed(
    tmp_path: Path, bare_postgres_url: str
) -> None:
    with ExitStack() as stack:
        place = open_place(stack, tmp_path, bare_postgres_url, 200)
        place.run()
        assert check(place)["identified"] == 200
