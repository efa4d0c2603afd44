"""Whom a load may be aimed at."""

import pytest

from gateway.load.targets import NotOursError, permit


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.5.5", "::1", "localhost"])
def test_this_machine_may_be_loaded(host: str) -> None:
    permit(host, owned=False)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "0.0.0.0"])
def test_another_machine_may_not_unless_somebody_owns_up_to_it(host: str) -> None:
    with pytest.raises(NotOursError, match="--i-own-this-target"):
        permit(host, owned=False)
    permit(host, owned=True)


def test_a_name_that_means_another_machine_too_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [(2, 1, 6, "", (address, 0)) for address in ("127.0.0.1", "192.0.2.1")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_more: entries)
    with pytest.raises(NotOursError, match=r"lab.test \(192.0.2.1\) is not this machine"):
        permit("lab.test", owned=False)


def test_a_name_that_means_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(NotOursError, match=r"nowhere\.invalid is not known"):
        permit("nowhere.invalid", owned=False)
