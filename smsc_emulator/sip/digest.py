"""Digest authentication of REGISTER, the server's side (RFC 7616; RFC 8760 for SHA-256; RFC 3261, 22).

sipmessage reads credentials too, but splits them at commas inside quotes, and its pattern takes exponential time.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import md5, sha256
from typing import Literal

from smsc_emulator.sip.fields import quoted, unquoted

Algorithm = Literal["SHA-256", "MD5"]

_PARAMETER = re.compile(r'([A-Za-z]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)', re.DOTALL)
_ALGORITHMS = {"SHA-256": sha256, "MD5": md5}
BOTH: tuple[Algorithm, ...] = ("SHA-256", "MD5")
"""The best first, as they are offered (RFC 8760, 2.4)."""
_MOST_NONCES = 10_000


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
        scheme, _, rest = (authorization or "").strip().partition(" ")
        told = {name.lower(): unquoted(value) for name, value in _PARAMETER.findall(rest)}
        algorithm = told.get("algorithm", "MD5").upper()
        hashed = _ALGORITHMS.get(algorithm) if algorithm in offered else None
        if scheme.lower() != "digest" or hashed is None or told.get("qop") != "auth" or told.get("realm") != self.realm:
            return Verdict.WRONG

        def digest(*parts: str) -> str:
            return hashed(":".join(parts).encode()).hexdigest()

        nonce, count = told.get("nonce", ""), told.get("nc", "")
        secret = digest(username, self.realm, password)
        asked = digest("REGISTER", told.get("uri", ""))
        expected = digest(secret, nonce, count, told.get("cnonce", ""), "auth", asked)
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
