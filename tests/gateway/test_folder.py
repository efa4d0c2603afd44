import json
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.folder import DataFolder, FolderInUseError


def test_two_labs_never_share_a_folder(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    with pytest.raises(FolderInUseError, match="another lab uses"):
        DataFolder(tmp_path)
    first.close()
    DataFolder(tmp_path).close()


def test_the_key_of_the_codes_stays_the_same_and_is_the_owners_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    key = folder.key()
    assert len(key) == 32
    assert folder.key() == key
    assert (tmp_path / "codes.key").stat().st_mode & 0o077 == 0
    folder.close()


def test_the_ports_are_told_while_the_lab_listens(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.write_ports({"smpp": 1, "http": 2, "sip": 3}, "127.0.0.1")
    assert json.loads((tmp_path / "ports.json").read_text()) == {"smpp": 1, "http": 2, "sip": 3}
    folder.close()
    assert not (tmp_path / "ports.json").exists()


@pytest.fixture
def _careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def readable_by_others(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder, *folder.rglob("*")) if file.stat().st_mode & 0o077)


@pytest.mark.usefixtures("_careless_umask")
async def test_what_a_lab_makes_in_a_folder_of_its_own_is_for_its_owner_alone(
    start_lab: Callable[..., Awaitable[Any]], tmp_path: Path
) -> None:
    lab = await start_lab("own")
    await lab.post("/lab/captures", {})
    await lab.identify()
    lab.lab.folder.write_ports(lab.lab.ports, "127.0.0.1")
    lab.lab.folder.token()
    made = {file.name for file in (tmp_path / "own").iterdir()}
    assert made >= {"confirmlab.sqlite3", "confirmlab.sqlite3-wal", "confirmlab.sqlite3-shm", "ports.json", "captures"}
    assert readable_by_others(tmp_path / "own") == []
    await lab.lab.stop()
    assert readable_by_others(tmp_path / "own") == []


@pytest.mark.usefixtures("_careless_umask")
async def test_a_folder_that_was_there_stays_as_it_is_and_what_a_lab_makes_there_is_for_its_owner(
    start_lab: Callable[..., Awaitable[Any]], tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    await start_lab("shared")
    assert readable_by_others(tmp_path / "shared") == ["shared"]


@pytest.mark.usefixtures("_careless_umask")
def test_what_a_killed_lab_has_left_half_written_is_not_what_others_can_read(tmp_path: Path) -> None:
    (tmp_path / "ports.json.new").write_text("{")
    folder = DataFolder(tmp_path)
    folder.write_ports({"http": 2}, "127.0.0.1")
    assert (tmp_path / "ports.json").stat().st_mode & 0o777 == 0o600
    folder.close()
