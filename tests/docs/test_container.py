"""What the Dockerfile promises, against the program, since no container engine builds it in the tests."""

import re

from pages import ROOT

from gateway.config.names import variables
from gateway.settings import ServerSettings

LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
LAST_STAGE = LINES[max(number for number, line in enumerate(LINES) if line.startswith("FROM")) :]


def words(instruction: str) -> list[str]:
    """Return what stands behind an instruction in the last stage."""
    return [line.partition(" ")[2] for line in LAST_STAGE if line.startswith(f"{instruction} ")]


def test_it_runs_as_a_user_without_rights_who_owns_the_data() -> None:
    (user,) = words("USER")
    assert user.isdigit()
    assert int(user) >= 1000
    assert any(f"--uid {user} " in line and "install -d -o confirmlab" in line for line in words("RUN"))
    assert LAST_STAGE.index(f"USER {user}") < next(n for n, line in enumerate(LAST_STAGE) if line.startswith("CMD"))


def test_it_opens_the_ports_that_the_settings_name() -> None:
    server = ServerSettings()
    ports = {f"{server.smpp_port}/tcp", f"{server.http_port}/tcp", f"{server.sip_port}/udp", f"{server.sip_port}/tcp"}
    assert {port for line in words("EXPOSE") for port in line.split()} == ports


def test_its_health_is_what_readyz_says() -> None:
    (check,) = words("HEALTHCHECK")
    assert check.endswith('CMD ["confirmlab", "readyz"]')


def test_its_variables_are_settings() -> None:
    names = re.findall(r"(CONFIRMLAB_[A-Z_]+)=", " ".join(words("ENV")))
    assert {variables()[name][0] for name in names} == {("server", "host"), ("server", "data")}


def test_it_copies_what_is_there_and_what_is_not_ignored() -> None:
    copied = [line.split()[1:-1] for line in LINES if line.startswith("COPY ") and "--from" not in line]
    names = {name for each in copied for name in each}
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert names == let_in
    assert all((ROOT / name).exists() for name in names)
    assert {"smsc_emulator", "confirm", "gateway", "configs", "hatch_build.py"} <= names
