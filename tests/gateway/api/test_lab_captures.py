"""Captures by the lab's routes and for a whole run, as Wireshark reads them."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import tshark
from aiohttp import ClientSession

from gateway.captures.lab import LabCaptures
from smsc_emulator.net.capture import Bounds, Captures

A, B = "+70000000001", "+70000000002"


@pytest.fixture(autouse=True)
def _tshark() -> None:
    tshark.present()


async def download(lab: Any, id_: str, file: Path) -> Path:
    async with (
        ClientSession() as session,
        session.get(f"{lab.lab.base_url}/lab/captures/{id_}/file") as answer,
    ):
        assert (answer.status, answer.content_type) == (200, "application/x-pcapng")
        assert f'"{id_}.pcapng"' in answer.headers["Content-Disposition"]
        octets = await answer.read()
    await asyncio.to_thread(file.write_bytes, octets)
    return file


async def test_an_identification_and_a_flash_call_are_captured_under_the_lab_s_ids(
    start_lab: Callable[..., Awaitable[Any]], tmp_path: Path
) -> None:
    lab = await start_lab()
    capture = await lab.post("/lab/captures", {"max_time": "1m"})
    identification = await lab.identify(A)
    call = await lab.confirm(B, "flash_call")
    logged = (await lab.call_log(B))[0]
    await lab.check(call, logged["from"][-4:])
    await lab.event("call.ended", B)
    ended = await lab.post(f"/lab/captures/{capture['id']}/stop", None)
    assert (ended["state"], ended["ended_by"]) == ("ended", "stopped")
    found = tshark.dissected(
        await download(lab, capture["id"], tmp_path / "c.pcapng"),
        *("frame.interface_name", "frame.comment", "smpp.command_id", "sip.Method", "tcp.stream", "frame.protocols"),
    )
    assert len(found) == ended["packets"]
    by_sms = {line[2] for line in found if f"identification {identification['id']}" in line[1].split("|")}
    assert "0x00000004" in by_sms
    by_call = {line[3] for line in found if f"confirmation {call['id']}" in line[1].split("|")}
    assert by_call >= {"INVITE", "ACK"}
    assert {line[4] for line in found if line[4]} == {"0"}, "the gateway's one bind, told by one side alone"
    assert all("smpp" in line[5] or "sip" in line[5] or "tcp" in line[5] for line in found)


async def test_captures_are_listed_shown_bounded_and_deleted(start_lab: Callable[..., Awaitable[Any]]) -> None:
    lab = await start_lab()
    one = await lab.post("/lab/captures", {"max_time": "2s", "max_size": 4096})
    assert (one["state"], one["max_time"], one["max_size"]) == ("running", "2s", 4096)
    assert await lab.get(f"/lab/captures/{one['id']}") == (await lab.get("/lab/captures"))["captures"][0]
    file = lab.lab.folder.path / "captures" / f"{one['id']}.pcapng"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    file.unlink()
    async with ClientSession() as session, session.get(f"{lab.lab.base_url}/lab/captures/{one['id']}/file") as answer:
        assert answer.status == 404
        assert "cannot be read any more" in (await answer.json())["detail"]
    await lab.call("DELETE", f"/lab/captures/{one['id']}")
    assert not file.exists()
    assert (await lab.get("/lab/captures"))["captures"] == []


WRONG = [
    ("GET", "/cap_0000000000000000", None, 404, "not_found"),
    ("POST", "/cap_0000000000000000/stop", None, 404, "not_found"),
    ("POST", "", {"max_size": 1}, 400, "bad_request"),
    ("POST", "", {"max_time": "20"}, 400, "bad_request"),
]


async def test_what_cannot_be_is_a_problem_and_no_more_are_kept_than_may_be(
    start_lab: Callable[..., Awaitable[Any]],
) -> None:
    lab = await start_lab()
    for _ in range(20):
        await lab.post("/lab/captures", {})
    wrong = [*WRONG, ("POST", "", {}, 409, "too_many_captures")]
    async with ClientSession() as session:
        for method, path, body, status, code in wrong:
            async with session.request(method, f"{lab.lab.base_url}/lab/captures{path}", json=body) as answer:
                assert (answer.status, (await answer.json())["code"]) == (status, code), (method, path, body)


async def test_a_file_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    (tmp_path / "captures").write_text("a file where the folder should be")
    with pytest.raises(FileExistsError):
        LabCaptures(Captures("tests", lambda _: []), tmp_path / "captures").start(Bounds(4096))


async def test_a_whole_run_is_captured_to_its_last_farewell(
    start_lab: Callable[..., Awaitable[Any]], tmp_path: Path
) -> None:
    file = tmp_path / "run.pcapng"
    lab = await start_lab(settings=f"server: {{pcap: {file}}}")
    await lab.identify()
    await lab.lab.stop()
    operations = [each for line in tshark.dissected(file, "smpp.command_id") for each in line[0].split("|") if each]
    assert operations[:3] == ["0x00000009", "0x80000009", "0x00000004"]
    assert operations[-1] == "0x80000006"
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_whole_run_into_a_pipe_that_nobody_reads_is_listed_with_what_was_lost(
    start_lab: Callable[..., Awaitable[Any]], tmp_path: Path
) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    lab = await start_lab(settings=f"server: {{pcap: {pipe}}}")
    await lab.identify()
    lab.lab.ground.captures.flush()
    [run] = (await lab.get("/lab/captures"))["captures"]
    assert (run["state"], run["packets"], run["size"]) == ("running", 0, 0)
    assert run["lost"] >= 4
    async with ClientSession() as session, session.get(f"{lab.lab.base_url}/lab/captures/{run['id']}/file") as answer:
        assert answer.status == 404
        assert "whoever reads the pipe" in (await answer.json())["detail"]
    await lab.call("DELETE", f"/lab/captures/{run['id']}")
    assert (await lab.get("/lab/captures"))["captures"] == []
    assert pipe.is_fifo(), "it is its maker's"
