"""The fixed session description: there is no media, but a call needs an offer and an answer (RFC 3264)."""

_SESSION = "v=0\r\no=- 0 0 IN {family} {host}\r\ns=-\r\nc=IN {family} {host}\r\nt=0 0\r\n"
_AUDIO = "m=audio 9 RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=inactive\r\n"


def offer(host: str) -> bytes:
    """Offer one audio stream in G.711 that carries nothing; port 9 discards."""
    return (_session(host) + _AUDIO).encode()


def answer(host: str, offered: bytes) -> bytes:
    """Answer an offer: one line for each of its media, the first audio taken and the rest refused (RFC 3264, 6).

    Without an offer, offer.
    """
    media = [line[2:].split() for line in offered.decode("utf-8", "replace").splitlines() if line.startswith("m=")]
    if not media:
        return offer(host)
    lines, taken = [], False
    for words in media:
        if words[:1] == ["audio"] and not taken:
            lines.append(_AUDIO)
            taken = True
        elif len(words) >= 4:
            lines.append(f"m={words[0]} 0 {words[2]} {words[3]}\r\n")
    return (_session(host) + "".join(lines)).encode()


def _session(host: str) -> str:
    return _SESSION.format(family="IP6" if ":" in host else "IP4", host=host)
