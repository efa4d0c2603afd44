"""Responses to requests (RFC 3261, 8.2.6)."""

from hashlib import sha256

from smsc_emulator.sip.layer import copy
from smsc_emulator.sip.messages import Request, Response


def response_to(request: Request, status: int, tag: str = "") -> Response:
    """Return a response; `tag` is our To tag, which every one but 100 has (8.2.6.2)."""
    response = Response(status)
    copy(request, response, "Via", "From", "To", "Call-ID", "CSeq")
    if tag and not request.callee.tag:
        response.headers.set("To", f"{request.headers['To']};tag={tag}")
    if 100 < status < 300:
        copy(request, response, "Record-Route")
    return response


def refusal_of(request: Request, status: int) -> Response:
    """Return a response to a request that cannot be understood in full, the same each time it comes."""
    response = Response(status)
    copy(request, response, "Via")
    for name in ("From", "To", "Call-ID", "CSeq"):
        response.headers.set(name, request.headers[name])
    to = request.headers["To"]
    if ";tag=" not in to.replace(" ", "").lower():
        told = "\n".join((*request.headers.getlist("Via"), request.headers["Call-ID"]))
        response.headers.set("To", f"{to};tag={sha256(told.encode()).hexdigest()[:12]}")
    return response
