"""Delivery receipts: the text of SMPP 3.4 Appendix B and the TLVs that say the same.

The text is a convention, and each operator has its own variant; it is therefore written from a layout, a format string
whose fields `build` names, and read with tolerance.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from string import Formatter
from typing import Final

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp import gsm0338
from smsc_emulator.smpp.constants import MessageState, Tag
from smsc_emulator.smpp.pdu import Tlv

STAT: Final[dict[int, str]] = {
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
}
"""message_state (clause 5.2.28) and the word that `stat` has for it (Appendix B, table B-2)."""

MESSAGE_STATES: Final = {stat: message_state for message_state, stat in STAT.items()}

APPENDIX_B: Final = (
    "id:{id} sub:{sub:03d} dlvrd:{dlvrd:03d} submit date:{submit_date:%y%m%d%H%M} done date:{done_date:%y%m%d%H%M}"
    " stat:{stat} err:{err:0>3} text:{text}"
)
"""The layout of the standard; dates take the codes of strftime, so that `%S` more makes them 12 digits."""

EXCERPT: Final = 20
"""How many characters of its message a receipt quotes."""

_MESSAGE_ID_TAG: Final = int(Tag.RECEIPTED_MESSAGE_ID)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CENTURY_PIVOT: Final = 38
"""Years from 38 on are of the last century (SMPP 3.4 Appendix C)."""


@frozen
class Receipt:
    """What a receipt says; a member that it does not say, or not legibly, is None."""

    message_id: str | None = None
    sub: int | None = None
    dlvrd: int | None = None
    submit_date: int | None = None
    """Milliseconds since 1970, the text being read as UTC; so is `done_date`."""
    done_date: int | None = None
    stat: str | None = None
    message_state: int | None = None
    err: str | None = None
    """Up to three characters that need not be digits."""
    text: str | None = None


def build(
    message_id: str,
    message_state: int,
    *,
    submit_date: int,
    done_date: int,
    err: str = "000",
    text: str = "",
    sub: int = 1,
    layout: str = APPENDIX_B,
) -> str:
    """Return the text of a receipt; dates are milliseconds since 1970 and are written in UTC.

    Of `text` the first 20 characters are kept, with `?` for those that the default alphabet and ASCII do not write
    as the same octet: receivers read a receipt as either. A state without a word of its own is written as UNKNOWN.
    `dlvrd` is `sub` for a delivered message and 0 for any other.
    """
    if not _is_plain(layout):
        return _filled(layout, message_state, submit_date, done_date, err, sub, message_id, excerpt(text))
    form = _form(layout, message_state, submit_date // 1000, done_date // 1000, err, sub)
    return form.replace(_ID, message_id).replace(_QUOTED, excerpt(text))


def octets(
    message_id: str, message_state: int, submit_date: int, done_date: int, err: str, septets: bytes, layout: str
) -> bytes | None:
    """Return what `build` writes of one message, as ASCII, where `septets` are the text in the default alphabet.

    None is for `build`: such a layout, id or text is not written at once.
    """
    septets = septets[:EXCERPT]
    parts = _parts(layout, message_state, submit_date // 1000, done_date // 1000, err)
    if parts is None or septets.translate(None, _SAME) or not message_id.isascii():
        return None
    before, between, after = parts
    return before + message_id.encode() + between + septets + after


_KEPT = 64
"""How many forms are kept. Each is of its second: after a few seconds nobody asks for it any more."""


@lru_cache(maxsize=_KEPT)
def _parts(
    layout: str, message_state: int, submit_date: int, done_date: int, err: str
) -> tuple[bytes, bytes, bytes] | None:
    """Return what stands around the id and the quoted text, if each is there once, in this order."""
    if not _is_plain(layout):
        return None
    before, id_, rest = _form(layout, message_state, submit_date, done_date, err, 1).partition(_ID)
    between, quoted, after = rest.partition(_QUOTED)
    if not id_ or not quoted or any(mark in part for mark in (_ID, _QUOTED) for part in (before, between, after)):
        return None
    return before.encode("ascii", "replace"), between.encode("ascii", "replace"), after.encode("ascii", "replace")


_ID, _QUOTED = "\ue000", "\ue001"
"""What stands in a form for the id and the quoted text; neither can hold it."""


@lru_cache(maxsize=_KEPT)
def _form(layout: str, message_state: int, submit_date: int, done_date: int, err: str, sub: int) -> str:
    """Return the text that all receipts share which differ in id and quoted text alone; dates are whole seconds."""
    return _filled(layout, message_state, submit_date * 1000, done_date * 1000, err, sub, _ID, _QUOTED)


@cache
def _is_plain(layout: str) -> bool:
    """Whether a layout writes id and text as they are, and dates not more closely than to the second."""
    for _, name, specification, conversion in Formatter().parse(layout):
        if name in ("id", "text") and (specification or conversion):
            return False
        if name is not None and (name.startswith(("id.", "id[", "text.", "text[")) or "%f" in (specification or "")):
            return False
    return True


def _filled(
    layout: str, message_state: int, submit_date: int, done_date: int, err: str, sub: int, message_id: str, text: str
) -> str:
    return layout.format(
        id=message_id,
        sub=sub,
        dlvrd=sub if message_state == MessageState.DELIVERED else 0,
        submit_date=_EPOCH + timedelta(milliseconds=submit_date),
        done_date=_EPOCH + timedelta(milliseconds=done_date),
        stat=STAT.get(message_state, STAT[MessageState.UNKNOWN]),
        err=err,
        text=text,
    )


def excerpt(text: str) -> str:
    """Return the beginning of a short message as a receipt quotes it: 20 characters that any receiver reads alike."""
    text = text[:EXCERPT]
    if text.isascii() and not text.encode().translate(None, _SAME):
        return text
    return text.translate(_SAME_OCTETS)


class _SameOctets(dict[int, str]):
    """Characters as receivers read them by either alphabet; any other is a question mark."""

    def __missing__(self, character: int) -> str:
        return "?"


_SAME_OCTETS: Final = _SameOctets(
    {ord(each): each for at, each in enumerate(gsm0338.DEFAULT) if at == ord(each) and each.isprintable()}
)
_SAME: Final = bytes(_SAME_OCTETS)


def tlvs(message_id: str, message_state: int) -> tuple[Tlv, Tlv]:
    """Return receipted_message_id (a C-octet string) and message_state."""
    told_id = tuple.__new__(Tlv, (_MESSAGE_ID_TAG, message_id.encode("latin-1") + b"\0"))  # quicker than Tlv(...)
    return told_id, _state(message_state)


@cache
def _state(message_state: int) -> Tlv:
    return Tlv(Tag.MESSAGE_STATE, bytes([message_state]))


_FIELD: Final = re.compile(
    r"\b(?P<key>id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err):(?P<value>\S*)", re.IGNORECASE
)
_TEXT: Final = re.compile(r"\btext:", re.IGNORECASE)
_DATE: Final = re.compile(r"[0-9]{10}(?:[0-9]{2})?")


def parse(text: str, tlvs: Iterable[tuple[int, bytes]] = ()) -> Receipt:
    """Read a receipt's text and its TLVs, which count more; never raises.

    Fields may stand in any order and may be missing; case does not matter; dates have 10 or 12 digits. The quoted
    text reaches to the end, or to the first field after it that did not stand before it, so that a quoted text cannot
    replace what the receipt says. A `stat` of the operator's own is kept and has no message_state.
    """
    before, quoted, after = _around_text(text)
    values = _fields(before)
    values |= {key: value for key, value in _fields(after).items() if key not in values}
    stat = values.get("stat", "").upper() or None
    by_tlv = dict(tlvs)
    message_id = by_tlv.get(Tag.RECEIPTED_MESSAGE_ID)
    message_state = by_tlv.get(Tag.MESSAGE_STATE)
    return Receipt(
        message_id=values.get("id") or None if message_id is None else _c_octet(message_id),
        sub=_number(values.get("sub", "")),
        dlvrd=_number(values.get("dlvrd", "")),
        submit_date=_instant(values.get("submitdate", "")),
        done_date=_instant(values.get("donedate", "")),
        stat=stat,
        message_state=int.from_bytes(message_state) if message_state else MESSAGE_STATES.get(stat or ""),
        err=values.get("err") or None,
        text=quoted,
    )


def _around_text(text: str) -> tuple[str, str | None, str]:
    """Return what stands before the quoted text, the quoted text, and the fields after it."""
    match = _TEXT.search(text)
    if match is None:
        return text, None, ""
    before, rest = text[: match.start()], text[match.end() :]
    known = _fields(before)
    late = next((field.start() for field in _FIELD.finditer(rest) if _key(field) not in known), len(rest))
    return before, rest[:late].rstrip() if late < len(rest) else rest, rest[late:]


def _fields(text: str) -> dict[str, str]:
    return {_key(field): field["value"] for field in reversed(list(_FIELD.finditer(text)))}


def _key(field: re.Match[str]) -> str:
    return re.sub("[ _]", "", field["key"].lower())


def _c_octet(value: bytes) -> str:
    return value.split(b"\0", 1)[0].decode("latin-1")


def _number(digits: str) -> int | None:
    return int(digits) if re.fullmatch("[0-9]{1,9}", digits) else None


@lru_cache(maxsize=1024)  # the two of a receipt are often alike, and those of one second are
def _instant(digits: str) -> int | None:
    if not _DATE.fullmatch(digits):
        return None
    century = "19" if int(digits[:2]) >= _CENTURY_PIVOT else "20"
    try:
        moment = datetime.strptime(f"{century}{digits:0<12}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(milliseconds=1)
