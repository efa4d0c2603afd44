import json
from pathlib import Path

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
