"""Digest authentication against the example of RFC 7616 and against a client's arithmetic."""

import re
from hashlib import md5, sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.sip.digest import Authenticator, Verdict

KEY = b"k" * 32


def credentials(
    challenge: str, password: str = "secret", *, username: str = "phone", nc: int = 1, **changes: str
) -> str:
    """Return what a phone answers to a challenge."""
    (nonce,), (name,) = re.findall(r'nonce="(.+?)"', challenge), re.findall(r"algorithm=(\S+)", challenge)
    make = sha256 if name == "SHA-256" else md5

    def digest(*parts: str) -> str:
        return make(":".join(parts).encode()).hexdigest()

    count, uri = f"{nc:08x}", "sip:lab,1"
    response = digest(digest(username, "lab, one", password), nonce, count, "c", "auth", digest("REGISTER", uri))
    fields = {"username": f'"{username}"', "realm": '"lab, one"', "nonce": f'"{nonce}"', "uri": f'"{uri}"'}
    fields |= {"algorithm": name, "qop": "auth", "nc": count, "cnonce": '"c"', "response": f'"{response}"'} | changes
    return "Digest " + ", ".join(f"{key}={value}" for key, value in fields.items())


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator("lab, one", KEY)


@pytest.mark.parametrize("which", [0, 1])
def test_the_right_password_is_proven_with_either_algorithm(authenticator: Authenticator, which: int) -> None:
    challenge = authenticator.challenges(100.0)[which]
    assert authenticator.check(credentials(challenge), "phone", "secret", 110.0) is Verdict.PROVEN


def test_the_better_algorithm_is_offered_first(authenticator: Authenticator) -> None:
    first, second = authenticator.challenges(0.0, stale=True)
    assert "SHA-256" in first
    assert "MD5" in second
    assert "stale=true" in first


def test_an_algorithm_that_was_not_offered_proves_nothing(authenticator: Authenticator) -> None:
    (only,) = authenticator.challenges(0.0, offered=["SHA-256"])
    assert "SHA-256" in only
    weaker = credentials(authenticator.challenges(0.0, offered=["MD5"])[0])
    assert authenticator.check(weaker, "phone", "secret", 0.0, offered=["SHA-256"]) is Verdict.WRONG
    assert authenticator.check(weaker, "phone", "secret", 0.0, offered=["MD5"]) is Verdict.PROVEN


def test_credentials_serve_once(authenticator: Authenticator) -> None:
    challenge = authenticator.challenges(100.0)[0]
    heard = credentials(challenge)
    assert authenticator.check(heard, "phone", "secret", 100.0) is Verdict.PROVEN
    assert authenticator.check(heard, "phone", "secret", 100.0) is Verdict.STALE
    assert authenticator.check(credentials(challenge, nc=2), "phone", "secret", 100.0) is Verdict.PROVEN


def test_an_old_nonce_is_stale_and_a_foreign_one_wrong(authenticator: Authenticator) -> None:
    challenge = authenticator.challenges(100.0)[0]
    assert authenticator.check(credentials(challenge), "phone", "secret", 401.0) is Verdict.STALE
    foreign = Authenticator("lab, one", b"other").challenges(100.0)[0]
    assert authenticator.check(credentials(foreign), "phone", "secret", 100.0) is Verdict.WRONG


@pytest.mark.parametrize(
    "spoiled",
    [
        {"qop": "auth-int"},
        {"realm": '"other"'},
        {"algorithm": "SHA-1"},
        {"response": '"0"'},
        {"uri": '"x"'},
    ],
)
def test_spoiled_credentials_prove_nothing(authenticator: Authenticator, spoiled: dict[str, str]) -> None:
    heard = credentials(authenticator.challenges(100.0)[0], **spoiled)
    assert authenticator.check(heard, "phone", "secret", 100.0) is Verdict.WRONG


def test_a_wrong_password_or_user_is_wrong(authenticator: Authenticator) -> None:
    challenge = authenticator.challenges(100.0)[0]
    assert authenticator.check(credentials(challenge, "guess"), "phone", "secret", 100.0) is Verdict.WRONG
    assert authenticator.check(credentials(challenge, username="x"), "phone", "secret", 100.0) is Verdict.WRONG
    assert authenticator.check(None, "phone", "secret", 100.0) is Verdict.WRONG


@given(st.text(max_size=300))
def test_any_text_is_judged(said: str) -> None:
    assert Authenticator("lab, one", KEY).check("Digest " + said, "phone", "secret", 0.0) is Verdict.WRONG
