"""The fixture `alab` serves asynchronous tests of every kind, and needs no plugin for them."""

from typing import Any

KINDS = """
    import asyncio
    import datetime
    import pytest
    from gateway.pytest_plugin.waits import ExpectationError

    async def a_code_comes(alab):
        confirmation = await alab.confirmations.start("+70000000001", "sms_code")
        phone = alab.handset("+70000000001")
        assert await confirmation.check(await phone.wait_for_code()) == "confirmed"
        assert confirmation.state == "confirmed"
        assert confirmation["attempts_left"] == 3
        (message,) = await phone.messages()
        call = await phone.call("+70000000002")
        await call.hang_up()
        assert [each.id for each in await phone.calls()] == [call.id]
        assert (await alab.webhooks.wait("confirmation.confirmed")).event["data"]["id"] == confirmation.id
        assert alab.smpp_port == alab.ports["smpp"]
        before = await alab.clock.now()
        assert await alab.clock.advance("1h") - before >= datetime.timedelta(hours=1)
        with pytest.raises(ExpectationError, match="no submit_sm came in 0 s"):
            await alab.expect_submit(timeout=0)
        one = phone.wait_for_message("Never", timeout=0.2)
        other = alab.handset("+70000000002").wait_for_call(timeout=5)
        assert (await other).caller == "+70000000001"
        with pytest.raises(ExpectationError, match="no message came in 0.2 s"):
            await one

    def test_without_a_plugin(alab):
        asyncio.run(a_code_comes(alab))

    @pytest.mark.anyio
    async def test_anyio(alab, anyio_backend_name):
        await a_code_comes(alab)

    @pytest.mark.asyncio
    async def test_pytest_asyncio(alab):
        await a_code_comes(alab)
"""

WAITS = """
    import asyncio
    import concurrent.futures
    import pytest
    import threading
    import time
    import trio

    NUMBERS = [f"+7000000000{n}" for n in range(1, 5)]

    async def all_at_once(alab):
        asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(1))
        codes = asyncio.gather(*(alab.handset(number).wait_for_code() for number in NUMBERS))
        for number in NUMBERS:
            await alab.confirmations.start(number, "sms_code")
        assert len(await codes) == 4

    def test_many(alab):
        asyncio.run(all_at_once(alab))

    async def give_up(alab):
        waits = alab.handset(NUMBERS[0]).wait_for_code(timeout=90), alab.webhooks.wait("never", timeout=90)
        done, left = await asyncio.wait([asyncio.create_task(wait) for wait in waits], timeout=0.1)
        assert not done
        for wait in left:
            wait.cancel()

    async def give_up_on_trio(alab):
        with trio.move_on_after(0.1):
            await alab.handset(NUMBERS[0]).wait_for_code(timeout=90)

    @pytest.fixture(scope="session")
    def shared(confirmlab_labs):
        one = confirmlab_labs.start()
        yield one
        one.stop()

    def test_one_of_those_who_share_a_lab(shared):
        shared.confirmations.start(NUMBERS[0], "sms_code")

    def test_the_other(shared):
        assert shared.handset(NUMBERS[0]).wait_for_code()

    def test_given_up(alab):
        began = time.monotonic()
        asyncio.run(give_up(alab))
        trio.run(give_up_on_trio, alab)
        for thread in threading.enumerate():
            if "confirmlab-wait" in thread.name:
                thread.join()
        assert time.monotonic() - began < 30
"""


def test_many_waits_at_once_are_in_nobodys_way_one_that_is_given_up_ends_and_a_lab_is_shared(project: Any) -> None:
    project.write("test_waits.py", WAITS)
    assert "4 passed" in (told := project.run("-q")), told


def test_coroutines_wait_on_every_loop(project: Any) -> None:
    project.write("test_kinds.py", KINDS)
    told = project.run("-v", "-p", "anyio", "-p", "asyncio")
    for name in ("without_a_plugin", r"anyio[asyncio]", "anyio[trio]", "pytest_asyncio"):
        assert f"test_{name} PASSED" in told, told
