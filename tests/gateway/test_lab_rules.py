"""What a profile asks of the operators, in a whole lab: their answers and the time of their notices."""

import pytest
from aiohttp import ClientSession

from gateway.config import read
from gateway.identification import profiles
from gateway.lab import Lab
from gateway.resources import config_path
from smsc_emulator.base.durations import HOUR
from tests.gateway.conftest import User

LINES = """
subscribers:
  - {phone_number: "+70000000001", operator_id: alpha, owner: OWNER}
"""


@pytest.fixture
async def start_under(tmp_path):
    """Return a function that starts a lab whose profile ru-1801 has other values, with one line of an owner."""
    labs = []
    async with ClientSession() as session:

        async def start(owner="own", **values):
            file = tmp_path / "lab.yaml"
            file.write_text(LINES.replace("OWNER", owner), encoding="utf-8")
            flags = {"--smpp-port": 0, "--http-port": 0, "--sip-port": 0, "--paused-clock": True}
            shipped = profiles.load_all(config_path("profiles"))
            rules = shipped | {"ru-1801": shipped["ru-1801"].model_copy(update=values)}
            lab = Lab(read(file, {}, {"--data": str(tmp_path / "lab"), **flags}), rules=rules)
            labs.append(lab)
            await lab.start()
            return User(lab, session)

        yield start
        for lab in labs:
            await lab.stop()


@pytest.mark.parametrize(
    ("owner", "key", "lenient"),
    [("minor", "minor", "as_owner"), ("corporate", "corporate", "present"), ("unverified", "gray", "present")],
)
async def test_a_line_counts_as_the_profile_says_unless_the_operator_is_set_otherwise(start_under, owner, key, lenient):
    user = await start_under(owner, **{key: "absent"})
    refused = await user.identify()
    assert (refused["state"], refused["reason"]) == ("REFUSED", "absent")
    await user.call("PUT", "/lab/operators/alpha/behaviour", {"answer": "truth", key: "present"})
    assert (await user.identify())["state"] == "IDENTIFIED"
    assert lenient == getattr(profiles.Profile(name="mine", title=""), key)


@pytest.mark.parametrize(("hours", "breaches"), [(1, 1), (3, 0)])
async def test_a_notice_is_late_by_the_profile_on_both_sides(start_under, hours, breaches):
    user = await start_under(notice_s=hours * HOUR // 1000)
    await user.identify()
    behaviour = {"answer": "truth", "notice_delay": "2h"}
    await user.call("PUT", "/lab/operators/alpha/behaviour", behaviour)
    await user.call("DELETE", "/lab/subscribers/%2B70000000001")
    await user.advance("2h")
    events = (await user.get("/lab/journal?type=notice.received&wait=5s"))["events"]
    assert len(events) == 1
    (notice,) = (await user.get("/lab/operators/alpha/notices"))["notices"]
    assert notice["late"] is bool(breaches)
    assert len((await user.get("/lab/journal?type=operator.breach"))["events"]) == breaches
    assert len((await user.get("/lab/breaches"))["breaches"]) == breaches
