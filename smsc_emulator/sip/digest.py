"""Digest authentication (RFC 7616; RFC 8760 for SHA-256; RFC 3261, 22): of REGISTER to us, and of our own requests.

sipmessage reads credentials too, but splits them at commas inside quotes, and its pattern takes exponential time.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import md5, sha256
from typing import Literal

from smsc_emulator.frozen import frozen
from smsc_emulator.sip.fields import quoted, unquoted

Algorithm = Literal["SHA-256", "MD5"]

_PARAMETER = re.compile(r'([A-Za-z]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)', re.DOTALL)
_ALGORITHMS = {"SHA-256": sha256, "MD5": md5}
BOTH: tuple[Algorithm, ...] = ("SHA-256", "MD5")
"""The best first, as they are offered (RFC 8760, 2.4)."""
_MOST_NONCES = 10_000


@frozen
class Credentials:
    """A name and its password."""

    username: str
    password: str = field(repr=False)


class Verdict(Enum):
    """What credentials prove."""

    PROVEN = auto()
    STALE = auto()
    """The password is right, the nonce is no longer: the phone is to try again without asking its user."""
    WRONG = auto()


@dataclass
class Authenticator:
    """Challenges, and checks what comes of it. A nonce tells its own age, so none has to be remembered to be known."""

    realm: str
    key: bytes
    """Makes the nonces; secret, and drawn anew by each process, since their times are those of its monotonic clock."""
    lifetime: float = 300.0
    """How long a nonce is good, in seconds."""
    _counts: dict[str, int] = field(default_factory=dict)
    """The highest count of each nonce and cnonce that were used, so that nothing can be sent again by somebody else."""

    def challenges(self, now: float, *, offered: Sequence[Algorithm] = BOTH, stale: bool = False) -> list[str]:
        """Return the values of WWW-Authenticate."""
        nonce = self._nonce(int(now))
        rest = f'realm={quoted(self.realm)}, nonce="{nonce}", qop="auth"' + (", stale=true" if stale else "")
        return [f"Digest {rest}, algorithm={name}" for name in offered]

    def check(
        self,
        authorization: str | None,
        username: str,
        password: str,
        now: float,
        *,
        offered: Sequence[Algorithm] = BOTH,
    ) -> Verdict:
        """Judge the Authorization of a REGISTER; an algorithm that was not `offered` proves nothing."""
        told = _read(authorization or "")
        if told is None or _algorithm(told) not in offered:
            return Verdict.WRONG
        if told.get("qop") != "auth" or told.get("realm") != self.realm:
            return Verdict.WRONG
        nonce, count = told.get("nonce", ""), told.get("nc", "")
        expected = _response(told, Credentials(username, password), "REGISTER")
        right = hmac.compare_digest(expected.encode(), told.get("response", "").lower().encode())
        if not right or told.get("username") != username or not self._is_ours(nonce):
            return Verdict.WRONG
        # Who is challenged in the same second gets the same nonce, and counts for himself: by his own cnonce.
        return Verdict.PROVEN if self._is_fresh(nonce, told.get("cnonce", ""), count, now) else Verdict.STALE

    def _nonce(self, at: int) -> str:
        stamp = f"{at:x}"
        return f"{stamp}.{hmac.new(self.key, stamp.encode(), sha256).hexdigest()[:32]}"

    def _is_ours(self, nonce: str) -> bool:
        stamp = nonce.partition(".")[0]
        if not re.fullmatch(r"[0-9a-f]{1,12}", stamp):
            return False
        return hmac.compare_digest(self._nonce(int(stamp, 16)).encode(), nonce.encode())

    def _is_fresh(self, nonce: str, cnonce: str, count: str, now: float) -> bool:
        if not re.fullmatch(r"[0-9a-fA-F]{8}", count) or now - int(nonce.partition(".")[0], 16) > self.lifetime:
            return False
        number, used = int(count, 16), f"{nonce} {cnonce}"
        if number <= self._counts.get(used, 0):
            return False
        self._counts.pop(used, None)
        self._counts[used] = number
        if len(self._counts) > _MOST_NONCES:
            del self._counts[next(iter(self._counts))]
        return True


def authorization(
    challenges: Sequence[str], ours: Credentials, method: str, uri: str, cnonce: str, *, again: bool = False
) -> str | None:
    """Return what proves a request of ours, by the first of the challenges that can be met; None if none can.

    `again` says that the request was proven already: then the password is wrong, unless it is the nonce that is stale.
    """
    for challenge in challenges:
        told = _read(challenge)
        if told is None or _algorithm(told) not in _ALGORITHMS or (again and told.get("stale", "").lower() != "true"):
            continue
        offered = [word.strip().lower() for word in told.get("qop", "").split(",") if word.strip()]
        if offered and "auth" not in offered:
            continue
        said = {"username": ours.username, "uri": uri}
        for name in ("realm", "nonce", "opaque"):
            if name in told:
                said[name] = told[name]
        plain = {"algorithm": told["algorithm"]} if "algorithm" in told else {}
        if offered:
            said["cnonce"] = cnonce
            plain |= {"qop": "auth", "nc": "00000001"}
        said["response"] = _response(said | plain, ours, method)
        values = [f"{name}={quoted(value)}" for name, value in said.items()]
        return "Digest " + ", ".join([*values, *(f"{name}={value}" for name, value in plain.items())])
    return None


def _read(field_value: str) -> dict[str, str] | None:
    """Return the parameters of a challenge or of credentials; None if they are of another scheme."""
    scheme, _, rest = field_value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    return {name.lower(): unquoted(value) for name, value in _PARAMETER.findall(rest)}


def _algorithm(told: Mapping[str, str]) -> str:
    return told.get("algorithm", "MD5").upper()


def _response(told: Mapping[str, str], credentials: Credentials, method: str) -> str:
    """Return the proof (RFC 7616, 3.4.1); without a qop as RFC 2069 makes it."""
    hashed = _ALGORITHMS[_algorithm(told)]

    def digest(*parts: str) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    secret = digest(credentials.username, told.get("realm", ""), credentials.password)
    asked = digest(method, told.get("uri", ""))
    used = (told.get("nc", ""), told.get("cnonce", ""), "auth") if told.get("qop") else ()
    return digest(secret, told.get("nonce", ""), *used, asked)
