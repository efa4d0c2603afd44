"""The signatures, held against the library of the scheme's authors."""

import time
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from smsc_emulator.base.signature import SignatureError, sign, verify

SECRET = "whsec_" + "YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ=="
BODY = '{"text": "Привет"}'.encode()


def test_the_library_verifies_what_is_signed_here() -> None:
    Webhook(SECRET).verify(BODY, sign(SECRET, "msg_1", BODY))


@pytest.mark.parametrize("secret", [SECRET, SECRET.rstrip("="), SECRET.removeprefix("whsec_")])
def test_what_the_library_signs_is_verified_here(secret: str) -> None:
    verify(secret, by_library(secret), BODY)
    verify(secret, {name.title(): value for name, value in by_library(secret).items()}, BODY)


def test_one_of_several_signatures_is_enough() -> None:
    headers = by_library(SECRET)
    other = "v1,AAAA v1a,whatever "
    verify(SECRET, {**headers, "webhook-signature": other + headers["webhook-signature"]}, BODY)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"webhook-id": "msg_2"}, "fits"),
        ({"webhook-id": ""}, "missing"),
        ({"webhook-id": "\udcff"}, "fits"),
        ({"webhook-signature": "v1"}, "fits"),
        ({"webhook-signature": "v1,A"}, "base64"),
        ({"webhook-signature": "v1,\u00e9"}, "base64"),
        ({"webhook-signature": "v2,AAAA"}, "fits"),
        ({"webhook-timestamp": "soon"}, "no number"),
        ({"webhook-timestamp": "nan"}, "no number"),
        ({"webhook-timestamp": "1e999"}, "no number"),
        ({"webhook-timestamp": "0"}, "too old"),
        ({"webhook-timestamp": str(int(time.time()) + 3600)}, "ahead"),
    ],
)
def test_what_is_not_right_is_refused_with_its_reason(change: dict[str, str], why: str) -> None:
    with pytest.raises(SignatureError, match=why):
        verify(SECRET, {**by_library(SECRET), **change}, BODY)


def test_another_body_or_secret_does_not_fit() -> None:
    for secret, body in ((SECRET, BODY + b" "), ("whsec_b3RoZXI=", BODY), (SECRET, b"\xff")):
        with pytest.raises(SignatureError, match="fits"):
            verify(secret, by_library(SECRET), body)


def by_library(secret: str) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", now, BODY.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
