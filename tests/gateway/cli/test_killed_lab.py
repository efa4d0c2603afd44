"""What a lab that was killed has left in its folder leads no command to whoever has its ports by now."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serving import Serving
from typer.testing import Result

Confirmlab = Callable[..., Result]


@pytest.fixture
def killed(tmp_path: Path, stub: Any) -> Path:
    """The folder of a lab that was killed, whose ports belong to `stub` now."""
    data = tmp_path / ".confirmlab"
    data.mkdir()
    with Serving(data).start() as lab:
        lab.run("clock", "show")
    port = int(stub.url.rpartition(":")[2])
    (data / "ports.json").write_text(json.dumps(dict.fromkeys(("http", "smpp", "sip", "sip_gateway"), port)))
    return data


def test_no_command_asks_who_has_the_ports_of_a_killed_lab_by_now(
    confirmlab: Confirmlab, killed: Path, stub: Any
) -> None:
    for words in (("clock", "show"), ("readyz",), ("send", "--to", "+70000000001", "--text", "x"), ("doctor",)):
        for where in (("--data", killed), ()):
            result = confirmlab(*words, *where)
            assert result.exit_code == 1
            told = "ports.json was left by a lab that was killed: its process "
            assert told in result.stderr
            assert "start the lab on that folder again, or name another by --data or --url" in result.stderr
    assert stub.asked == []
    stub.answer("GET", "/readyz", (200, {"status": "ready"}))
    assert confirmlab("readyz", "--data", killed, "--url", stub.url).exit_code == 0, "the address is believed"


def test_a_lab_of_another_user_is_not_said_to_be_absent(
    confirmlab: Confirmlab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any, **__: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", forbidden)  # the tests may run as root, whom nothing is forbidden
    result = confirmlab("clock", "show", "--data", "theirs")
    assert result.exit_code == 1
    assert result.stderr.startswith("theirs/ports.json is not readable for this user; ask as the user who runs the lab")
